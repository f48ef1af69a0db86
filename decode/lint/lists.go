package lint

import (
	"slices"

	"github.com/msnscope/msnscope/decode/dialect"
)

// lists has the rules about properties and lists (§5.7, §7.5, §7.6, §7.8).
var lists = []Rule{
	{
		ID: "P01", Severity: Error, Section: "7.5", To: 9, Means: "the version of the properties is not a number",
		Example: "SYN 7 abc", on: from(0, "", dialect.NS).only(with(dialect.KindsOf(dialect.Serial))),
		check: func(l *look) {
			l.each(dialect.KindsOf(dialect.Serial), func(v []byte) {
				if !digits(v) {
					l.say("the version %s is not a number", v)
				}
			})
		},
	},
	{
		ID: "P02", Severity: Warn, Section: "7.5", To: 7, Means: "the server tells a new version and does not send it",
		Example: "C: SYN 7 3, S: SYN 7 12, S: CHG 8 NLN", on: from(server, "", dialect.NS), check: func(l *look) {
			if s := &l.c.sync; s.running && s.updates == 0 && l.e.ReplyTo > s.request {
				l.say("after SYN the server answers with %s before the properties", l.m.Line())
				s.running = false
			}
		},
	},
	{
		ID: "P03", Severity: Error, Section: "7.5", To: 7,
		Means:   "the properties do not come in the order GTC, BLP, FL, AL, BL, RL",
		Example: "S: LST 7 AL 12 0 0, S: LST 7 FL 12 0 0", on: from(server, "GTC BLP LST", dialect.NS),
		check: func(l *look) {
			if p := l.phase(); l.updates() && p >= 0 && p < l.c.sync.phase {
				l.say("%s comes after %s", l.m.Line(), phases[l.c.sync.phase])
			}
		},
	},
	{
		ID: "P04", Severity: Warn, Section: "7.5", To: 9, Means: "the server's version is lower than the client's",
		Example: "C: SYN 7 12, S: SYN 7 3", Habit: "a server of today counts from 1 on every connection",
		on: from(server, "SYN", dialect.NS), check: func(l *look) {
			if l.asked == nil || l.asked.row == nil {
				return
			}
			was, is := l.asked.row.Find(&l.asked.m, dialect.Serial), l.row.Find(l.m, dialect.Serial)
			if number(is) < number(was) {
				l.say("the client has version %s, the server only %s", was, is)
			}
		},
	},
	{
		ID: "P05", Severity: Error, Section: "7.6", To: 7,
		Means:   "the entries of a list do not count from 1 to their number",
		Example: "S: LST 7 FL 12 2 2 bob@hotmail.com Bob first", on: from(server, "LST", dialect.NS),
		check: func(l *look) {
			item, total, n := l.arg("Item"), l.arg("TtlItems"), &l.c.list
			want := uint64(1)
			if n.goesOn(l) {
				want = n.item + 1
			}
			if l.c.whole && number(total) > 0 && number(item) > 0 &&
				(number(item) != want || number(item) > number(total)) {
				l.say("entry %s of %s, where %d was to come", item, total, want)
			}
		},
	},
	{
		ID: "P06", Severity: Error, Section: "7.6", To: 7, Means: "a list has fewer entries than it says",
		Example: "S: LST 7 FL 12 1 2 bob@hotmail.com Bob, S: LST 7 AL 12 0 0", on: from(server, "LST", dialect.NS),
		check: func(l *look) {
			if n := &l.c.list; n.item < n.total && !n.goesOn(l) {
				l.say("of list %s %d of %d entries came; then comes %s", n.list, n.item, n.total, l.m.Line())
			}
		},
	},
	{
		ID: "P07", Severity: Error, Section: "7.6", To: 7, Means: "an empty list has entries, or an entry has number 0",
		Example: "S: LST 7 BL 12 0 1", on: from(server, "LST", dialect.NS), check: func(l *look) {
			item, total := l.arg("Item"), l.arg("TtlItems")
			if digits(item) && number(item) == 0 && (number(total) > 0 || l.handle() != nil) {
				l.say("number 0 is for an empty list: %s", l.m.Line())
			}
		},
	},
	{
		ID: "P08", Severity: Error, Section: "5.7", To: 9, Means: "a list is none of FL, RL, AL and BL",
		Example: "LST 8 XL",
		on:      from(0, "LST ADD REM", dialect.NS), check: func(l *look) {
			if v := l.arg("LIST"); v != nil && !slices.Contains(dialect.Lists, string(v)) {
				l.say("there is no list %s", v)
			}
		},
	},
	{
		ID: "P09", Severity: Error, Section: "7.6", To: 12, Means: "GTC is neither A nor N, or BLP neither AL nor BL",
		Example: "GTC 9 Y", on: from(0, "GTC BLP", dialect.NS), check: func(l *look) {
			i := slices.IndexFunc(l.row.Args, func(a dialect.Arg) bool { return a.Name == "Value" })
			if v := l.arg("Value"); v != nil && !slices.Contains(l.row.Args[i].Values, string(v)) {
				l.say("%s cannot be %s", l.m.Verb, v)
			}
		},
	},
	{
		ID: "P10", Severity: Warn, Section: "7.6", To: 9,
		Means:   "the server does not refuse to set what is set already",
		Example: "S: GTC 7 12 A, C: GTC 9 A, S: GTC 9 13 A", Habit: "a server of today sets it once more",
		on: from(server, "GTC BLP", dialect.NS), check: func(l *look) {
			u := l.user()
			if u == nil || l.asked == nil || l.asked.m.Verb != l.m.Verb {
				return
			}
			if v := l.arg("Value"); v != nil && u.Setting(l.row.Verb) == string(v) {
				l.say("%s was %s already: error 218 is the answer", l.m.Verb, v)
			}
		},
	},
	{
		ID: "P11", Severity: Error, Section: "7.8", To: 9, Means: "the client changes its reverse list",
		Example: "C: ADD 9 RL bob@hotmail.com Bob", on: from(client, "ADD REM", dialect.NS), check: func(l *look) {
			if string(l.arg("LIST")) == "RL" {
				l.say("only the server changes the reverse list: %s", l.m.Line())
			}
		},
	},
	{
		ID: "P12", Severity: Error, Section: "7.8", To: 9,
		Means:   "a change of the properties does not raise their version",
		Example: "S: SYN 7 12, S: ADD 9 FL 12 bob@hotmail.com Bob", on: from(server, "ADD REM GTC BLP REA", dialect.NS),
		check: func(l *look) {
			v := l.row.Find(l.m, dialect.Serial)
			if l.c.known && !l.updates() && !l.c.sync.running && digits(v) && number(v) <= l.c.serial {
				l.say("the version was %d already, and this change says %s", l.c.serial, v)
			}
		},
	},
	{
		ID: "P13", Severity: Error, Section: "7.8", To: 9,
		Means:   "the answer names another list or user than the request",
		Example: "C: ADD 9 FL bob@hotmail.com Bob, S: ADD 9 AL 13 bob@hotmail.com Bob",
		on:      from(server, "ADD REM", dialect.NS), check: (*look).otherEntry,
	},
	{
		ID: "P14", Severity: Warn, Section: "7.8", To: 12, Means: "a user is on the allow list and on the block list",
		Example: "S: LST 7 AL 12 1 1 bob@hotmail.com Bob, S: LST 7 BL 12 1 1 bob@hotmail.com Bob",
		on:      from(server, "LST ADD", dialect.NS), check: func(l *look) {
			other := map[string]string{"AL": "BL", "BL": "AL"}[string(l.arg("LIST"))]
			if h := l.handle(); other != "" && h != nil && l.on(other, h) {
				l.say("%s is on the list %s too", h, plain(other))
			}
		},
	},
	{
		ID: "P15", Severity: Warn, Section: "7.8", To: 9, Means: "a change of the reverse list has a TrID other than 0",
		Example: "S: ADD 9 RL 13 bob@hotmail.com Bob", on: from(server, "ADD REM", dialect.NS), check: func(l *look) {
			if string(l.arg("LIST")) == "RL" && l.m.HasTrID && l.m.TrID != 0 {
				l.say("nobody asks for a change of the reverse list, and this one has TrID %s", l.m.TrIDText())
			}
		},
	},
	{
		ID: "P16", Severity: Warn, Section: "7.8", To: 9, Means: "ADD has no name", Example: "ADD 9 FL bob@hotmail.com",
		on: from(0, "ADD", dialect.NS), check: func(l *look) {
			if l.handle() != nil && l.row.Find(l.m, dialect.Name) == nil {
				l.say("ADD has no name: %s", l.m.Line())
			}
		},
	},
}

// goesOn reports whether the command is a further entry of the list that is being sent.
func (n *count) goesOn(l *look) bool {
	return n.total > 0 && n.list == string(l.arg("LIST")) && n.trid == l.m.TrID && number(l.arg("TtlItems")) == n.total
}

// on reports whether a user is known to be on a list of the connection's user.
func (l *look) on(list string, handle []byte) bool {
	u := l.user()
	return u != nil && u.On(list, string(handle))
}

func (l *look) otherEntry() {
	if l.asked == nil || l.asked.row == nil || l.asked.m.Verb != l.m.Verb {
		return
	}
	for _, name := range []string{"LIST", "UserHandle"} {
		was, is := argOf(l.asked.row, &l.asked.m, name), l.arg(name)
		if was != nil && is != nil && !same(was, is) {
			l.say("the client named %s, the answer %s", was, is)
		}
	}
}
