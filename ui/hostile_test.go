package ui

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/gdamore/tcell/v2"
	"github.com/msnscope/msnscope/decode/dialect"
)

// hostile is what a peer may send to spoil a terminal or a screen.
var hostile = map[string]string{
	"markup":        "[#ff0000:blue]x[red]evil[-] [::b]bold [\"region\"]x[\"\"] [#ff0000:blue]y[white[] []",
	"half a tag":    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa[red aaaaaaaaaaaaaa [::",
	"escapes":       "\x1b[2J\x1b[31m\x1b]52;c;ZXZpbA==\x07\x1b]0;title\x1b\\",
	"c1":            "\u009b31m\u0085\u0090q\u009c \x9b31m",
	"right to left": "abc\u202egnp.exe\u2066x\u2069\u200f\u061c",
	"nul":           "a\x00b\x7fc\x08\x08\x08",
	"wide":          strings.Repeat("漢字", 200) + "👨\u200d👩\u200d👧",
	"combining":     "Z" + strings.Repeat("\u0301", 300) + "algo",
	"latin-1":       "caf\xe9 \xff\xfe \xc3\x28",
	"long":          strings.Repeat("x", 1500),
	"invisible":     "a\u200bb\ufeffc\u00add\U000e0041\u2028e",
}

// TestForeignTextIsHarmless puts hostile text into every place that the wire fills, and looks at
// every pane in every layout.
func TestForeignTextIsHarmless(t *testing.T) {
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			word := strings.NewReplacer(" ", "_", "\r", "", "\n", "").Replace(text)
			s := newScript()
			ns := s.open(word, word+":1863", dialect.NS)
			s.s(ns, "USR 5 OK "+word+"@hotmail.com "+word+"\r\n")
			s.s(ns, "ADD 0 RL "+word+" "+word+"@hotmail.com "+word+"\r\n")
			s.s(ns, "NLN "+word+" "+word+"@aol.com "+word+"\r\n")
			sb := s.open(word, word+":1863", dialect.SB)
			s.c(sb, "USR 1 "+word+"@hotmail.com 1."+word+"\r\n")
			s.s(sb, "USR 1 OK "+word+"@hotmail.com "+word+"\r\n")
			s.s(sb, "CAL 1 RINGING "+word+"\r\n")
			s.rewritten(sb, "XFR 1 SB "+word+":1 CKI "+word+"\r\n", "XFR 1 SB "+word+word+" CKI x\r\n")
			body := "MIME-Version: 1.0\r\nContent-Type: text/plain\r\nX-" + word + ": " + word + "\r\n\r\n" + text +
				"\r\n" + text
			s.s(sb, fmt.Sprintf("MSG %s@hotmail.com %s %d\r\n%s", word, word, len(body), body))
			s.s(sb, "JOI\t"+word+" "+word+"\r\n")
			s.s(sb, word+"\r\n")
			s.s(sb, "913 1 "+word+"\r\n")
			s.log.Append(sb.Note(s.tick(), text), sb.Close(s.tick(), text))
			o := Options{
				Log: s.log, Title: func() string { return text }, Status: func() string { return text },
				Logs: func() []string { return []string{text} },
			}
			b := open(t, 140, 42, o)
			for range s.log.Len() {
				b.harmless()
				b.press("j")
			}
			for _, key := range []string{"F4", "K", "d", "F5", "L", "L", "L", "V", "J", "Esc", "S", "3", "4", "Esc"} {
				b.press(key)
				b.harmless()
			}
			b.press("Esc", "Esc")
			b.press("3", "l", "l")
			b.harmless()
			for _, size := range [][2]int{{120, 30}, {47, 12}} {
				b.resize(size[0], size[1])
				for _, keys := range []string{"1jj", "2Gkk", "3l", "4l", "E"} {
					b.press(keys)
					b.harmless()
				}
				b.press("q")
			}
		})
	}
}

// visible fails the test if a cell holds what is no visible character, or has a colour of the
// wire's.
func (b *driven) visible() {
	b.t.Helper()
	w, h := b.glass.Size()
	for y := range h {
		for x := range w {
			text, style, _ := b.glass.SimulationScreen.Get(x, y)
			if len(text) == 1 && text >= " " && text <= "~" && style == tcell.StyleDefault {
				continue
			}
			for _, r := range text {
				if !shows(r) && r != 0 || unicode.Is(unicode.Bidi_Control, r) {
					b.t.Fatalf("U+%04X at %d, %d", r, x, y)
				}
			}
			if fg, bg, _ := style.Decompose(); fg.IsRGB() || bg == tcell.ColorBlue || bg == tcell.ColorRed {
				b.t.Fatalf("a colour from the wire at %d, %d: %v on %v", x, y, fg, bg)
			}
		}
	}
}

// harmless is visible, and fails the test if a frame is broken: then text ran over it.
func (b *driven) harmless() {
	b.t.Helper()
	b.visible()
	if b.overlay != nil || b.picker != nil || b.figures != nil {
		return
	}
	for p, r := range b.layout.panes {
		for y := r.y + 1; r.w > 0 && y < r.y+r.h-1; y++ {
			for _, x := range []int{r.x, r.x + r.w - 1} {
				if edge, _, _ := b.glass.SimulationScreen.Get(x, y); !strings.Contains("│├┤┬┴", edge) {
					b.t.Fatalf("the frame of %s is %q at %d, %d:\n%s", paneNames[p], edge, x, y, b.glass.text())
				}
			}
		}
	}
}

func TestMarkupIsShownAsItIs(t *testing.T) {
	s := newScript()
	sb := s.open("127.0.0.1:1", "", dialect.SB)
	s.s(sb, "JOI bob@hotmail.com [red]evil[-][::b]\r\n")
	b := open(t, 120, 30, Options{Log: s.log})
	b.press("j")
	if n := strings.Count(b.glass.text(), "[red]evil[-][::b]"); n < 2 { // list and detail
		t.Errorf("the markup is shown %d times, want it in list and detail:\n%s", n, b.glass.text())
	}
}

func TestCutAndWrapKeepWidths(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"abcdef", 6, "abcdef"},
		{"abcdefg", 6, "abcde…"},
		{"漢字漢字", 6, "漢字…"},
		{"漢字漢", 6, "漢字漢"},
		{"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"},
	} {
		if got := cut(c.text, c.width, "…"); got != c.want {
			t.Errorf("cut(%q, %d) = %q, want %q", c.text, c.width, got, c.want)
		}
	}
	if got, want := strings.Join(wrap("one two three four", 10), "|"), "one two|three four"; got != want {
		t.Errorf("wrap = %q, want %q", got, want)
	}
	if got := strings.Join(wrap(strings.Repeat("漢", 20), 9), ""); got != strings.Repeat("漢", 20) {
		t.Errorf("wrap lost something: %q", got)
	}
}
