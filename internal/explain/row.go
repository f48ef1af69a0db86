package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
)

// draft is the document to whose sections § refers.
const draft = "draft-movva-msn-messenger-protocol-00"

// Pair is a name and a text about it.
type Pair struct{ Name, Text string }

// Facts returns what a row says about its command: form, section, who sends it and when, TrID and
// answers. Its arguments are returned by [Args].
func Facts(row *dialect.Row) []Pair {
	section := "§" + row.Section + " of " + draft
	if row.Section == "" {
		section = "none: real clients and servers have it, the draft does not"
	}
	pairs := []Pair{{"form", row.Grammar()}, {"section", section}, {"sent by", sender(row)}}
	if row.When != 0 {
		pairs = append(pairs, Pair{"when", when(row)})
	}
	pairs = append(pairs, Pair{"TrID", TrIDRule(row.TrID)})
	if row.Payload != decode.NoPayload {
		pairs = append(pairs, Pair{"payload", payloadWords[row.Payload]})
	}
	if row.Payload != decode.NoPayload && row.Lists != dialect.Unchanged {
		pairs = append(pairs, Pair{"XML", listXML})
	}
	if words := speakerWords(row.Speaker); words != "" {
		pairs = append(pairs, Pair{"orders", words})
	}
	if len(row.Replies) > 0 {
		pairs = append(pairs, Pair{"answered by", strings.Join(row.Replies, ", ") + ", or an error"})
	}
	return pairs
}

// speakerWords describes when clients follow an address in a command, "" if they never do.
func speakerWords(s dialect.Speaker) string {
	switch {
	case s.Roles == 0:
		return ""
	case s.Name == "":
		return "sent by the server itself: the client connects to the address in it, and msnscope follows"
	}
	return "sent by the server itself if " + s.Name + " is the sender and a " + roleWords(
		s.Roles,
	) + " sends it: the header field " + strings.Join(body.Referrals(), ", ") +
		" in it is followed; from other senders, and on other connections, its contents are mere text"
}

// Orders returns, for all dialects, the commands whose addresses clients follow: "XFR", "MSG from
// Hotmail at a notification server (NS), in the field Roster". Addresses anywhere else are mere
// data.
func Orders() []string {
	var all []string
	for _, t := range dialect.All() {
		for i := range t.Rows() {
			row := &t.Rows()[i]
			word := row.Verb
			switch s := row.Speaker; {
			case s.Roles == 0:
				continue
			case s.Name != "":
				word += " from " + s.Name + " at a " + roleWords(
					s.Roles,
				) + ", in the field " + strings.Join(body.Referrals(), ", ")
			}
			if !slices.Contains(all, word) {
				all = append(all, word)
			}
		}
	}
	return all
}

// listXML explains the XML in which lists are sent.
const listXML = "c is a contact, whose n and the n of the enclosing d are its handle, before and after the @; " +
	"l is the sum of the lists: 1 FL, 2 AL, 4 BL, 8 RL, 16 PL; t is the network, f the friendly name; " +
	`t in place of d encloses telephones; ml l="1" marks the lists of a logon`

// Args returns the names of the row's arguments, each with its meaning and the words that may stand
// there.
func Args(row *dialect.Row) []Pair {
	pairs := make([]Pair, len(row.Args))
	for i, a := range row.Args {
		pairs[i] = Pair{a.Name, argWords(row.Verb, a)}
	}
	return pairs
}

// gained returns the arguments of a version that the version before does not have.
func gained(before, v Version) []Pair {
	names := missing(v.Row.Args, before.Row.Args)
	return slices.DeleteFunc(Args(v.Row), func(p Pair) bool { return !slices.Contains(names, p.Name) })
}

// History returns the range of dialects that have the row's form, and the changes that later
// dialects made to it; nil if all dialects have it unchanged.
func History(row *dialect.Row) []Pair {
	for _, f := range Forms(row.Verb) {
		if !slices.ContainsFunc(f, func(v Version) bool { return same(v.Row, row) }) {
			continue
		}
		var pairs []Pair
		if life := f.Life(); life != "" {
			pairs = append(pairs, Pair{"dialects", life})
		}
		for _, v := range f[1:] {
			pairs = append(pairs, Pair{v.Since, v.Change})
		}
		return pairs
	}
	return nil
}

// same reports whether two rows, perhaps of different dialects, describe the same bytes.
func same(a, b *dialect.Row) bool {
	return a.Dir == b.Dir && a.Form() == b.Form() && difference(a, b) == ""
}

// Example returns the lines of the row's example, without line ends.
func Example(row *dialect.Row) []string {
	if row.Payload == decode.OneBlock {
		return []string{decode.Quote([]byte(row.Example))}
	}
	text := strings.TrimRight(strings.ReplaceAll(row.Example, "\r\n", "\n"), "\n")
	return strings.Split(text, "\n")
}

func argWords(verb string, a dialect.Arg) string {
	var words []string
	if means := argMeans(verb, a.Name); means != "" {
		words = append(words, means)
	}
	switch {
	case a.Is != "":
		words = append(words, "here the word "+a.Is)
	case len(a.Values) > 0:
		words = append(words, valueList(a))
	}
	if a.Prefix != "" {
		words = append(words, "with "+a.Prefix+" in front")
	}
	if p := patternWords[a.Pattern]; p != "" {
		words = append(words, p)
	}
	if a.Optional {
		words = append(words, "may be absent")
	}
	if a.Many {
		words = append(words, "may repeat")
	}
	return strings.Join(words, "; ")
}

// patternWords describes the patterns that the draft does not have.
var patternWords = map[dialect.Pattern]string{
	dialect.Contact:         "a handle, or the contact's identifier in the address book, of 36 characters",
	dialect.AtEndpoint:      "the handle, a semicolon, and the place where the user is logged on in braces",
	dialect.MaybeAtEndpoint: "the handle, perhaps with a semicolon and the place where the user is logged on in braces",
	dialect.Networked:       "the number of the network, a colon and the handle",
	dialect.Paired:          "two numbers with a colon between",
}

func valueList(a dialect.Arg) string {
	switch n := len(a.Values); n {
	case 0:
		return "any"
	case 1:
		return "always " + a.Values[0]
	default:
		return "one of " + strings.Join(a.Values, ", ")
	}
}

func sender(row *dialect.Row) string {
	switch {
	case row.Roles != dialect.FT:
	case row.Dir == decode.FromClient:
		return "the client that receives a file, to the one that sends it (FT)"
	default:
		return "the client that sends a file (FT)"
	}
	if row.Dir == decode.FromClient {
		return "the client, to the " + roleWords(row.Roles)
	}
	return "the " + roleWords(row.Roles)
}

// roleWords returns the names of servers, such as "dispatch or notification server (DS, NS)".
func roleWords(roles dialect.Role) string {
	if roles == dialect.Any {
		return "server, whichever of the three it is"
	}
	var names []string
	for _, r := range roleTable {
		if roles&r.role != 0 {
			names = append(names, strings.TrimSuffix(r.name, " server"))
		}
	}
	return strings.Join(names, " or ") + " server (" + strings.ReplaceAll(roles.String(), ",", ", ") + ")"
}

// when describes in which states a client may send the command, and what happens in another one.
func when(row *dialect.Row) string {
	text := StateWords(row.When)
	if row.Refuse != 0 {
		text += fmt.Sprintf("; otherwise error %d", row.Refuse)
	}
	return text
}

// stateTable describes sets of states of a connection; a set with a description of its own stands
// before its parts.
var stateTable = []struct {
	set   dialect.State
	words string
}{
	{dialect.Always, "at any time"},
	{dialect.LoggedOn | dialect.Joined, "logged on, or in a session"},
	{dialect.Logon | dialect.LoggedOn, "before, during and after the logon"},
	{dialect.LoggedOn, "logged on"},
	{dialect.Logon, "during the logon"},
	{dialect.Waiting | dialect.Joined, "at the switchboard"},
	{dialect.Fresh, "first of all"},
	{dialect.Versioned, "after VER"},
	{dialect.Negotiated, "after INF"},
	{dialect.Challenged, "after the challenge"},
	{dialect.Offline, "logged on in state FLN"},
	{dialect.Online, "logged on in a visible state"},
	{dialect.Hidden, "logged on in state HDN"},
	{dialect.Waiting, "first of all at the switchboard"},
	{dialect.Joined, "in a switchboard session"},
	{dialect.Fetching, "once connected to the sender of the file"},
}

// StateWords describes in which states of its connection a client may send a command, such as
// "logged on".
func StateWords(s dialect.State) string {
	var words []string
	for _, state := range stateTable {
		if s&state.set == state.set {
			words = append(words, state.words)
			s &^= state.set
		}
	}
	return strings.Join(words, ", or ")
}

// TrIDRule describes how a command carries its transaction identifier (§5.6).
func TrIDRule(r dialect.TrID) string { return tridWords[r] }

var tridWords = map[dialect.TrID]string{
	dialect.None:     "none",
	dialect.New:      "a number that the client chooses",
	dialect.Echo:     "the number of the request",
	dialect.EchoZero: "the number of the request, 0 if there was none",
	dialect.Perhaps:  "the number of the request, none if there was none",
}

var payloadWords = map[decode.Payload]string{
	decode.NoPayload:         "no bytes follow the line",
	decode.LastArg:           "the last argument says how many bytes follow the line",
	decode.LastArgIfNumeric:  "if the last argument is a number, that many bytes follow the line",
	decode.ThirdArgIfNumeric: "if there is a third argument and it is a number, that many bytes follow the line",
	decode.OnlyArgIfNumeric:  "if the only argument is a number, that many bytes follow the line",
	decode.Blocks:            "all that the sender says after the line is blocks of the file",
	decode.OneBlock:          "the octets after the head, as many as it says: at most 65,535, and 2045 in real clients",
}

// users returns the commands in a direction that have an argument of that name, in alphabetical
// order.
func users(dir decode.Dir, arg string) []string {
	var verbs []string
	for _, verb := range append(Verbs(), errorVerb) {
		for _, f := range Forms(verb) {
			for _, v := range f {
				if v.Row.Dir == dir && slices.ContainsFunc(v.Row.Args, named(arg)) && !slices.Contains(verbs, verb) {
					verbs = append(verbs, verb)
				}
			}
		}
	}
	return verbs
}
