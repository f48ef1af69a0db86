package ui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
)

// editing returns an inspector that edits a held message with the body.
func editing(t *testing.T, body string) (*driven, *controls, *session.Event) {
	t.Helper()
	s := newScript()
	s.talk()
	sb := s.open("127.0.0.1:49791", "64.4.13.41:1863", dialect.SB)
	n := len(s.log.events)
	msg := s.c(sb, fmt.Sprintf("MSG 4 N %d\r\n%s", len(body), body))
	s.log.events = s.log.events[:n] // what is held is in no log
	msg.N = 0
	d := &controls{held: []edit.Held{{ID: 8, Event: msg, Since: s.at}}}
	b := open(t, 100, 30, Options{Log: s.log, Live: true, Steering: d, Now: func() time.Time { return s.at }})
	return b.press("e"), d, msg
}

// TestEditorInAnySize: what is typed stays while the terminal gets smaller than anybody uses, and
// larger again.
func TestEditorInAnySize(t *testing.T) {
	b, d, _ := editing(t, "hello")
	b.press("k", "Enter", " you")
	for _, size := range [][2]int{
		{80, 24},
		{47, 12},
		{30, 5},
		{27, 4},
		{10, 3},
		{1, 1},
		{200, 60},
		{1, 60},
		{200, 1},
		{100, 30},
	} {
		b.resize(size[0], size[1])
		b.visible()
		b.press("!", "Left", "Right")
		b.visible()
	}
	b.shows("payload", "hello you!!!!!!!!!!")
	b.resize(60, 14)
	b.shows("hello you!!!!!!!!!!")
	b.press("Enter", "a")
	if want := "replace MSG 4 N 19\r\nhello you!!!!!!!!!!"; d.last() != want {
		t.Errorf("asked for %q, want %q", d.last(), want)
	}
}

// TestEditorOfForeignText: nothing from the wire spoils the screen, and what is looked at in each
// field and changed in none goes on as it came.
func TestEditorOfForeignText(t *testing.T) {
	more := map[string]string{
		"Hebrew": "שלום, עולם! (abc) 123", "Arabic": "مرحبا بالعالم\u200f!",
		"mixed": "a\u202eשb\u2066c\u2069",
	}
	for name, text := range hostile {
		more[name] = text
	}
	for name, text := range more {
		t.Run(name, func(t *testing.T) {
			b, d, msg := editing(t, "Content-Type: text/plain\r\n\r\n"+text)
			for _, key := range []string{
				"k", "Enter", "Home", "End", "Enter", "j", "Enter", "Enter", "v", "Enter",
				"End", "Left", "Enter", "v",
			} {
				b.press(key)
				b.visible()
			}
			b.press("v", "a")
			if want := "replace " + string(msg.In.Raw); d.last() != want {
				t.Errorf("asked for %q, want %q", d.last(), want)
			}
		})
	}
}

// TestEditorOfAMegabyte: of a payload that no line holds the beginning is changed, the rest goes on
// as it was.
func TestEditorOfAMegabyte(t *testing.T) {
	for name, unit := range map[string]string{
		"letters": "x", "escapes": "\x00\xff\\", "wide": "漢字",
		"right to left": "שלום ",
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.Repeat(unit, (1<<20-100)/len(unit)) // the longest that there is, nearly
			b, d, _ := editing(t, body)
			b.press("k", "Enter")
			b.shows("this is the beginning", "bytes more stand behind it and stay")
			if n := len(b.editor.typing.GetText()); n > maxTyped/2 || n < maxTyped/2-16 {
				t.Errorf("%d bytes are typed at a time, want %d", n, maxTyped/2)
			}
			b.press("Home", "new ", "End", "Enter")
			b.shows("new ")
			b.visible()
			b.press("v", "Enter", "Enter", "a")
			want := fmt.Sprintf("replace MSG 4 N %d\r\nnew %s", len(body)+4, body)
			if d.last() != want {
				t.Errorf("asked for %d bytes, want %d: those of before with new ones at the beginning", len(d.last()),
					len(want))
			}
		})
	}
}

// TestFullLine: a text that is too long for a line is refused with a message, and the inspector
// goes on.
func TestFullLine(t *testing.T) {
	b, _, _ := editing(t, "hello")
	b.press("k", "Enter")
	b.editor.typing.SetText(strings.Repeat("x", maxTyped-1))
	b.press("y", "z")
	b.shows("a line has at most 16,384 bytes")
	if got := b.editor.typing.GetText(); len(got) != maxTyped || !strings.HasSuffix(got, "xy") {
		t.Errorf("%d bytes are in the line, want %d with y at the end", len(got), maxTyped)
	}
	b.press("Backspace", "z")
	if got := b.editor.typing.GetText(); !strings.HasSuffix(got, "xz") {
		t.Error("a full line can be changed no more")
	}
}

// TestPaste: what is pasted is typed at once, keeps its lines where a command is edited, and is
// never taken for keys.
func TestPaste(t *testing.T) {
	b, d, _ := editing(t, "hello")
	b.press("k", "Enter")
	b.paste("one\ntwo\tx")
	b.press("Enter", "a")
	if want := "replace MSG 4 N 15\r\nhelloone\r\ntwo x"; d.last() != want {
		t.Errorf("asked for %q, want %q", d.last(), want)
	}

	b, d, _ = editing(t, "hello")
	b.paste("XXaaxx") // in the editor, but nothing is typed
	b.press("Esc")
	b.paste("XXaaxxq") // in the list
	if len(d.asked) > 0 || b.App.quit {
		t.Errorf("what was pasted is taken for keys: %q", d.asked)
	}
	b.shows("nothing is typed here")
	b.press("/")
	b.paste("cmd == \n\"CHG\"")
	b.press("Enter")
	if b.filter != `cmd ==  "CHG"` {
		t.Errorf("the filter is %q", b.filter)
	}

	b, d, _ = editing(t, "hello")
	b.press("Esc", "c")
	b.paste("MSG {trid} N 10\r\n\none\ntwo")
	b.press("Enter")
	if want := `inject C MSG {trid} N 10\r\n\r\none\r\ntwo`; d.last() != want {
		t.Errorf("asked for %q, want %q", d.last(), want)
	}

	b, _, _ = editing(t, "hello")
	b.press("k", "Enter")
	b.paste(strings.Repeat("漢", 1<<20/3))
	b.shows("a line has at most 16,384 bytes: the end of what was pasted is missing")
	if got := b.editor.typing.GetText(); len(got) > maxTyped || len(got) < maxTyped-3 || !strings.HasSuffix(got, "漢") {
		t.Errorf("%d bytes are in the line", len(got))
	}
}

// TestPasteWithoutEnd: if the mark at the end of a paste is lost, Ctrl-C still quits after a
// moment, but no pasted character does.
func TestPasteWithoutEnd(t *testing.T) {
	now := time.Unix(0, 0)
	b := open(t, 100, 30, Options{Log: newScript().log, Now: func() time.Time { return now }})
	b.handle(tcell.NewEventPaste(true))
	for range 3 {
		b.press("q", "Ctrl-C")
		now = now.Add(pasteTime / 2)
	}
	if b.App.quit {
		t.Error("a pasted character ended the inspector")
	}
	now = now.Add(pasteTime)
	if b.press("Ctrl-C"); !b.App.quit {
		t.Error("Ctrl-C does not end the inspector")
	}
}

// paste sends text as a terminal does that is told to mark it.
func (b *driven) paste(text string) {
	b.handle(tcell.NewEventPaste(true))
	for _, r := range text {
		switch r {
		case '\r':
			b.handle(tcell.NewEventKey(tcell.KeyEnter, 0, tcell.ModNone))
		case '\n':
			b.handle(tcell.NewEventKey(tcell.KeyCtrlJ, 0, tcell.ModCtrl))
		case '\t':
			b.handle(tcell.NewEventKey(tcell.KeyTab, 0, tcell.ModNone))
		default:
			b.handle(tcell.NewEventKey(tcell.KeyRune, r, tcell.ModNone))
		}
	}
	b.handle(tcell.NewEventPaste(false))
	b.settle()
}

// TestWhole cuts between characters and escapes.
func TestWhole(t *testing.T) {
	for _, tc := range []struct {
		text string
		most int
		want string
	}{
		{`abc`, 3, `abc`},
		{`abcd`, 3, `abc`},
		{`ab\x00`, 4, `ab`},
		{`ab\x00c`, 6, `ab\x00`},
		{`ab\\\x00`, 4, `ab\\`},
		{`a漢b`, 3, `a`},
		{`\q\q`, 3, `\q\`}, // what a person types is no escape always
		{`abc`, 0, ``},
	} {
		if got := tc.text[:whole(tc.text, tc.most)]; got != tc.want {
			t.Errorf("of %s at most %d bytes are %s, want %s", tc.text, tc.most, got, tc.want)
		}
	}
}

// TestEditText: the text of a message is edited as text, in nine keys from the list, with its
// length corrected; a line end is a sign in it.
func TestEditText(t *testing.T) {
	const head = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n"
	for _, size := range [][2]int{{80, 24}, {140, 42}} {
		b, d, _ := editing(t, head+"Hello, dear Bob!\r\nHow are you?")
		b.resize(size[0], size[1])
		b.shows("headers", `MIME-Version: 1.0\r\nContent-Type`, "text", "Hello, dear Bob!⏎How are you?",
			"is a line end")
		b.press("Enter", "Ctrl-U", "Grüße")
		b.handle(tcell.NewEventKey(tcell.KeyEnter, 0, tcell.ModAlt))
		b.press("you", "Enter", "a")
		text := head + "Grüße\r\nyou"
		if want := fmt.Sprintf("replace MSG 4 N %d\r\n%s", len(text), text); d.last() != want {
			t.Errorf("asked for %q, want %q", d.last(), want)
		}
	}
	b, d, msg := editing(t, head+"untouched\r\n") // what is looked at only goes on as it came
	b.press("Enter", "Enter", "k", "Enter", "Enter", "v", "v", "a")
	if want := "replace " + string(msg.In.Raw); d.last() != want {
		t.Errorf("asked for %q, want %q", d.last(), want)
	}
	boxGoldens(t, "editor", "MSG held 0.0s, connection 4", func() Options {
		_, d, _ := editing(t, head+"Hello, dear Bob!")
		s := newScript()
		s.talk()
		return Options{Log: s.log, Live: true, Steering: d, Now: func() time.Time { return d.held[0].Since }}
	}, "e")
}

// TestEditorShowsProblems before anything is sent, and what the table allows.
func TestEditorShowsProblems(t *testing.T) {
	b, d := steered(t)
	b.press("e", "j")
	b.shows("Tab: NLN")
	b.press("Enter", "Ctrl-U", "XXX", "Enter")
	b.shows(`State is "XXX": it must be one of NLN, `)
	b.press("Enter", "Ctrl-U", "Tab", "Tab", "Enter", "a")
	if want := "replace CHG 21 "; !strings.HasPrefix(d.last(), want) || strings.Contains(d.last(), "XXX") {
		t.Errorf("asked for %q, want a state of the table", d.last())
	}
}

// TestEditElsewhere: E gives the terminal to the user's editor, with the text as lines.
func TestEditElsewhere(t *testing.T) {
	const head = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n"
	b, d, _ := editing(t, head+"one\r\ntwo")
	var saw string
	b.o.Edit = func(path string) error {
		raw, err := os.ReadFile(path)
		saw = string(raw)
		return errors.Join(err, os.WriteFile(path, []byte("one\nand a half\ntwo\n"), 0o600))
	}
	b.press("E", "a")
	if saw != "one\ntwo" {
		t.Errorf("the editor saw %q", saw)
	}
	if !strings.HasSuffix(d.last(), "\r\n\r\none\r\nand a half\r\ntwo") {
		t.Errorf("asked for %q", d.last())
	}
	b, d, _ = editing(t, "hello")
	b.o.Edit = func(string) error { return errors.New("exit status 1") }
	b.press("E")
	b.shows("exit status 1")
	if len(d.asked) > 0 {
		t.Errorf("asked for %q", d.asked)
	}
}

// TestRunEditor runs the user's program, with its arguments and without a shell.
func TestRunEditor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b; touch c")
	o := talk()
	o.Getenv = func(name string) string { return map[string]string{"EDITOR": "cp /dev/null"}[name] }
	b := open(t, 80, 24, o)
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.runEditor(path); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || len(got) > 0 {
		t.Errorf("the editor left %q (%v)", got, err)
	}
}

// TestComposerTemplates: Tab goes through the commands that the table has there, and Up brings back
// what was sent.
func TestComposerTemplates(t *testing.T) {
	b, d := steered(t)
	b.press("g", ":", "27", "Enter", "c", "ch", "Tab")
	b.shows("Send: > CHG {trid} ")
	b.press("Enter")
	if !strings.HasPrefix(d.last(), "inject C CHG {trid} ") {
		t.Errorf("asked for %q", d.last())
	}
	b.press("c", "Up")
	b.shows("Send: > CHG {trid} ")
	b.press("Ctrl-U", "< ", "Tab")
	if text := b.prompt.field.GetText(); !strings.HasPrefix(text, "< ") || len(text) < 6 {
		t.Errorf("Tab offers %q to the client", text)
	}
	e := b.model.Event(27)
	for _, dir := range []decode.Dir{decode.FromClient, decode.FromServer} {
		for _, text := range templates(e, dir) {
			if _, err := edit.Typed(text); err != nil {
				t.Errorf("template %q: %v", text, err)
			}
		}
	}
}
