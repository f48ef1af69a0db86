package referral

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// portMask is what some clients add to a port, bit by bit, in PortX: a router that looks for ports
// to change does not find it.
const portMask = 0x3141

// inviteFields say what replaces the value of a field of an invitation, "" for what stays. was is
// the port that the invitation names.
var inviteFields = map[string]func(value, was, host, port string) string{
	"ip-address":          func(_, _, host, _ string) string { return host },
	"ip-address-internal": func(_, _, host, _ string) string { return host },
	"port":                func(_, _, _, port string) string { return port },
	"portx":               portX,
	"portx-internal":      portX,
}

// portX returns the PortX for a port: masked if it was masked before, else the port itself, as one
// program writes it.
func portX(value, was, _, port string) string {
	x, err := strconv.ParseUint(value, 10, 16)
	w, werr := strconv.ParseUint(was, 10, 16)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err == nil && werr == nil && perr == nil && x == w^portMask {
		return strconv.FormatUint(n^portMask, 10)
	}
	return port
}

// RewriteInvite returns the bytes of m, a MSG with a step of an invitation that row describes, with
// each address and port in its payload replaced by host and port, and the length corrected. Empty
// values stay, and so do order, spacing and everything else. It returns nil if nothing changes, or
// if the command has no length to correct.
func RewriteInvite(row *dialect.Row, m *decode.Message, host, port string) []byte {
	at := slices.IndexFunc(row.Args, func(a dialect.Arg) bool { return a.Kind == dialect.Length })
	if at < 0 || at >= m.NumArgs() {
		return nil
	}
	payload := m.Payload()
	was := ""
	for line := range bytes.Lines(payload) {
		if name, value, ok := field(line); ok && name == "port" && was == "" {
			was = string(value)
		}
	}
	var out []byte
	for line := range bytes.Lines(payload) {
		name, value, ok := field(line)
		replace := inviteFields[name]
		if !ok || replace == nil {
			out = append(out, line...)
			continue
		}
		i := bytes.LastIndex(line, value)
		out = append(append(out, line[:i]...), replace(string(value), was, host, port)...)
		out = append(out, line[i+len(value):]...)
	}
	if bytes.Equal(out, payload) {
		return nil
	}
	start, end := m.ArgSpan(at)
	head := len(m.Raw) - len(payload)
	all := append([]byte{}, m.Raw[:start]...)
	all = strconv.AppendInt(all, int64(len(out)), 10)
	return append(append(all, m.Raw[end:head]...), out...)
}

// field returns the name, in lower case, and the value of a line of an invitation; false for a line
// without a value.
func field(line []byte) (name string, value []byte, ok bool) {
	before, after, found := bytes.Cut(line, []byte(":"))
	value = bytes.TrimSpace(after)
	return strings.ToLower(string(before)), value, found && len(value) > 0
}
