package referral

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Referral is where a command sends a user. The zero Referral is none.
type Referral struct {
	// Address is the server's, as host:port.
	Address string
	// Cookie admits to a switchboard; "" for a referral to a notification server.
	Cookie string
}

// Of returns where m, a command from a server, sends its user; false for a command that sends nobody anywhere, or not so
// that one could follow it.
func Of(row *dialect.Row, m *decode.Message) (Referral, bool) {
	row, m = mend(row, m)
	if row == nil || !fits(row, m) {
		return Referral{}, false
	}
	for i := range row.Args {
		if row.Args[i].Kind != dialect.HostPort {
			continue
		}
		address, ok := place(row, m, i)
		return Referral{address, string(row.Find(m, dialect.Cookie))}, ok && address != ""
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
	if fits(row, m) {
		arg, _ = row.Arg(i)
	}
	switch arg.Kind {
	case dialect.Handle, dialect.Self, dialect.Name, dialect.Cookie:
		return "", false
	}
	address, ok := Normalize(word)
	switch {
	case startsWithIP(word):
		return address, true
	case arg.Kind != dialect.HostPort || !ok || isFixed(row, word):
		return "", false
	}
	// Later dialects have a flag where earlier ones have a second address.
	return address, !arg.Optional || strings.ContainsAny(word, ".:")
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

// rosterField begins the header field with which a client asks others to a switchboard (MSNP2 clients of 1999, rare).
var rosterField = []byte("\nRoster:")

// MayHoldInside reports whether the payload of m may hold an address that leads to a server: it has the header field Roster.
func MayHoldInside(m *decode.Message) bool {
	header, _, _ := bytes.Cut(m.Payload(), []byte("\r\n\r\n"))
	return bytes.Contains(header, rosterField)
}
