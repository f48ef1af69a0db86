package session

import (
	"slices"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// part is the meaning of an argument of a command. It follows from the kind and the name of the
// argument.
type part uint8

const (
	partOther    part = iota // anything that a State does not keep
	partHandle               // another user
	partName                 // a friendly name
	partList                 // one of the four lists
	partState                // a presence
	partSerial               // the version of the stored properties
	partItem                 // the number of an entry
	partTotal                // the number of entries
	partLists                // the lists that a contact is on, as bits
	partContacts             // the number of contacts that follow
	partID                   // the identifier of a contact in the address book
	partGroup                // a group of contacts
	partCookie               // the credential for a switchboard
	partValue                // the value of a property or a setting
	partNetwork              // the network of another user
	numParts     = iota
)

// arguments gives access to the arguments of one command by their meaning.
type arguments struct {
	said [numParts]position // the position of the first argument with each meaning
	row  *dialect.Row
	m    *decode.Message
	long bool // whether something was left out because it was too long
}

// position is the index of an argument plus one, 0 for an absent argument.
type position uint8

// read parses a command. It keeps row and m; the slices that the other methods return are parts of
// m.
func (args *arguments) read(row *dialect.Row, m *decode.Message) {
	*args = arguments{row: row, m: m}
	for i := range min(len(row.Args), m.NumArgs()) {
		if p := partOf(&row.Args[i]); args.said[p] == 0 {
			args.said[p] = position(i + 1)
		}
	}
}

// get returns the value of the argument with the meaning p, without its prefix or suffix; nil if
// the command has none. The result is part of the message.
func (args *arguments) get(p part) []byte {
	i := args.said[p]
	if i == 0 {
		return nil
	}
	return args.row.Args[i-1].Value(args.m.Arg(int(i) - 1))
}

// maxHandle and maxName are the longest handle and friendly name that are kept: the draft allows
// 129 bytes (§5.4) and 387 (§5.5).
const (
	maxHandle = 256
	maxName   = 512
)

// user returns the handle of the user whom the command is about, nil for none. The result is a part
// of the message.
func (args *arguments) user() []byte { return args.short(args.get(partHandle), maxHandle) }

// name returns the friendly name, nil for none. The result is a part of the message.
func (args *arguments) name() []byte { return args.short(args.get(partName), maxName) }

// short returns the word if it has at most limit bytes. Otherwise it records that something was
// left out, and returns nil.
func (args *arguments) short(word []byte, limit int) []byte {
	if len(word) > limit {
		args.long = true
		return nil
	}
	return word
}

// network returns the number of the user's network, "" if the command does not contain it.
func (args *arguments) network() string {
	number := args.get(partNetwork)
	if i := args.said[partHandle]; number == nil && i != 0 {
		number = args.row.Args[i-1].Network(args.m.Arg(int(i) - 1))
	}
	return networkOf(number)
}

// endpoint returns the name of the client from which the user is logged on (MSNP16 and later), ""
// if the command does not contain it.
func (args *arguments) endpoint() string {
	i := args.said[partHandle]
	if i == 0 {
		return ""
	}
	return string(args.short(args.row.Args[i-1].Endpoint(args.m.Arg(int(i)-1)), maxHandle))
}

// maxNetwork is the length of the longest number of a network: the last one known is 32.
const maxNetwork = 4

// networkOf returns the number of a network, "" for what is too long for one.
func networkOf(number []byte) string {
	switch {
	case len(number) > maxNetwork:
		return ""
	case string(number) == thisNetwork:
		return thisNetwork // the usual network: avoid an allocation
	}
	return string(number)
}

// partOf returns the meaning of an argument.
func partOf(a *dialect.Arg) part {
	switch a.Kind {
	case dialect.Handle:
		return partHandle
	case dialect.Name:
		return partName
	case dialect.Serial:
		return partSerial
	case dialect.Cookie:
		return partCookie
	}
	return partByName[a.Name]
}

// partByName maps the names of arguments to their meaning, for arguments that share a kind with
// others.
var partByName = map[string]part{
	"LIST": partList, "Lists": partLists, "Contacts": partContacts, "ContactID": partID, "GroupID": partGroup,
	"State": partState, "Substate": partState, "ListVersion": partSerial, "Value": partValue,
	"Item": partItem, "Participant": partItem, "TtlItems": partTotal, "TotalParticipants": partTotal,
	"NetworkType": partNetwork,
}

// wordIn returns b as a string: the equal word of set, without allocating, else a copy of b.
func wordIn(set []string, b []byte) string {
	if i := slices.IndexFunc(set, func(s string) bool { return s == string(b) }); i >= 0 {
		return set[i]
	}
	return string(b)
}
