package referral

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Referral is where a command sends a user. The zero Referral is none.
type Referral struct {
	// Address is the server's, as host:port.
	Address string
	// Role is what kind of server that is: dialect.NS or dialect.SB.
	Role dialect.Role
	// Cookie admits to a switchboard; "" for a referral to a notification server, and for one in a message, which has none.
	Cookie string
}

// Of returns where m, a command from a server, sends its user; false for a command that sends nobody anywhere, or not so
// that one could follow it.
func Of(row *dialect.Row, m *decode.Message) (Referral, bool) {
	if start, end := inside(m); end > 0 {
		address, ok := Normalize(string(m.Raw[start:end]))
		return Referral{Address: address, Role: dialect.SB}, ok
	}
	row, m = mend(row, m)
	if row == nil || !fits(row, m) {
		return Referral{}, false
	}
	for i := range row.Args {
		if row.Args[i].Kind != dialect.HostPort {
			continue
		}
		address, ok := place(row, m, i)
		r := Referral{Address: address, Role: dialect.NS, Cookie: string(row.Find(m, dialect.Cookie))}
		if r.Cookie != "" {
			r.Role = dialect.SB
		}
		return r, ok && address != ""
	}
	return Referral{}, false
}

// mend returns the row and the message to read addresses from, and a nil row for a command that sends nobody anywhere. They
// are row and m, but where the verb is in lower case or the TrID is no number, which clients may overlook: then they are
// those of a copy without that fault, in which every word is where it is in m.
func mend(row *dialect.Row, m *decode.Message) (*dialect.Row, *decode.Message) {
	switch {
	case m.Opaque() || row != nil && !refers(row):
		return nil, nil
	case row != nil && fits(row, m):
		return row, m
	}
	line := bytes.Clone(m.Line())
	verb := line[len(line)-len(bytes.TrimLeft(line, " \t")):][:len(m.Verb)]
	copy(verb, bytes.ToUpper(verb))
	if row == nil && bytes.Equal(verb, m.Verb[:]) {
		return nil, nil
	}
	mended := decode.Parse(line, decode.FromServer, dialect.MSNP2)
	found := dialect.MSNP2.Match(decode.FromServer, dialect.Any, &mended)
	if found == nil || !refers(found) {
		return nil, nil
	}
	if found.TrID != dialect.None && !mended.HasTrID && mended.NumArgs() > 0 {
		start, end := mended.ArgSpan(0)
		for i := start; i < end; i++ {
			line[i] = '0'
		}
		again := decode.Parse(line, decode.FromServer, dialect.MSNP2)
		if row := dialect.MSNP2.Match(decode.FromServer, dialect.Any, &again); fits(row, &again) {
			return row, &again
		}
		// There is no TrID at all. The zeros may hide an address: take the words as they are.
		copy(line[start:end], m.Raw[start:end])
	}
	return found, &mended
}

// refers reports whether the row has an address.
func refers(row *dialect.Row) bool {
	for i := range row.Args {
		if row.Args[i].Kind == dialect.HostPort {
			return row.Dir == decode.FromServer
		}
	}
	return false
}

// fits reports whether the words of m are where the row has them: the TrID and the fixed words are.
func fits(row *dialect.Row, m *decode.Message) bool {
	if m.HasTrID != (row.TrID != dialect.None) {
		return false
	}
	for i := range row.Args {
		if fixed := row.Args[i].Is; fixed != "" && fixed != string(m.Arg(i)) {
			return false
		}
	}
	return true
}

// place reports whether argument i of m is an address, and returns it as host:port; "" for an IP address with a port that
// cannot be.
func place(row *dialect.Row, m *decode.Message, i int) (string, bool) {
	word := string(m.Arg(i))
	var arg dialect.Arg
	known := false
	if fits(row, m) {
		if arg, known = row.Arg(i); !known {
			arg = dialect.Arg{} // more words than the row has
		}
	}
	switch arg.Kind {
	case dialect.Handle, dialect.Self, dialect.Name, dialect.Cookie:
		return "", false
	}
	address, ok := Normalize(word)
	switch {
	case startsWithIP(word):
		return address, true
	case !known && isHostAndPort(word):
		return address, ok
	case arg.Kind != dialect.HostPort || isFixed(row, word):
		return "", false
	case !ok:
		return "", strings.ContainsAny(word, ".:") // a host with a port that cannot be
	}
	// Later dialects have a flag where earlier ones have a second address.
	return address, !arg.Optional || strings.ContainsAny(word, ".:")
}

// isHostAndPort reports whether a word that nobody expects is a host's name with a port.
func isHostAndPort(word string) bool {
	host, port, _ := strings.Cut(word, ":")
	return strings.Contains(host, ".") && !strings.ContainsAny(host, "@%{") && port != "" && strings.Trim(port, "0123456789") == ""
}

// startsWithIP reports whether the word is an IP address, whatever it has for a port.
func startsWithIP(word string) bool {
	host, _, _ := strings.Cut(word, ":")
	if strings.HasPrefix(word, "[") {
		host, _, _ = strings.Cut(word[1:], "]")
	} else if strings.Count(word, ":") > 1 && !strings.Contains(host, ".") {
		host = word
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// isFixed reports whether the row has the word somewhere, so that it is no host's name: words may be missing before it.
func isFixed(row *dialect.Row, word string) bool {
	for i := range row.Args {
		if a := &row.Args[i]; a.Is == word || slices.Contains(a.Values, word) {
			return true
		}
	}
	return false
}

// rosterField begins the header field that tells who reads a message of a switchboard to which one to go: the session, a
// semicolon, the address.
var rosterField = []byte("\nRoster:")

// MayHoldInside reports whether the payload of m may hold an address that leads to a server: it has the header field Roster.
func MayHoldInside(m *decode.Message) bool {
	_, end := inside(m)
	return end > 0
}

// inside returns where in Raw the address stands that the payload holds; 0, 0 where there is none.
func inside(m *decode.Message) (start, end int) {
	payload := m.Payload()
	if i := bytes.Index(payload, []byte("\r\n\r\n")); i >= 0 {
		payload = payload[:i+2]
	}
	i := bytes.Index(payload, rosterField)
	if i < 0 || m.Opaque() {
		return 0, 0
	}
	value, _, _ := bytes.Cut(payload[i+len(rosterField):], []byte("\n"))
	_, address, ok := bytes.Cut(value, []byte(";"))
	address = bytes.TrimSpace(address)
	if _, is := Normalize(string(address)); !ok || !is {
		return 0, 0
	}
	start = len(m.Raw) - len(m.Payload()) + i + len(rosterField) + bytes.Index(value, []byte(";")) + 1
	for m.Raw[start] == ' ' || m.Raw[start] == '\t' {
		start++
	}
	return start, start + len(address)
}

// rewriteInside returns the bytes of m with another address in its payload, and its length, the last argument, corrected; nil
// where nothing changes.
func rewriteInside(m *decode.Message, start, end int, to func(string) (string, bool)) []byte {
	address, _ := Normalize(string(m.Raw[start:end]))
	replacement, ok := to(address)
	if !ok || replacement == string(m.Raw[start:end]) {
		return nil
	}
	from, upto := m.ArgSpan(m.NumArgs() - 1)
	length := len(m.Payload()) + len(replacement) - (end - start)
	out := strconv.AppendInt(append([]byte(nil), m.Raw[:from]...), int64(length), 10)
	out = append(append(out, m.Raw[upto:start]...), replacement...)
	return append(out, m.Raw[end:]...)
}
