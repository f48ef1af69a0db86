package server

import (
	"errors"
	"slices"

	"github.com/msnscope/msnscope/server/accounts"
)

// failure is a way in which a request can fail.
type failure uint8

const (
	none failure = iota
	syntax
	unframed // after this the stream makes no sense any more
	unknownCommand
	wrongServer
	missingArgs
	badValue
	badMessage // MSG too long or in no known mode
	beforeLogon
	unexpected
	badPackage
	badLogon
	badCookie
	noDomain // of a handle, at the logon
	noDomainList
	noDomainCall
	badHandle
	noAccount
	badName
	listFull
	alreadyThere
	notOnList
	sameValue
	oppositeList
	notReachable
	tooActive
	alreadyOn
	overload
	busy // too many failures of late
	noSwitchboard
	noPages // these and the next are of later dialects
	tooManyGroups
	noGroup
	notInGroup
	groupNotEmpty
	groupExists
	badGroupName
	theGroupZero
	badProof
	storeFailed
	internalError
	failures
)

// answer is what the server does about a failure: send an error (§7.11) unless code is 0, then close if it says so.
type answer struct {
	code  int
	close bool
}

// draftAnswers are the draft's codes, and 217: no code of the draft says that the callee cannot be reached (§8.3), and every
// client knows that one.
var draftAnswers = [failures]answer{
	syntax:         {code: 200},
	unframed:       {200, true},
	unknownCommand: {code: 200},
	wrongServer:    {code: 715},
	missingArgs:    {code: 300},
	badValue:       {code: 201},
	badMessage:     {code: 201},
	beforeLogon:    {code: 302},
	unexpected:     {code: 715},
	badPackage:     {code: 201},
	badLogon:       {code: 911},
	badCookie:      {911, true},
	noDomain:       {code: 206},
	noDomainList:   {code: 206},
	noDomainCall:   {code: 206},
	badHandle:      {code: 208},
	noAccount:      {code: 205},
	badName:        {code: 209},
	listFull:       {code: 210},
	alreadyThere:   {code: 215},
	notOnList:      {code: 216},
	sameValue:      {code: 218},
	oppositeList:   {code: 219},
	notReachable:   {code: 217},
	tooActive:      {code: 713},
	alreadyOn:      {code: 207},
	overload:       {code: 712},
	noPages:        {code: 220},
	tooManyGroups:  {code: 223},
	noGroup:        {code: 224},
	notInGroup:     {code: 225},
	groupNotEmpty:  {code: 227},
	groupExists:    {code: 228},
	badGroupName:   {code: 229},
	theGroupZero:   {code: 230},
	badProof:       {540, true},
	busy:           {600, true},
	noSwitchboard:  {code: 280},
	storeFailed:    {code: 501},
	internalError:  {code: 500},
}

// observedAnswers are those of Microsoft's servers, as far as they were measured: they differ where a mistake of the client's
// program, rather than of its user, is the cause.
var observedAnswers = func() [failures]answer {
	a := draftAnswers
	for _, f := range []failure{
		syntax, unframed, unknownCommand, wrongServer, missingArgs, badValue, badMessage, beforeLogon, badPackage, badName,
	} {
		a[f] = answer{close: true}
	}
	a[unexpected] = answer{715, true}
	a[badLogon] = answer{911, true}
	a[noDomainList] = answer{code: 201}
	a[noDomainCall] = answer{code: 208}
	a[badHandle] = answer{code: 201}
	return a
}()

// failureOf returns the failure that an error of the store means.
func failureOf(err error) failure {
	for _, known := range []struct {
		err error
		failure
	}{
		{nil, none},
		{accounts.ErrNoUser, noAccount},
		{accounts.ErrExists, alreadyThere},
		{accounts.ErrOpposite, oppositeList},
		{accounts.ErrAbsent, notOnList},
		{accounts.ErrFull, listFull},
		{accounts.ErrSame, sameValue},
		{ErrThere, alreadyOn},
	} {
		if errors.Is(err, known.err) {
			return known.failure
		}
	}
	return storeFailed
}

// Errors returns the codes that a server answers with, in their order, whatever its settings.
func Errors() []int {
	var codes []int
	for _, answers := range [...]*[failures]answer{&draftAnswers, &observedAnswers} {
		for _, a := range answers {
			if a.code != 0 && !slices.Contains(codes, a.code) {
				codes = append(codes, a.code)
			}
		}
	}
	slices.Sort(codes)
	return codes
}
