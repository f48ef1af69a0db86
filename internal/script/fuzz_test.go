package script

import (
	"bytes"
	"testing"

	"go.starlark.net/starlark"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// FuzzEdits: whatever a command is, and whatever a script writes into it, each field can be read,
// an edit leaves one whole command, and an edit that is refused leaves the command as it was.
func FuzzEdits(f *testing.F) {
	for _, row := range dialect.MSNP2.Rows() {
		f.Add([]byte(row.Example), row.Dir == decode.FromClient, uint8(row.Roles), "text", "hello\r\nOUT")
	}
	f.Add([]byte("CHG 5 NLN\r\n"), true, uint8(dialect.NS), "State", "a b%20\x00")
	f.Add([]byte("MSG 5 N 2\r\nhi"), true, uint8(dialect.SB), "payload", "XFR 1 NS 10.0.0.1\r\n")
	f.Add([]byte("CHG 5 NLN\r\n"), true, uint8(dialect.NS), "raw", "MSG 5 N 9\r\nhi")
	f.Fuzz(func(t *testing.T, raw []byte, client bool, roles uint8, name, value string) {
		dir := decode.FromServer
		if client {
			dir = decode.FromClient
		}
		role := dialect.Role(roles) & -dialect.Role(roles) // the first of them
		e := event(dir, role, string(raw))
		kept := bytes.Clone(e.In.Raw)
		c := &command{}
		c.begin(e, testConn{}, nil, e.In.Raw)
		c.turn.script = &Script{}
		for field, get := range fields {
			if field != "conn" && get(c) == nil {
				t.Fatalf("%q has no value for %s", raw, field)
			}
		}
		for _, arg := range c.args.AttrNames() {
			if _, err := c.args.Attr(arg); err != nil {
				t.Fatalf("%q: %s: %v", raw, arg, err)
			}
		}
		isWhole := !e.In.Opaque() && whole(e, dir, e.In.Raw) == nil
		before := bytes.Clone(c.out)
		var err error
		if fields[name] != nil {
			err = c.SetField(name, starlark.String(value))
		} else {
			err = c.args.SetField(name, starlark.String(value))
		}
		switch {
		case err != nil && (c.edited || !bytes.Equal(c.out, before)):
			t.Errorf("%q, %s = %q: refused with %v, and it is %q now", raw, name, value, err, c.out)
		case err == nil && isWhole && whole(e, dir, c.out) != nil:
			t.Errorf("%q, %s = %q: %q is not one command: %v", raw, name, value, c.out, whole(e, dir, c.out))
		}
		if !bytes.Equal(e.In.Raw, kept) {
			t.Errorf("%q, %s = %q: what came is %q now", raw, name, value, e.In.Raw)
		}
	})
}
