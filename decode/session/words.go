package session

import (
	"math/bits"
	"slices"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// part is a set of what a command's arguments can say, by their kinds and names.
type part uint32

const (
	partSelf     part = 1 << iota // the connection's own user
	partHandle                    // another user
	partName                      // a friendly name
	partList                      // one of the four lists
	partState                     // a presence
	partSerial                    // the version of what is stored
	partItem                      // which of several
	partTotal                     // how many
	partSetting                   // one of the values of a setting
	partLists                     // the lists that a contact is on, a number of bits
	partContacts                  // how many contacts follow
	partID                        // the number that the address book has for a contact
	partGroup                     // a group of contacts
	partCookie                    // what admits to a switchboard
	partTalk                      // a switchboard session's number
	partStatus                    // a fixed word
	partLength                    // a payload's
	partExtra                     // more about a user, which changes nothing else
	partProperty                  // the name of a property
	partValue                     // what it is
	partNetwork                   // the network of another user
	partXML                       // contacts and their lists, in XML
	partOther                     // anything else
	numParts     = iota
)

// words is what a command says: what its row has a place for, and what stands there.
type words struct {
	has  part
	said [numParts]position
	row  *dialect.Row
	m    *decode.Message
	long bool // something was left out since it was too long
}

// position is the number of an argument plus one, 0 for one that is not there.
type position uint8

// read takes a command apart.
func (w *words) read(row *dialect.Row, m *decode.Message) {
	*w = words{row: row, m: m}
	for i := range row.Args {
		p := partOf(&row.Args[i])
		if w.has&p == 0 && i < m.NumArgs() {
			w.said[index(p)] = position(i + 1)
		}
		w.has |= p
	}
	if row.Lists != dialect.Unchanged {
		w.has |= partXML
	}
}

// index returns the number of a single part.
func index(p part) int { return bits.TrailingZeros32(uint32(p)) }

// get returns what the command says, without what is no part of the value, nil for nothing. It is a part of the message.
func (w *words) get(p part) []byte {
	i := w.said[index(p)]
	if i == 0 {
		return nil
	}
	return w.row.Args[i-1].Value(w.m.Arg(int(i) - 1))
}

// maxHandle and maxName are the longest handle and friendly name that are kept: the draft allows 129 bytes (§5.4) and 387
// (§5.5).
const (
	maxHandle = 256
	maxName   = 512
)

// user returns the handle of the user whom the command is about.
func (w *words) user() []byte { return w.short(w.get(partHandle), maxHandle) }

// name returns the friendly name.
func (w *words) name() []byte { return w.short(w.get(partName), maxName) }

// short returns the word if it is not too long to be kept, else nil.
func (w *words) short(word []byte, limit int) []byte {
	if len(word) > limit {
		w.long = true
		return nil
	}
	return word
}

// network returns the number of the user's network, "" where the command does not tell it.
func (w *words) network() string {
	number := w.get(partNetwork)
	if i := w.said[index(partHandle)]; number == nil && i != 0 {
		number = w.row.Args[i-1].Network(w.m.Arg(int(i) - 1))
	}
	return networkOf(number)
}

// place returns where the user is logged on, "" where the command does not tell it.
func (w *words) place() string {
	i := w.said[index(partHandle)]
	if i == 0 {
		return ""
	}
	return string(w.short(w.row.Args[i-1].Place(w.m.Arg(int(i)-1)), maxHandle))
}

// maxNetwork is the length of the longest number of a network: the last one known is 32.
const maxNetwork = 4

// networkOf returns the number of a network, "" for what is too long for one.
func networkOf(number []byte) string {
	switch {
	case len(number) > maxNetwork:
		return ""
	case string(number) == "1":
		return "1" // nearly all are on it: no copy
	}
	return string(number)
}

// partOf returns what an argument says.
func partOf(a *dialect.Arg) part {
	switch a.Kind {
	case dialect.Self:
		return partSelf
	case dialect.Handle:
		return partHandle
	case dialect.Name:
		return partName
	case dialect.Serial:
		return partSerial
	case dialect.Cookie:
		return partCookie
	case dialect.Session:
		return partTalk
	case dialect.Length:
		return partLength
	case dialect.Flags, dialect.Object:
		return partExtra
	}
	p, known := partByName[a.Name]
	switch {
	case known:
		return p
	case a.Name == "Value" && len(a.Values) > 0: // one of a few, unlike that of a property
		return partSetting
	case a.Name == "Value":
		return partValue
	}
	return partOther
}

// partByName says what the arguments are that are told from others of their kind by their name.
var partByName = map[string]part{
	"LIST": partList, "Lists": partLists, "Contacts": partContacts, "ContactID": partID, "GroupID": partGroup,
	"State": partState, "Substate": partState, "ListVersion": partSerial, "Status": partStatus, "Property": partProperty,
	"Item": partItem, "Participant": partItem, "TtlItems": partTotal, "TotalParticipants": partTotal,
	"NetworkType": partNetwork, "IconURL": partExtra,
}

// wordIn returns the word of a set that b is, without allocating, and a copy of b where it is none of them.
func wordIn(set []string, b []byte) string {
	if i := slices.IndexFunc(set, func(s string) bool { return s == string(b) }); i >= 0 {
		return set[i]
	}
	return string(b)
}
