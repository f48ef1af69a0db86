// Package referral finds and replaces the addresses in commands that refer clients to other
// servers, and remembers these referrals.
//
// A server refers a client to another one: by XFR NS to a notification server (§7.4), by XFR SB and
// RNG to a switchboard (§8.1, §8.4). A proxy that wants to see the rest of the session puts its own
// address in place of the server's; when the client connects, a [Book] says where it was to go.
//
// Only servers refer clients. The column dialect.Speaker of the command table says which commands
// are a server's own word; what users say, and what servers pass on for them, is never looked at.
package referral

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Referral is the server to which a command refers a user.
type Referral struct {
	// Address is the server's, as host:port.
	Address string
	// Role is the kind of that server: dialect.NS or dialect.SB.
	Role dialect.Role
	// Cookie admits the client to a switchboard. It is "" for a referral to a notification server,
	// and for one in a payload.
	Cookie string
}

// Order is a command that refers its user to another server. If the client can follow it, its
// address can be replaced too. Otherwise Fault says why not, the Referral is zero, and
// [Order.Rewrite] changes nothing: a proxy never leads anybody to an address for which it knows no
// server.
type Order struct {
	Referral
	// Fault says in words why no client can follow the order, "" if one can.
	Fault string

	m      *decode.Message
	spans  []span // the addresses in m.Raw, the one to go to first
	direct span   // the flag that says "over the gateway only", replaced by 1
	inside bool   // whether the address is in the payload
}

// span is the part m.Raw[start:end] of a command, and the address in it or the text to replace it.
type span struct {
	start, end int
	address    string
}

// Read returns the referral in m, a command that row describes, from a server of the given role (0
// if unknown). It reports false for a command that is not a referral, as one with address 0 is not,
// which means: begin again here. The case of letters and an invalid TrID make no difference, since
// some clients overlook both. The Order keeps m, and is valid as long as m is.
func Read(row *dialect.Row, role dialect.Role, m *decode.Message) (Order, bool) {
	if m.Opaque() {
		return Order{}, false
	}
	if row != nil && row.Payload != decode.NoPayload {
		return readBody(row, role, m)
	}
	row, read := mend(row, m)
	if row == nil || !row.Orders(role, read) {
		return Order{}, false
	}
	o := Order{m: m}
	if !fits(row, read) {
		return o.unfit("it does not have the form of a referral"), true
	}
	return o.readLine(row, read)
}

// unfit returns the order as one that cannot be followed, with the Fault that form and args
// describe.
func (o *Order) unfit(form string, args ...any) Order {
	return Order{m: o.m, Fault: fmt.Sprintf(form, args...)}
}

// readLine reads the addresses of a command line that the row describes.
func (o *Order) readLine(row *dialect.Row, m *decode.Message) (Order, bool) {
	first := slices.IndexFunc(row.Args, func(a dialect.Arg) bool { return a.Kind == dialect.HostPort })
	word := string(m.Arg(first))
	o.Role = dialect.NS
	if row.Kinds()&dialect.KindsOf(dialect.Cookie) != 0 {
		o.Role, o.Cookie = dialect.SB, string(row.Find(m, dialect.Cookie))
	}
	switch address, ok := target(word); {
	case word == "0":
		return Order{}, false
	case word == "" || isFixed(row, word):
		return o.unfit("it names no address"), true
	case !ok:
		return o.unfit("nobody can connect to %s", decode.Quote([]byte(word))), true
	case o.Role == dialect.SB && o.Cookie == "":
		return o.unfit("it has no cookie"), true
	default:
		o.Address = address
	}
	named := false
	for i := range m.NumArgs() {
		start, end := m.ArgSpan(i)
		arg, known := row.Arg(i)
		if i == first {
			o.spans = slices.Insert(o.spans, 0, span{start, end, o.Address})
		} else if address, ok := further(row, arg, known, string(m.Arg(i))); ok && (known || !named) {
			o.spans = append(o.spans, span{start, end, address})
		} else if arg.Name == "Direct" && known && string(m.Arg(i)) == "0" && m.NumArgs() <= len(row.Args) {
			o.direct = span{start, end, "1"}
		}
		// A user's name with a blank in it is several words: what follows may be a part of it.
		named = named || arg.Kind == dialect.Name
	}
	return *o, true
}

// Rewrite returns the bytes of the command, newly allocated, with each address (host:port) replaced
// by what to returns for it. It returns nil where nothing changes: to reported false for the
// address to go to, or the address already stands there. Replaced are the address to go to; every
// other IP address; every name with a port for which the row has no argument, unless it is a
// handle, a name or a cookie; and the address in a server's own payload, whose length is corrected.
// A flag of later dialects that a server is reached over the HTTP gateway only is changed to say
// that it is reached directly, which is so from now on. All other bytes stay as they are, since
// §5.2 lets spacing vary.
func (o *Order) Rewrite(to func(address string) (string, bool)) []byte {
	if o.Fault != "" {
		return nil
	}
	changes, differs := make([]span, 0, len(o.spans)+2), false
	for i, at := range o.spans {
		replacement, ok := to(at.address)
		if !ok && i == 0 {
			return nil
		}
		if ok && replacement != string(o.m.Raw[at.start:at.end]) {
			changes, differs = append(changes, span{at.start, at.end, replacement}), true
		}
	}
	if !differs {
		return nil
	}
	if o.direct.end > 0 {
		changes = append(changes, o.direct)
	}
	if o.inside {
		changes = append(changes, o.length(changes))
	}
	slices.SortFunc(changes, func(a, b span) int { return a.start - b.start })
	var out []byte
	done := 0
	for _, c := range changes {
		out = append(append(out, o.m.Raw[done:c.start]...), c.address...)
		done = c.end
	}
	return append(out, o.m.Raw[done:]...)
}

// length returns the change to the last argument, the length of the payload, that the other changes
// require.
func (o *Order) length(changes []span) span {
	n := len(o.m.Payload())
	for _, c := range changes {
		n += len(c.address) - (c.end - c.start)
	}
	start, end := o.m.ArgSpan(o.m.NumArgs() - 1)
	return span{start, end, strconv.Itoa(n)}
}

// MayHold reports whether line, the part of a server's command line that has arrived, may turn out
// to hold an address in any dialect. Such a line must not be sent on in part.
func MayHold(line []byte) bool {
	line = bytes.TrimLeft(line, " \t")
	if len(line) < 4 {
		return true
	}
	if bytes.IndexByte(line, '\n') >= 0 {
		return false
	}
	verb := decode.V(string(line[:3]))
	for _, t := range dialect.All() {
		if slices.ContainsFunc(t.Of(decode.FromServer, verb), refers) {
			return true
		}
	}
	return false
}
