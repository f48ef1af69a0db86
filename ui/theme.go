package ui

import (
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/msnscope/msnscope/decode/session"
)

// theme is how things look: styles by meaning, made of the 16 colours that every terminal has and of its own background, so
// that they can be read on a dark and on a light one.
type theme struct {
	plain, dim, bold  tcell.Style
	title, label, key tcell.Style
	client, server    tcell.Style
	fail, good, mark  tcell.Style
	frame, focus      tcell.Style
	selected, passive tcell.Style
	g                 glyphs
}

// glyphs are the signs that ASCII does not have.
type glyphs struct {
	toServer, toClient, reply          string
	record, open, closed               string
	rewritten, held, dropped           string
	injected, fault, lint              string
	folded, unfolded, ellipsis, branch string
	h, v, tl, tr, bl, br               string
	down, up, left, right              string // where a line of the frame joins another one
}

func newTheme(getenv func(string) string, charset string) theme {
	t := colours()
	if getenv("NO_COLOR") != "" {
		t = plain()
	}
	t.g = unicodeGlyphs
	if getenv("MSNSCOPE_ASCII") != "" || !isUTF8(charset) {
		t.g = asciiGlyphs
	}
	return t
}

func isUTF8(charset string) bool {
	return strings.EqualFold(strings.ReplaceAll(charset, "-", ""), "UTF8")
}

var unicodeGlyphs = glyphs{
	toServer: "→", toClient: "←", reply: "⇄", record: "●", open: "●", closed: "✓",
	rewritten: "✎", held: "⏸", dropped: "✗", injected: "＋", fault: "↯", lint: "⚠",
	folded: "▸", unfolded: "▾", ellipsis: "…", branch: "│",
	h: "─", v: "│", tl: "┌", tr: "┐", bl: "└", br: "┘", down: "┬", up: "┴", left: "┤", right: "├",
}

var asciiGlyphs = glyphs{
	toServer: ">", toClient: "<", reply: "~", record: "o", open: "o", closed: "-",
	rewritten: "*", held: "H", dropped: "x", injected: "+", fault: "F", lint: "!",
	folded: "+", unfolded: "-", ellipsis: ".", branch: "|",
	h: "-", v: "|", tl: "+", tr: "+", bl: "+", br: "+", down: "+", up: "+", left: "+", right: "+",
}

// colours uses only those of the 16 that differ enough from black and from white; what matters most is bold or reversed too.
func colours() theme {
	base := tcell.StyleDefault
	fg := func(c tcell.Color) tcell.Style { return base.Foreground(c) }
	return theme{
		plain: base, dim: fg(tcell.ColorGray), bold: base.Bold(true),
		title: fg(tcell.ColorTeal).Bold(true), label: fg(tcell.ColorTeal), key: fg(tcell.ColorTeal).Bold(true),
		client: fg(tcell.ColorTeal), server: fg(tcell.ColorGreen),
		fail: fg(tcell.ColorRed).Bold(true), good: fg(tcell.ColorGreen).Bold(true), mark: fg(tcell.ColorPurple).Bold(true),
		frame: fg(tcell.ColorGray), focus: fg(tcell.ColorTeal).Bold(true),
		selected: base.Foreground(tcell.ColorWhite).Background(tcell.ColorNavy).Bold(true),
		passive:  base.Foreground(tcell.ColorWhite).Background(tcell.ColorGray),
	}
}

func plain() theme {
	base := tcell.StyleDefault
	bold, reverse := base.Bold(true), base.Reverse(true)
	return theme{
		plain: base, dim: base, bold: bold, title: bold, label: base, key: bold, client: base, server: base,
		fail: bold.Underline(true), good: bold, mark: bold, frame: base, focus: bold,
		selected: reverse.Bold(true), passive: base.Underline(true),
	}
}

// marks are the signs for what happened to a command on its way, each after a blank.
func (g *glyphs) marks(flags session.Flag) string {
	var b strings.Builder
	for _, m := range []struct {
		flags session.Flag
		sign  string
	}{
		{session.Rewritten | session.Edited, g.rewritten},
		{session.Held, g.held},
		{session.Dropped, g.dropped},
		{session.Injected, g.injected},
		{session.Fault, g.fault},
		{session.Lint, g.lint},
	} {
		if flags&m.flags != 0 {
			b.WriteString(" " + m.sign)
		}
	}
	return b.String()
}
