package ui

import (
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// theme holds styles by their meaning. They use the 16 colours that every terminal has and its own
// background, so that they are readable on dark and on light ones.
type theme struct {
	plain, dim, bold  tcell.Style
	title, label, key tcell.Style
	client, server    tcell.Style
	fail, good, mark  tcell.Style
	frame, focus      tcell.Style
	selected, passive tcell.Style
	g                 glyphs
}

// glyphs are the characters that ASCII lacks, or their replacements.
type glyphs struct {
	toServer, toClient, reply          string
	record, open, closed               string
	rewritten, held, dropped           string
	injected, fault, comment, lint     string
	folded, unfolded, ellipsis, branch string
	cut                                string // between the bytes of two TCP segments
	h, v, tl, tr, bl, br               string
	down, up, left, right              string    // the joints of the lines of frames
	headLeft, headRight, dash, linked  string    // of the ladder's arrows
	bars, columns                      [9]string // eighths of a cell, from the left and from below
}

// newTheme returns the theme for a terminal with the given charset and number of colours, many.
func newTheme(getenv func(string) string, charset string, many int) theme {
	t := colours()
	switch {
	case getenv("NO_COLOR") != "" || many < 8:
		t = plain()
	case many < 16:
		t = eight()
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
	rewritten: "✎", held: "⏸", dropped: "✗", injected: "＋", fault: "↯", comment: "✍", lint: "⚠",
	folded: "▸", unfolded: "▾", ellipsis: "…", branch: "│", cut: "┊",
	h: "─", v: "│", tl: "┌", tr: "┐", bl: "└", br: "┘", down: "┬", up: "┴", left: "┤", right: "├",
	headLeft: "◀", headRight: "▶", dash: "╌", linked: "◆",
	bars:    [9]string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"},
	columns: [9]string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
}

var asciiGlyphs = glyphs{
	toServer: ">", toClient: "<", reply: "~", record: "o", open: "o", closed: "-",
	rewritten: "*", held: "H", dropped: "x", injected: "+", fault: "F", comment: "\"", lint: "L",
	folded: "+", unfolded: "-", ellipsis: ".", branch: "|", cut: "|",
	h: "-", v: "|", tl: "+", tr: "+", bl: "+", br: "+", down: "+", up: "+", left: "+", right: "+",
	headLeft: "<", headRight: ">", dash: ".", linked: "#",
	bars:    [9]string{"", ".", ".", "-", "-", "-", "=", "=", "="},
	columns: [9]string{" ", ".", ".", ":", ":", ":", "|", "|", "|"},
}

// colours uses those of the 16 colours that stand out from both black and white; what matters most
// is also bold or reversed.
func colours() theme {
	base := tcell.StyleDefault
	fg := func(c tcell.Color) tcell.Style { return base.Foreground(c) }
	return theme{
		plain: base, dim: fg(tcell.ColorGray), bold: base.Bold(true),
		title: fg(tcell.ColorTeal).Bold(true), label: fg(tcell.ColorTeal), key: fg(tcell.ColorTeal).Bold(true),
		client: fg(tcell.ColorTeal), server: fg(tcell.ColorGreen),
		fail: fg(tcell.ColorRed).Bold(true), good: fg(tcell.ColorGreen).Bold(true),
		mark:  fg(tcell.ColorPurple).Bold(true),
		frame: fg(tcell.ColorGray), focus: fg(tcell.ColorTeal).Bold(true),
		selected: base.Foreground(tcell.ColorWhite).Background(tcell.ColorNavy).Bold(true),
		passive:  base.Foreground(tcell.ColorWhite).Background(tcell.ColorGray),
	}
}

// eight is for terminals with 8 colours, of which none is grey: secondary text is dim, and what is
// selected is reversed.
func eight() theme {
	t, base := colours(), tcell.StyleDefault
	t.dim, t.frame = base.Dim(true), base.Dim(true)
	t.selected, t.passive = base.Reverse(true).Bold(true), base.Underline(true)
	return t
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

// marks returns the marks for what happened to a command on its way, each after a blank.
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
	} {
		if flags&m.flags != 0 {
			b.WriteString(" " + m.sign)
		}
	}
	return b.String()
}

// selection returns the style of the selected row.
func (t *theme) selection(focused bool) tcell.Style {
	if focused {
		return t.selected
	}
	return t.passive
}

// numberStyle returns the style of a row's number, or of the sign in its place. It stands out if
// the row was selected with Space.
func (t *theme) numberStyle(picked bool) tcell.Style {
	if picked {
		return t.mark.Reverse(true)
	}
	return t.dim
}

// direction returns the style of a command: by its direction, and red for an error.
func (t *theme) direction(e *session.Event) tcell.Style {
	switch {
	case e.Flags&(session.Error|session.Missing) != 0:
		return t.fail
	case e.Kind != session.Command:
		return t.dim
	case e.Dir == decode.FromClient:
		return t.client
	}
	return t.server
}
