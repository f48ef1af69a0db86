package filter_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
)

func TestColumns(t *testing.T) {
	all := events()
	for _, tc := range []struct {
		event, name string
		want        any
	}{
		{"xfr", "n", int64(4)},
		{"xfr", "time", start.Add(500 * time.Millisecond)},
		{"xfr", "trid", int64(9)},
		{"xfr", "reply_to", int64(3)},
		{"xfr", "rtt_ms", 250.0},
		{"xfr", "user", "Bob@hotmail.com"},
		{"xfr", "args.Address", "10.0.0.9:1863"},
		{"xfr", "args.address", "10.0.0.9:1863"},
		{"xfr", "out.raw", "XFR 9 SB 127.0.0.1:1863 CKI 1726.105"},
		{"xfr", "flags", []string{"rewritten"}},
		{"xfr", "args.Nothing", nil},
		{"xfr", "payload.length", nil},
		{"xfr", "payload.headers", nil},
		{"ver", "trid", int64(0)},
		{"ver", "args", map[string][]string{"DialectName": {"MSNP2", "CVR0"}}},
		{"ver", "reply_to", nil},
		{"ver", "flags", nil},
		{"open", "trid", nil},
		{"open", "event", "open"},
		{"open", "size", nil},
		{"msg", "payload.text", "Hello Wörld"},
		{"msg", "payload.headers.x-two", "a b"},
		{
			"msg", "payload.headers",
			map[string][]string{
				"MIME-Version": {"1.0"}, "Content-Type": {"text/plain; charset=UTF-8"},
				"X-Two": {"a", "b"},
			},
		},
		{"latin1", "payload.text", "CAFÉ €"},
	} {
		c, err := filter.Select(tc.name)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		got := c.Append(nil, all[tc.event])[0]
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s of %s is %#v, want %#v", tc.name, tc.event, got, tc.want)
		}
		if typ := c.Types()[0]; got != nil && reflect.TypeOf(got) != reflect.TypeOf(typ) {
			t.Errorf("%s of %s is a %T, the column's type is %T", tc.name, tc.event, got, typ)
		}
	}
}

// TestEmptyIsNotAbsent checks that a text which is there and empty differs from one that is not
// there.
func TestEmptyIsNotAbsent(t *testing.T) {
	bare := &session.Event{In: decode.Parse([]byte("MSG 1 N 19\r\nMIME-Version: 1.0\r\n\r\n"), 'C', dialect.MSNP2)}
	none := &session.Event{In: decode.Parse([]byte("OUT\r\n"), 'C', dialect.MSNP2), Out: []byte{}}
	note := &session.Event{Kind: session.Note}
	c, err := filter.Select("raw", "payload.text", "out.raw", "user")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		e    *session.Event
		want []any
	}{
		{bare, []any{"MSG 1 N 19", "", nil, nil}},
		{none, []any{"OUT", nil, "", nil}},
		{note, []any{nil, nil, nil, nil}},
	} {
		if got := c.Append(nil, tc.e); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("got %#v, want %#v", got, tc.want)
		}
	}
}

// TestAllColumns checks that Select without names returns all fields that have a value of their
// own, for any event.
func TestAllColumns(t *testing.T) {
	c, err := filter.Select()
	if err != nil {
		t.Fatal(err)
	}
	names := " " + strings.Join(c.Names(), " ") + " "
	for _, want := range []string{"n", "time", "cmd", "args", "payload.text", "payload.headers", "flags", "out.raw"} {
		if !strings.Contains(names, " "+want+" ") {
			t.Errorf("%s is missing in%s", want, names)
		}
	}
	for _, surplus := range []string{"payload", "out"} {
		if strings.Contains(names, " "+surplus+" ") {
			t.Errorf("%s is no column, but in%s", surplus, names)
		}
	}
	for name, e := range events() {
		if values := c.Append(nil, e); len(values) != len(c.Names()) || values[0] != int64(e.N) {
			t.Errorf("%s: %v", name, values)
		}
	}
}

func TestColumnErrors(t *testing.T) {
	for name, want := range map[string]string{
		"comand": "unknown field", "cmdd": "did you mean cmd?", "payload": "payload.text", "out": "its parts: out.raw",
		"args.": "unknown field", "": "unknown field", "size > 3": "unknown field", "payload.bogus": "fields: n, time",
	} {
		_, err := filter.Select("n", name)
		if at := (*filter.Error)(nil); !errors.As(err, &at) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", name, err, want)
		}
	}
}
