package server

import (
	"errors"
	"slices"

	"github.com/msnscope/msnscope/server/accounts"
)

// failure is a kind of failed request. The settings decide how each is answered.
type failure uint8

const (
	none failure = iota
	syntax
	unframed // the stream can no longer be understood
	unknownCommand
	wrongServer
	missingArgs
	badValue
	badMessage // MSG that is too long or has an unknown mode
	beforeLogon
	unexpected
	badPackage
	badLogon
	badCookie
	noDomain // a handle without a domain, at the logon
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
	busy         // too many logons of the address are waiting, or no server takes the user
	crowded      // the user has too many connections
	manySessions // the user is in too many sessions
	hoarding     // too many bytes of unfinished commands
	noSwitchboard
	noPages // this and the next are of later dialects
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

// answer is how the server answers a failure: it sends the error code (§7.11) unless code is 0, and
// then closes the connection if close is true.
type answer struct {
	code  int
	close bool
}

// draftAnswers are the answers with the draft's codes and one other, 217: the draft has no code for
// a callee who cannot be reached (§8.3), and every client knows that one.
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
	crowded:        {600, true},
	manySessions:   {code: 714},
	hoarding:       {712, true},
	noSwitchboard:  {code: 280},
	storeFailed:    {code: 501},
	internalError:  {code: 500},
}

// observedAnswers are the answers of Microsoft's servers, as far as they were measured. They differ
// from the draft's where the client program, rather than its user, made the mistake.
var observedAnswers = func() [failures]answer {
	a := draftAnswers
	for _, f := range []failure{
		syntax, unframed, unknownCommand, wrongServer, missingArgs, badValue, badMessage, beforeLogon, badPackage,
		badName,
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

// failureOf returns the failure that an error of the store or the hub amounts to; storeFailed for
// an unknown one.
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

// Errors returns all error codes that a server may answer with, under any settings, in ascending
// order.
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
