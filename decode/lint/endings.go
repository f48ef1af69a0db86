package lint

import (
	"bytes"
	"slices"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// endings has the rules about errors and the end of a connection (§5.3, §7.10, §7.11).
var endings = []Rule{
	{
		ID: "E01", Severity: Warn, Section: "7.11", To: 2, Means: "the draft does not have the error code",
		Example: "S: 217 4",
		Habit:   "all servers answer with codes such as 217", on: from(server, "", 0).only((*dialect.Row).IsError),
		check: func(l *look) {
			if code := l.m.Verb.Code(); code != 0 && !decode.ErrorInDraft(code) {
				l.say("the error %s is not in the table of the draft", l.m.Verb)
			}
		},
	},
	{
		ID: "E02", Severity: Error, Section: "7.11", To: 12,
		Means:   "what follows an error is not its info in parentheses",
		Example: "S: 201 4 extra", on: from(server, "", 0).only((*dialect.Row).IsError),
		check: func(l *look) {
			if w := l.m.Arg(0); l.m.Verb.Code() != 0 && w != nil && w[0] != '(' {
				l.say("after the error comes %s", w)
			}
		},
	},
	{
		ID: "E03", Severity: Warn, Section: "7.11", Means: "an error has a TrID that no request has",
		Example: "S: 205 77",
		on:      from(server, "", 0).only((*dialect.Row).IsError), check: func(l *look) {
			if l.m.Verb.Code() != 0 && l.m.HasTrID && l.e.ReplyTo == 0 && l.c.whole && !l.open(l.m.TrID) {
				l.say("no request with the TrID %s waits for an answer", l.m.TrIDText())
			}
		},
	},
	{
		ID: "E04", Severity: Warn, Section: "7.10", To: 9, Means: "OUT has an unknown reason", Example: "S: OUT XYZ",
		on: from(server, "OUT", 0), check: func(l *look) {
			if v := l.m.Arg(0); v != nil && len(l.row.Args) > 0 && !slices.Contains(l.row.Args[0].Values, string(v)) {
				l.say("the reason of OUT is %s", v)
			}
		},
	},
	{
		ID: "E05", Severity: Warn, Section: "7.10", Means: "the server goes on after OUT",
		Example: "S: OUT OTH, S: FLN bob@hotmail.com", on: from(server, "", 0), check: func(l *look) {
			if l.c.left[1] {
				l.say("after OUT the server sends %s", l.m.Line())
			}
		},
	},
	{
		ID: "E06", Severity: Info, Section: "7.10", Means: "a notification server closes without OUT",
		Example: "FIN after C: OUT", Habit: "servers close, and say nothing",
		on: on{moment: atClose, roles: dialect.NS},
		check: func(l *look) {
			if l.c.login.done && l.closedBy() == server && !l.c.left[1] && !l.c.login.referred {
				l.say("the server closed and sent no OUT")
			}
		},
	},
	{
		ID: "E07", Severity: Info, Section: "5.3", Means: "the server closes in place of an answer",
		Example: "C: GTC 9 Y, and FIN", Habit: "servers reject much by closing", on: on{moment: atClose},
		check: func(l *look) {
			if l.c.whole && l.silent() && !l.c.login.referred {
				l.say("the server closed right after %s", l.c.requests[len(l.c.requests)-1].m.Line())
			}
		},
	},
	{
		ID: "E08", Severity: Info, Section: "7.10", Means: "a client that is logged on closes without OUT",
		Example: "FIN from the client", Habit: "clients close, and say nothing",
		on: on{moment: atClose, roles: dialect.NS | dialect.SB}, check: func(l *look) {
			if (l.c.login.done || l.c.login.entered) && l.closedBy() == client && !l.c.left[0] && !l.c.left[1] &&
				!l.c.login.referred {
				l.say("the client closed and sent no OUT")
			}
		},
	},
}

// open reports whether a request with the TrID may wait for an answer.
func (l *look) open(trid uint32) bool {
	return l.c.lost || slices.ContainsFunc(l.c.requests, func(r *request) bool {
		return r.m.HasTrID && r.m.TrID == trid && !r.answered
	})
}

// proxied has the rules about what the proxy did. They have no section: the draft knows no proxy.
var proxied = []Rule{
	{
		ID: "X01", Severity: Error,
		Means:   "an address reached the client as it was, so that the client leaves the proxy",
		Example: "S: RNG 1 207.46.26.110:1863 …, not rewritten", on: from(server, "XFR RNG", 0), check: func(l *look) {
			a := l.row.Find(l.m, dialect.HostPort)
			if a == nil || string(a) == "0" || l.e.Out != nil || len(l.k.proxies.byKey) == 0 ||
				!l.row.Orders(l.e.Role, l.m) {
				return
			}
			if _, own := l.k.proxies.get([]byte(host(a))); !own {
				l.say("the address %s was not rewritten", a)
			}
		},
	},
	{
		ID: "X02", Severity: Error, Means: "the length of a changed command is not that of its payload",
		Example: "S: MSG Hotmail Hotmail 95, with 97 bytes", check: func(l *look) {
			if l.e.Out == nil || len(l.m.Payload()) == 0 {
				return
			}
			now := l.e.Sent()
			if n := now.NumArgs(); n > 0 && !now.Opaque() && number(now.Arg(n-1)) != uint64(len(now.Payload())) {
				l.say("%s has %d bytes of payload", now.Line(), len(now.Payload()))
			}
		},
	},
	{
		ID: "X03", Severity: Error, Means: "the address 0, which means to begin again, was rewritten",
		Example: "S: XFR 0 NS 127.0.0.1:1863 for XFR 0 NS 0", on: from(server, "XFR", 0), check: func(l *look) {
			if l.e.Out == nil || string(l.row.Find(l.m, dialect.HostPort)) != "0" {
				return
			}
			now := l.e.Sent()
			if a := l.row.Find(&now, dialect.HostPort); !bytes.Equal(a, []byte("0")) {
				l.say("the address 0 became %s", a)
			}
		},
	},
}
