package ui

import (
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
)

// keyboard is a terminal at which a text is typed, in pieces.
type keyboard struct {
	typist
	pieces chan string
}

func (k *keyboard) Read(b []byte) (int, error) {
	select {
	case s := <-k.pieces:
		return copy(b, s), nil
	case <-k.drained:
		return 0, io.EOF
	}
}

// TestTidy checks what is passed on of each input, whose pieces are between bars.
func TestTidy(t *testing.T) {
	for typed, want := range map[string]string{
		"\xff":                              "?",
		"\xc3|\xa9":                         "é",
		"\xe2|x":                            "?x",
		"caf\xe9 \x80":                      "caf? ?",
		"\x1b]":                             "]",
		"\x1b]0;title\ax":                   "x",
		"\x1b]11;rgb:1/2/3\x1b\\x":          "x",
		"\x1b[200~\x1b]0;t\x1b[201~x":       "\x1b[200~]0;t\x1b[201~x",
		"\x1b_a|b\x1bXc|\x1b^d":             "_abXc^d",
		strings.Repeat("\x1b]52;c;", 10):    strings.Repeat("]52;c;", 10),
		"\x1b[200~\xff\xfe\x9b31m\x1b[201~": "\x1b[200~???31m\x1b[201~",
	} {
		var got, rest []byte
		for piece := range strings.SplitSeq(typed, "|") {
			var out []byte
			out, rest = tidy(append(rest, piece...))
			got = append(got, out...)
		}
		if string(got) != want || len(rest) > 0 {
			t.Errorf("%q becomes %q and %q, want %q", typed, got, rest, want)
		}
	}
}

// TestKeysComeInPieces: a key whose bytes come one by one is one key, and a string for programs is
// none.
func TestKeysComeInPieces(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("LC_ALL", "C.UTF-8")
	tty := &keyboard{typist{drained: make(chan struct{})}, make(chan string)}
	s, err := newTerminal(tty)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Init(); err != nil {
		t.Fatal(err)
	}
	defer s.Fini()
	go func() {
		for piece := range strings.SplitSeq("\xc3|\xa9|\x1b]0;title\ax|\x03", "|") {
			select {
			case tty.pieces <- piece:
			case <-tty.drained:
			}
		}
	}()
	got := ""
	for key := tcell.KeyRune; key != tcell.KeyCtrlC; {
		if e, is := s.PollEvent().(*tcell.EventKey); is {
			if key = e.Key(); key == tcell.KeyRune {
				got += string(e.Rune())
			}
		}
	}
	if got != "éx" {
		t.Errorf("the keys are %q", got)
	}
}

// FuzzTidy: what is passed on is UTF-8, and however the input is cut, no character of it is lost.
func FuzzTidy(f *testing.F) {
	f.Add([]byte("caf\xe9 \x1b]0;x\a \xe2\x82\xac"), 3)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		out, rest := tidy(b)
		if !utf8.Valid(out) || len(rest) >= utf8.UTFMax {
			t.Fatalf("%q leaves %q and %q", b, out, rest)
		}
		if utf8.Valid(b) && !strings.ContainsAny(string(b), "\x1b\ufffd") {
			at = max(0, min(at, len(b)))
			first, rest := tidy(b[:at])
			second, rest := tidy(append(rest, b[at:]...))
			if got := string(first) + string(second) + string(rest); got != string(b) {
				t.Fatalf("%q, cut at %d, becomes %q", b, at, got)
			}
		}
	})
}
