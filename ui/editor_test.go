package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/steer"
)

// editing returns an inspector that edits a held message with the body.
func editing(t *testing.T, body string) (*bench, *desk, *session.Event) {
	t.Helper()
	s := newScript()
	s.talk()
	sb := s.open("127.0.0.1:49791", "64.4.13.41:1863", dialect.SB)
	n := len(s.log.events)
	msg := s.c(sb, fmt.Sprintf("MSG 4 N %d\r\n%s", len(body), body))
	s.log.events = s.log.events[:n] // what is held is in no log
	d := &desk{held: []steer.Held{{ID: 8, Event: msg, Since: s.at}}}
	b := open(t, 100, 30, Options{Log: s.log, Steering: d, Now: func() time.Time { return s.at }})
	return b.press("e"), d, msg
}

// TestEditorInAnySize: what is typed stays while the terminal gets smaller than anybody uses, and larger again.
func TestEditorInAnySize(t *testing.T) {
	b, d, _ := editing(t, "hello")
	b.press("k", "Enter", " you")
	for _, size := range [][2]int{{80, 24}, {47, 12}, {30, 5}, {27, 4}, {10, 3}, {1, 1}, {200, 60}, {1, 60}, {200, 1}, {100, 30}} {
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

// TestEditorOfForeignText: nothing from the wire spoils the screen, and what is looked at in each field and changed in none goes on as it came.
func TestEditorOfForeignText(t *testing.T) {
	more := map[string]string{"Hebrew": "שלום, עולם! (abc) 123", "Arabic": "مرحبا بالعالم\u200f!", "mixed": "a\u202eשb\u2066c\u2069"}
	for name, text := range hostile {
		more[name] = text
	}
	for name, text := range more {
		t.Run(name, func(t *testing.T) {
			b, d, msg := editing(t, "Content-Type: text/plain\r\n\r\n"+text)
			for _, key := range []string{"k", "Enter", "Home", "End", "Enter", "j", "Enter", "Enter", "v", "Enter", "End", "Left", "Enter", "v"} {
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

// TestEditorOfAMegabyte: of a payload that no line holds the beginning is changed, the rest goes on as it was.
func TestEditorOfAMegabyte(t *testing.T) {
	for name, unit := range map[string]string{"letters": "x", "escapes": "\x00\xff\\", "wide": "漢字", "right to left": "שלום "} {
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
				t.Errorf("asked for %d bytes, want %d: those of before with new ones at the beginning", len(d.last()), len(want))
			}
		})
	}
}

// TestFullLine: who pastes a book into a line hears that it is too much, and the inspector goes on.
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

// TestPaste: what is pasted is typed at once, keeps its lines where a command is edited, and is never taken for keys.
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

// TestPasteWithoutEnd: who loses the mark at the end of what is pasted can get out, but no character that is pasted gets anybody out.
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
func (b *bench) paste(text string) {
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
