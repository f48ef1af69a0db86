package lint

import (
	"slices"

	"github.com/msnscope/msnscope/decode/dialect"
)

// Presences that the contacts of a user do not see (§7.7).
const (
	offline = "FLN"
	hidden  = "HDN"
)

// presence has the rules about states and notifications (§7.7, §7.9).
var presence = []Rule{
	{
		ID: "S01", Severity: Error, Section: "7.7", Means: "a state is none of the nine", Example: "CHG 8 HOT",
		on: from(0, "CHG NLN ILN", dialect.NS), check: func(l *look) {
			if v := l.arg("State", "Substate"); v != nil && !slices.Contains(dialect.States, string(v)) {
				l.say("there is no state %s", v)
			}
		},
	},
	{
		ID: "S02", Severity: Error, Section: "7.7", Means: "the server sets another state than asked for",
		Example: "C: CHG 8 BSY, S: CHG 8 NLN", on: from(server, "CHG", dialect.NS), check: func(l *look) {
			if l.asked == nil {
				return
			}
			was, is := argOf(l.asked.row, &l.asked.m, "State"), l.arg("State")
			if was != nil && is != nil && string(was) != string(is) {
				l.say("the client asked for %s, the server sets %s", was, is)
			}
		},
	},
	{
		ID: "S03", Severity: Error, Section: "7.9", Means: "a contact is said to be present in state FLN or HDN",
		Example: "S: NLN HDN bob@hotmail.com Bob", on: from(server, "NLN ILN", dialect.NS), check: func(l *look) {
			if v := string(l.arg("Substate")); v == offline || v == hidden {
				l.say("nobody is seen in state %s", v)
			}
		},
	},
	{
		ID: "S04", Severity: Error, Section: "7.9", To: 12, Means: "the TrID of ILN is not that of a CHG or ADD",
		Example: "S: ILN 99 NLN bob@hotmail.com Bob", Habit: "servers send ILN with TrID 0",
		on: from(server, "ILN", dialect.NS), check: func(l *look) {
			if l.e.ReplyTo == 0 && l.c.whole && l.m.HasTrID {
				l.say("no CHG or ADD has the TrID %s", l.m.TrIDText())
			}
		},
	},
	{
		ID: "S05", Severity: Warn, Section: "7.9", To: 12,
		Means:   "a notification is about a user who is not on the forward list",
		Example: "S: FLN stranger@hotmail.com",
		Habit:   "servers tell the user's own state so, or a contact before its ADD",
		on:      from(server, "NLN ILN FLN", dialect.NS), check: func(l *look) {
			u := l.user()
			if h := l.handle(); u != nil && h != nil && u.Complete("FL") && !u.On("FL", string(h)) {
				l.say("%s is not on the forward list", h)
			}
		},
	},
	{
		ID: "S06", Severity: Warn, Section: "7.9", To: 12, Means: "a contact goes offline who was offline",
		Example: "S: FLN bob@hotmail.com, twice", on: from(server, "FLN", dialect.NS), check: func(l *look) {
			h, u := l.handle(), l.user()
			if h == nil || u == nil {
				return
			}
			if c, ok := u.Contact(string(h), ""); ok && c.State == offline {
				l.say("%s was offline already", h)
			}
		},
	},
	{
		ID: "S07", Severity: Error, Section: "7.7", To: 12, Means: "a user who is hidden or offline is rung",
		Example: "S: CHG 8 HDN, S: RNG 11752013 …", on: from(server, "RNG", dialect.NS), check: func(l *look) {
			if state := l.unseen(); state != "" {
				l.say("the user is %s and cannot be rung: %s", state, l.m.Line())
			}
		},
	},
	{
		ID: "S08", Severity: Warn, Section: "7.7",
		Means:   "the client acts on a change of its state that is not confirmed",
		Example: "C: CHG 8 NLN, C: XFR 9 SB", on: from(client, "XFR", dialect.NS), check: func(l *look) {
			if l.unseen() == "" {
				return
			}
			for _, r := range slices.Backward(l.c.requests) {
				if !r.answered && r.row != nil && r.row.Verb == "CHG" {
					l.say("%s (event %d) is not answered yet", r.m.Line(), r.n)
					return
				}
			}
		},
	},
}

// unseen returns the state of a user whom nobody sees, "" for one who is seen or of whom nothing is
// known.
func (l *look) unseen() string {
	u := l.user()
	if u == nil || u.Conn != l.e.Conn || u.State != offline && u.State != hidden {
		return ""
	}
	return u.State
}
