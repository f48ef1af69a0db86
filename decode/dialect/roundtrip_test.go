package dialect_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// TestEncoderRoundTrip checks that what the Encoder writes for any row of any table, with any
// arguments that the row allows, is framed as one command with these arguments, and matches that
// row or another one that allows it.
func TestEncoderRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := generator{rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))}
		for _, table := range dialect.All() {
			for i := range table.Rows() {
				row := &table.Rows()[i]
				if err := g.roundTrip(table, row); err != nil {
					rt.Fatalf("%s %s: %s: %v", table.Name(), row.Dir, row.Grammar(), err)
				}
			}
		}
	})
}

type generator struct{ *rand.Rand }

func (g generator) roundTrip(table *dialect.Table, row *dialect.Row) error {
	args, payload := g.args(row), g.bytes(g.IntN(40))
	withTrID := row.TrID != dialect.None && (row.TrID != dialect.Perhaps || len(args) > 0 || g.IntN(2) == 0)
	trid := g.Uint32()
	var e decode.Encoder
	e.Command(g.verb(row))
	if withTrID {
		e.TrID(trid)
	}
	hasLength := len(args) > 0 && args[len(args)-1] == ""
	if hasLength {
		args[len(args)-1] = fmt.Sprint(len(payload))
		e.Arg(args[:len(args)-1]...).Payload(payload)
	} else {
		e.Arg(args...).End()
	}
	wire, err := e.Bytes()
	if err != nil {
		return err
	}

	r := decode.NewReader(row.Dir, table.At(row.Roles))
	r.Feed(wire)
	var m decode.Message
	if !r.Next(&m) || string(m.Raw) != string(wire) || m.Opaque() {
		return fmt.Errorf("%q is not one command but %q", wire, m.Raw)
	}
	if m.HasTrID != withTrID || withTrID && m.TrID != trid {
		return fmt.Errorf("%q has the TrID %d, %v, want %d, %v", wire, m.TrID, m.HasTrID, trid, withTrID)
	}
	if m.NumArgs() != len(args) || hasLength && string(m.Payload()) != string(payload) {
		return fmt.Errorf("%q became %s", wire, summary(&m))
	}
	for i := range args {
		if string(m.Arg(i)) != args[i] {
			return fmt.Errorf("argument %d of %q is %q, want %q", i, wire, m.Arg(i), args[i])
		}
	}
	got := table.Match(row.Dir, row.Roles, &m)
	if got == nil || got.Verb != row.Verb || got.Dir != row.Dir {
		return fmt.Errorf("%q matches %v", wire, got)
	}
	if n := len(args); got != row && (n < got.Min() || got.Max() >= 0 && n > got.Max() || got.Roles&row.Roles == 0) {
		return fmt.Errorf("%q matches %s", wire, got.Grammar())
	}
	return nil
}

func (g generator) verb(row *dialect.Row) string {
	if row.Verb == "###" {
		return fmt.Sprintf("%03d", 100+g.IntN(900))
	}
	return row.Verb
}

// args returns a number of arguments that the row allows, with "" in place of a length.
func (g generator) args(row *dialect.Row) []string {
	n := row.Min()
	switch most := row.Max(); {
	case most < 0:
		n += g.IntN(30)
	case most > n:
		n += g.IntN(most - n + 1)
	}
	args := make([]string, n)
	for i := range args {
		a, _ := row.Arg(i)
		args[i] = g.arg(a)
	}
	return args
}

func (g generator) arg(a dialect.Arg) string {
	switch {
	case a.Is != "":
		return a.Is
	case len(a.Values) > 0:
		return a.Values[g.IntN(len(a.Values))]
	case a.Kind == dialect.Length:
		return ""
	}
	return a.Prefix + g.value(a)
}

func (g generator) value(a dialect.Arg) string {
	switch a.Pattern {
	case dialect.AtEndpoint:
		return g.handle() + ";{" + g.word() + "}"
	case dialect.Networked:
		return fmt.Sprint(g.IntN(40)) + ":" + g.handle()
	case dialect.Paired:
		return fmt.Sprint(g.Uint32(), ":", g.Uint32())
	case dialect.Contact:
		if g.IntN(2) == 0 {
			return "7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9"
		}
	}
	switch a.Kind {
	case dialect.Number, dialect.Serial, dialect.Flags, dialect.Session:
		return fmt.Sprint(g.Uint32())
	case dialect.Self, dialect.Handle:
		return g.handle()
	case dialect.Name:
		return decode.Escape(string(g.bytes(1 + g.IntN(60))))
	case dialect.Object:
		return "%3Cmsnobj" + g.word()
	case dialect.HostPort:
		return [...]string{"0", "10.0.0.5", "10.0.0.5:1863", "[::1]:1863", "msn.example:80"}[g.IntN(5)]
	}
	return g.word()
}

func (g generator) handle() string { return g.word() + "@hotmail.com" }

// word returns a word that begins with a letter, as property names, challenges and the words after
// an error without a number do. So a number never stands where the line could be read in two ways.
func (g generator) word() string {
	b := append([]byte{byte('a' + g.IntN(26))}, g.bytes(g.IntN(20))...)
	for i, c := range b {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';' {
			b[i] = '_'
		}
	}
	return string(b)
}

func (g generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}
