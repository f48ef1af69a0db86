// Package referral finds the addresses in commands, replaces them, and remembers who was sent where.
//
// In MSN a client is sent on: by XFR NS to a notification server (§7.4), by XFR SB and RNG to a switchboard (§8.1, §8.4). A
// proxy that wants to see the rest puts its own address there; when the client comes, a [Book] says where it was to go.
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

// DefaultPort is where a server listens whose address names no port (§5.1, §8.2).
const DefaultPort = "1863"

// Normalize returns an address of a referral as host:port, and false where there is nothing to connect to: "0" means to
// begin again on the same connection, a host has no blanks, and a port must be 1 to 65535.
func Normalize(address string) (string, bool) {
	host, port := address, DefaultPort
	switch colons := strings.Count(address, ":"); {
	case strings.HasPrefix(address, "["):
		inside, after, _ := strings.Cut(address[1:], "]")
		host = inside
		if after != "" {
			port = strings.TrimPrefix(after, ":")
		}
	case colons == 1:
		host, port, _ = strings.Cut(address, ":")
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if host == "" || host == "0" || strings.ContainsFunc(host, unfit) || err != nil || n == 0 {
		return "", false
	}
	if strings.Contains(host, ":") {
		if _, err := netip.ParseAddr(host); err != nil {
			return "", false
		}
		host = "[" + host + "]"
	}
	return host + ":" + strconv.FormatUint(n, 10), true
}

// unfit reports whether no address has such a character.
func unfit(r rune) bool { return r <= ' ' || r == 0x7f }

// Rewrite returns the bytes of m, a command from a server, with each address replaced by what to returns for it (as
// host:port), and nil where nothing changes: m sends nobody anywhere, has no address, or to returned false for it. Addresses
// are what stands where the row has one, with a port or without; every IP address, and every name with a port where the row has
// no word any more, that is no handle, name or cookie; and the one in a message's field Roster, whose length is corrected. The
// verb's case and a bad TrID make no difference. For an address with a port that cannot be, to gets "". Where later dialects
// say that a server is reached over the HTTP gateway only, the result says that it is reached directly, as it is from now on. All
// other bytes stay as they are (§5.2 lets spacing vary). The result is newly allocated.
func Rewrite(row *dialect.Row, m *decode.Message, to func(address string) (string, bool)) []byte {
	if start, end := inside(m); end > 0 {
		return rewriteInside(m, start, end, to)
	}
	row, read := mend(row, m)
	if row == nil {
		return nil
	}
	var out []byte
	done := 0
	replace := func(i int, word string) {
		start, end := read.ArgSpan(i)
		out = append(append(out, m.Raw[done:start]...), word...)
		done = end
	}
	for i := range read.NumArgs() {
		if address, ok := place(row, read, i); ok {
			if replacement, ok := to(address); ok && replacement != string(read.Arg(i)) {
				replace(i, replacement)
			}
		} else if out != nil && isGatewayFlag(row, read, i) {
			replace(i, "1")
		}
	}
	if out == nil {
		return nil
	}
	return append(out, m.Raw[done:]...)
}

// isGatewayFlag reports whether argument i is the flag of MSNP14 and later that says: over the gateway only.
func isGatewayFlag(row *dialect.Row, m *decode.Message, i int) bool {
	arg, ok := row.Arg(i)
	return ok && arg.Name == "Direct" && string(m.Arg(i)) == "0"
}

// MayHold reports whether a line from a server that begins like this may hold an address, in whatever dialect, once it is
// whole: then it must not be sent on in part. line is what is there of it.
func MayHold(line []byte) bool {
	line = bytes.TrimLeft(line, " \t")
	if len(line) < 4 {
		return true
	}
	if bytes.IndexByte(line, '\n') >= 0 {
		return false
	}
	verb := decode.V(string(bytes.ToUpper(line[:3])))
	for _, t := range dialect.All() {
		if slices.ContainsFunc(t.Of(decode.FromServer, verb), refers) {
			return true
		}
	}
	return false
}
