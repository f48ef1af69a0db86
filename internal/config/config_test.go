package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestParse: all ways in which TOML writes a table give the same settings, with their places.
func TestParse(t *testing.T) {
	got, err := Parse([]byte(`# how we serve
[serve]
listen = "127.0.0.1:1863"
notification = 2
no-dispatch = true
user = [ "erin@example.com:a", 'frank@example.com:b"c' ]
set = []

accounts.list = { db = "x", "rate" = 1.5 }

[proxy]
  one-per-write = "150ms"
`))
	want := []Setting{
		{"serve", "listen", []string{"127.0.0.1:1863"}, false, 3, 1},
		{"serve", "notification", []string{"2"}, false, 4, 1},
		{"serve", "no-dispatch", []string{"true"}, false, 5, 1},
		{"serve", "user", []string{"erin@example.com:a", `frank@example.com:b"c`}, true, 6, 1},
		{"serve", "set", []string{}, true, 7, 1},
		{"serve accounts list", "db", []string{"x"}, false, 9, 19},
		{"serve accounts list", "rate", []string{"1.5"}, false, 9, 29},
		{"proxy", "one-per-write", []string{"150ms"}, false, 12, 3},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

// TestParseErrors: each mistake is refused at its place.
func TestParseErrors(t *testing.T) {
	for _, tc := range []struct {
		text         string
		line, column int
		says         string
	}{
		{"listen = \"x\"\n", 1, 1, "listen stands in no table"},
		{"[serve]\nlisten = 127.0.0.1:1863\n", 2, 15, ""},
		{"[serve]\ndb = \"a\"\ndb = \"b\"\n", 3, 1, "db"},
		{"[serve]\nlisten =\n", 2, 9, ""},
		{"[serve\n", 1, 7, ""},
		{"[serve]\nday = 2026-12-01\n", 2, 1, "day must be a text"},
		{"[serve]\n\"\\u001b[1m\" = [[1]]\n", 2, 1, `"\x1b[1m" must be`},
		{"[[serve]]\nx = 1\n", 1, 3, "stands in no table"},
		{"[serve]\nx = \"\xff\"\n", 2, 6, ""},
		{strings.Repeat("#", MaxSize+1), 1, 1, "more than 1048576 bytes"},
	} {
		settings, err := Parse([]byte(tc.text))
		wrong := (*Error)(nil)
		if !errors.As(err, &wrong) {
			t.Errorf("%.40q gives %v, %v, want an error", tc.text, settings, err)
			continue
		}
		if wrong.Line != tc.line || wrong.Column != tc.column || !strings.Contains(wrong.Text, tc.says) {
			t.Errorf("%.40q: %v, want line %d, column %d, and %q", tc.text, err, tc.line, tc.column, tc.says)
		}
	}
}

// FuzzParse: no file makes Parse panic, and each setting has a place in the file.
func FuzzParse(f *testing.F) {
	f.Add([]byte("[serve]\ndb = \"x\"\n[a.b]\nc = [1, 2.5, true]\nd.e = {f = 'g'}\n"))
	f.Add([]byte("a\"b\" = 1\n[\"\"]\n\"\" = 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		settings, err := Parse(text)
		lines := strings.Count(string(text), "\n") + 1
		for _, s := range settings {
			if s.Line < 1 || s.Line > lines || s.Column < 1 || err != nil {
				t.Errorf("%+v, %v", s, err)
			}
		}
	})
}
