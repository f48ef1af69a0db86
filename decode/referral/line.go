package referral

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// mend returns the row and the message from which addresses are read, and a nil row for a command
// that is not a referral. They are row and m, unless the verb is in lower case or the TrID is not a
// number: then they belong to a corrected copy, in which every word has the offsets that it has in
// m. A row that does not match m is one that would match with other words.
func mend(row *dialect.Row, m *decode.Message) (*dialect.Row, *decode.Message) {
	switch {
	case row != nil && !refers(row):
		return nil, nil
	case row != nil && fits(row, m):
		return row, m
	}
	line := bytes.Clone(m.Line())
	verb := line[len(line)-len(bytes.TrimLeft(line, " \t")):][:len(m.Verb)]
	copy(verb, bytes.ToUpper(verb))
	rows := dialect.MSNP2.Of(decode.FromServer, decode.V(string(verb)))
	if !slices.ContainsFunc(rows, refers) {
		return nil, nil
	}
	mended := decode.Parse(line, decode.FromServer, dialect.MSNP2)
	if row := fitting(rows, &mended); row != nil || mended.NumArgs() == 0 {
		return rowOr(row, rows), &mended
	}
	start, end := mended.ArgSpan(0) // where the TrID may be
	for i := start; i < end; i++ {
		line[i] = '0'
	}
	again := decode.Parse(line, decode.FromServer, dialect.MSNP2)
	return rowOr(fitting(rows, &again), rows), &again
}

// fitting returns the first of the rows that has an address and matches m, nil for none.
func fitting(rows []*dialect.Row, m *decode.Message) *dialect.Row {
	i := slices.IndexFunc(rows, func(r *dialect.Row) bool { return refers(r) && fits(r, m) })
	if i < 0 {
		return nil
	}
	return rows[i]
}

// rowOr returns row, or, if that is nil, the first of rows that has an address. At least one must.
func rowOr(row *dialect.Row, rows []*dialect.Row) *dialect.Row {
	if row != nil {
		return row
	}
	return rows[slices.IndexFunc(rows, refers)]
}

// refers reports whether the row describes a referral: a command that has an address.
func refers(row *dialect.Row) bool {
	return row.Dir == decode.FromServer && row.Kinds()&dialect.KindsOf(dialect.HostPort) != 0
}

// fits reports whether m has its TrID and its fixed words where the row has them. The case of
// letters makes no difference.
func fits(row *dialect.Row, m *decode.Message) bool {
	if (m.TrIDText() != nil) != (row.TrID != dialect.None) {
		return false
	}
	for i := range row.Args {
		if fixed := row.Args[i].Is; fixed != "" && !strings.EqualFold(fixed, string(m.Arg(i))) {
			return false
		}
	}
	return true
}

// further reports whether a word is one more address beside the one to go to, and returns it as
// host:port. Later dialects have a flag where earlier ones have a second address, and servers
// append words.
func further(row *dialect.Row, arg dialect.Arg, known bool, word string) (string, bool) {
	address, ok := Normalize(word)
	switch {
	case !ok:
		return "", false
	case !known:
		return address, startsWithIP(word) || isHostAndPort(word)
	case arg.Kind == dialect.HostPort:
		return address, !isFixed(row, word) && strings.ContainsAny(word, ".:")
	}
	return address, arg.Kind == dialect.Token && startsWithIP(word)
}

// isHostAndPort reports whether a word for which the row has no argument is a host name with a
// port.
func isHostAndPort(word string) bool {
	host, port, _ := strings.Cut(word, ":")
	return strings.Contains(host, ".") && port != ""
}

// startsWithIP reports whether the host of an address is an IP address.
func startsWithIP(word string) bool {
	host, _, _ := split(word)
	_, err := netip.ParseAddr(host)
	return err == nil
}

// isFixed reports whether the word is a fixed word of the row, at any position since words before
// it may be missing: such a word is not a host name.
func isFixed(row *dialect.Row, word string) bool {
	for i := range row.Args {
		if a := &row.Args[i]; a.Is == word || slices.Contains(a.Values, word) {
			return true
		}
	}
	return false
}
