package referral

import (
	"bytes"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
)

// MayHoldInside reports whether the payload of m, a command from a server, may hold a referral,
// provided that m comes from a server of the role that the command table demands. It is cheap for
// messages of users.
func MayHoldInside(m *decode.Message) bool {
	row := dialect.MSNP2.Match(decode.FromServer, dialect.NS, m)
	return row != nil && row.Payload != decode.NoPayload && row.Orders(row.Speaker.Roles, m)
}

// fields are the header fields of a payload that hold a referral.
var fields = body.Referrals()

// readBody returns the referral in the payload of m, false for none. The address stands in a header
// field for referrals, after a session number and a semicolon.
func readBody(row *dialect.Row, role dialect.Role, m *decode.Message) (Order, bool) {
	if !row.Orders(role, m) {
		return Order{}, false
	}
	o := Order{m: m}
	at := len(m.Raw) - len(m.Payload())
	for line := range bytes.Lines(m.Payload()) {
		name, value, found := bytes.Cut(line, []byte(":"))
		switch {
		case len(bytes.TrimRight(line, "\r\n")) == 0:
			return Order{}, false // the lines that follow are not headers
		case found && slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(f, string(name)) }):
			return o.readField(at+len(name)+1, value)
		}
		at += len(line)
	}
	return Order{}, false
}

// readField reads the address in the value of a header field; the value begins at m.Raw[at].
func (o *Order) readField(at int, value []byte) (Order, bool) {
	session, rest, found := bytes.Cut(value, []byte(";"))
	word := bytes.TrimSpace(rest)
	address, ok := target(string(word))
	if !found || !ok {
		return o.unfit("nobody can connect to %s", decode.Quote(bytes.TrimSpace(value))), true
	}
	o.Referral = Referral{Address: address, Role: dialect.SB}
	start := at + len(session) + 1 + bytes.Index(rest, word)
	o.spans, o.inside = []span{{start, start + len(word), address}}, true
	return *o, true
}
