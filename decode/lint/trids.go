package lint

import (
	"bytes"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// trids has the rules about transaction identifiers and answers (§5.3, §5.6).
var trids = []Rule{
	{
		ID: "T01", Severity: Error, Section: "5.6", Means: "the client leaves out the TrID", Example: "VER MSNP2",
		on: from(client, "", 0).only(needsID), check: func(l *look) {
			if l.lacksID() {
				l.say("%s needs a TrID: %s", l.m.Verb, l.m.Line())
			}
		},
	},
	{
		ID: "T02", Severity: Error, Section: "5.6", Means: "the TrID is not a decimal number", Example: "INF x",
		check: func(l *look) {
			switch w := l.m.TrIDText(); {
			case l.m.HasTrID:
			case w != nil && !digits(w):
				l.say("the TrID %s is not a decimal number", w)
			case w == nil && l.wantsID() && !l.lacksID() && !digits(l.m.Arg(0)):
				l.say("the TrID %s is not a decimal number", l.m.Arg(0))
			}
		},
	},
	{
		ID: "T03", Severity: Error, Section: "5.6", Means: "the TrID is above 4294967295", Example: "INF 4294967296",
		check: func(l *look) {
			if w := l.m.TrIDText(); !l.m.HasTrID && digits(w) {
				l.say("the TrID %s is above 4294967295", w)
			}
		},
	},
	{
		ID: "T04", Severity: Warn, Section: "5.6",
		Means:   "the client uses TrID 0, by which servers mark what nobody asked for",
		Example: "C: VER 0 MSNP2", Habit: "clients begin to count at 0",
		on: from(client, "", 0), check: func(l *look) {
			if l.m.HasTrID && l.m.TrID == 0 && l.row != nil {
				l.say("TrID %s", l.m.TrIDText())
			}
		},
	},
	{
		ID: "T05", Severity: Warn, Section: "5.6",
		Means:   "the client uses the TrID of a request that is not answered yet",
		Example: "C: SYN 5 0, C: LST 5 FL", Habit: "a client of 2000 has one TrID for everything",
		on: from(client, "", 0), check: (*look).reusedID,
	},
	{
		ID: "T06", Severity: Error, Section: "5.6", Means: "a reply has a TrID that the client never used",
		Example: "S: INF 99 MD5", on: from(server, "", 0).only(withID(dialect.Echo)), check: (*look).foreignID,
	},
	{
		ID: "T07", Severity: Warn, Section: "5.3", Means: "a request has no answer when the connection ends",
		Example: "C: LST 8 FL, and the end", Habit: "a server of today meets LST and wrong commands with silence",
		on: on{moment: atClose}, check: (*look).unanswered,
	},
	{
		ID: "T08", Severity: Warn, Section: "5.6",
		Means:   "the server writes the TrID with other digits than the client",
		Example: "C: INF 007, S: INF 7 MD5", on: from(server, "", 0), check: func(l *look) {
			if l.asked == nil {
				return
			}
			if was, is := l.asked.m.TrIDText(), l.m.TrIDText(); was != nil && is != nil &&
				!bytes.Equal(was, is) {
				l.say("the client wrote the TrID %s, the server %s", was, is)
			}
		},
	},
	{
		ID: "T09", Severity: Warn, Section: "5.6", To: 9, Means: "a command without a TrID has one", Example: "OUT 5",
		on: on{}.only(withID(dialect.None)), check: func(l *look) {
			if l.needless() {
				l.say("%s has no TrID: %s", l.m.Verb, l.m.Arg(0))
			}
		},
	},
	{
		ID: "T10", Severity: Error, Section: "5.6",
		Means:   "a change that nobody asked for has a TrID that is neither 0 nor that of a request",
		Example: "S: ADD 31 RL 9 bob@hotmail.com Bob", on: from(server, "", 0).only(withID(dialect.EchoZero)),
		check: func(l *look) {
			if l.row != nil && l.row.TrID == dialect.EchoZero && l.m.TrID != 0 && l.e.ReplyTo == 0 && l.c.whole {
				l.say("%s is no answer, and so must have TrID 0, not %s", l.m.Verb, l.m.TrIDText())
			}
		},
	},
	{
		ID: "T11", Severity: Error, Section: "7.5", To: 7, Means: "an update has another TrID than its SYN",
		Example: "S: SYN 7 12, S: GTC 8 12 A", on: from(server, "GTC BLP LST", dialect.NS), check: func(l *look) {
			if l.c.sync.running && l.e.ReplyTo == 0 && l.m.HasTrID {
				l.say("the SYN has TrID %d, its update %s", l.c.sync.trid, l.m.TrIDText())
			}
		},
	},
	{
		ID: "T12", Severity: Error, Section: "5.6", Means: "the server leaves out the TrID", Example: "S: ANS OK",
		Habit: "one server leaves it out in ANS OK", on: from(server, "", 0).only(needsID), check: func(l *look) {
			if l.lacksID() {
				l.say("%s needs a TrID: %s", l.m.Verb, l.m.Line())
			}
		},
	},
}

// wantsID reports whether the command needs a TrID and has none.
func (l *look) wantsID() bool {
	return l.row != nil && l.m.TrIDText() == nil && l.row.TrID != dialect.None && l.row.TrID != dialect.Perhaps &&
		!l.elsewhere()
}

// lacksID reports whether the command needs a TrID and its first word is a parameter, or there is
// none: the parameters are complete without it.
func (l *look) lacksID() bool {
	if !l.wantsID() {
		return false
	}
	n, least, most := l.m.NumArgs(), l.row.Min(), l.row.Max()
	return n == 0 || !digits(l.m.Arg(0)) && n >= least && (most < 0 || n <= most)
}

// needless reports whether the command has a number in front of its parameters that would be a
// TrID.
func (l *look) needless() bool {
	return l.row != nil && l.row.TrID == dialect.None && l.row.Payload == decode.NoPayload &&
		l.m.NumArgs() == l.row.Min()+1 && digits(l.m.Arg(0)) && (l.row.Max() == l.row.Min() || l.row.Min() == 0)
}

func (l *look) reusedID() {
	if !l.m.HasTrID || l.c.open == 0 {
		return
	}
	for i := len(l.c.requests) - 1; i >= 0; i-- {
		r := l.c.requests[i]
		if r.m.HasTrID && r.m.TrID == l.m.TrID && !r.answered && r.waits {
			l.say("%s has the TrID %s of %s (event %d), which is not answered yet", l.m.Verb, l.m.TrIDText(),
				r.m.Verb, r.n)
			return
		}
	}
}

func (l *look) foreignID() {
	switch {
	case l.row == nil || l.row.TrID != dialect.Echo || !l.m.HasTrID || l.m.TrID == 0 || l.e.ReplyTo != 0:
	case l.row.Effect(l.e.Role) == dialect.ContactPresent: // S04 says it
	case l.c.sync.running || l.c.used(l.m.TrID): // T11 says it
	default:
		l.say("the client never used the TrID %s", l.m.TrIDText())
	}
}

// maxNamed is how many unanswered requests of one connection get a finding each.
const maxNamed = 8

func (l *look) unanswered() {
	if l.c.login.referred || !l.c.whole {
		return
	}
	left := maxNamed
	for i, r := range l.c.requests {
		if !r.waits || r.answered || left == 0 || r.row != nil && r.row.Effect(l.e.Role) == dialect.Ends {
			continue
		}
		if i == len(l.c.requests)-1 && l.silent() { // E07 says it
			continue
		}
		left--
		l.say("%s (event %d) has no answer", r.m.Line(), r.n)
	}
}

// silent reports whether the server closed the connection right after a command of the client.
func (l *look) silent() bool {
	return l.closedBy() == server && l.c.last == client && !l.c.left[0] && len(l.c.requests) > 0 &&
		!l.c.requests[len(l.c.requests)-1].answered
}

// closedBy returns the end that closed the connection, 0 if that is not known.
func (l *look) closedBy() decode.Dir {
	switch {
	case l.c.closer != 0:
		return l.c.closer
	case strings.HasSuffix(l.e.Text, "by the server"):
		return server
	case strings.HasSuffix(l.e.Text, "by the client"):
		return client
	}
	return 0
}
