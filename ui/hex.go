package ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"

	"github.com/msnscope/msnscope/decode/session"
)

// hexDump is a source for bytes as offset, hexadecimal digits and ASCII. It makes only the lines
// that are shown.
type hexDump struct {
	title string // a line above, "" for none
	data  []byte
	per   int // bytes a line
	t     *theme
	mark  *span // the bytes of the field under the cursor, nil where it is not among these
	cuts  []int // before which bytes another TCP segment begins
}

// dumps are several dumps, one below the other.
type dumps []hexDump

// dump returns the bytes of an event as they were received and, where they differ, as they were
// sent on.
func (a *App) dump(e *session.Event) source {
	per := 8
	if w := a.paneWidth(bytesPane); w >= hexWidth(16) {
		per = 16
	}
	came := fmt.Sprintf("received: %d bytes", len(e.In.Raw))
	if packets := e.Packets.String(); packets != "" {
		came += ", packets " + packets
	}
	if len(e.Cuts) > 0 {
		came += ", " + a.theme.g.cut + " between them"
	}
	if len(e.In.Raw) == 0 && len(e.Out) == 0 { // an empty pane would look like a fault
		return dumps{{title: "no bytes: this is no command", per: per, t: &a.theme}}
	}
	if e.Out == nil {
		if e.Packets == (session.Packets{}) {
			came = ""
		}
		return dumps{{came, e.In.Raw, per, &a.theme, &a.marked, e.Cuts}}
	}
	return dumps{
		{came, e.In.Raw, per, &a.theme, &a.marked, e.Cuts},
		{fmt.Sprintf("%s sent on: %d bytes", a.theme.g.rewritten, len(e.Out)), e.Out, per, &a.theme, nil, nil},
	}
}

// hexWidth returns how many columns a line of per bytes takes.
func hexWidth(per int) int { return 1 + 4 + 2 + 3*per + 1 + per }

// Len returns the number of lines of all dumps together.
func (d dumps) Len() int {
	n := 0
	for _, h := range d {
		n += h.len()
	}
	return n
}

// Line returns line i, counted over all dumps.
func (d dumps) Line(i int) line {
	for _, h := range d {
		if i < h.len() {
			return h.line(i)
		}
		i -= h.len()
	}
	return nil
}

// lineOf returns the line of a byte of the first dump.
func (d dumps) lineOf(at int) int {
	n := at / d[0].per
	if d[0].title != "" {
		n++
	}
	return n
}

func (h *hexDump) len() int {
	n := (len(h.data) + h.per - 1) / h.per
	if h.title != "" {
		n++
	}
	return n
}

func (h *hexDump) line(i int) line {
	if h.title != "" {
		if i == 0 {
			return line{{" " + h.title, h.t.title}}
		}
		i--
	}
	from := i * h.per
	to := min(from+h.per, len(h.data))
	full := 3*h.per + 1
	if h.per > 8 {
		full++
	}
	l := line{{fmt.Sprintf(" %04x ", from), h.t.dim}, {" ", h.t.dim}}
	if h.cutAt(from) {
		l[1] = seg{h.t.g.cut, h.t.mark}
	}
	digits, width := h.styled(from, to, h.t.plain, hexDigits)
	l = append(append(l, digits...), seg{strings.Repeat(" ", max(0, full-width)), h.t.plain})
	text, _ := h.styled(from, to, h.t.label, hexText)
	return append(l, text...)
}

// hexDigits returns byte n of a line as digits, with the blanks after it.
func hexDigits(c byte, n int) string {
	if n == 7 {
		return fmt.Sprintf("%02x  ", c)
	}
	return fmt.Sprintf("%02x ", c)
}

// hexText returns a byte as a character.
func hexText(c byte, _ int) string {
	if c < ' ' || c > '~' {
		return "."
	}
	return string(rune(c))
}

// cutAt reports whether another TCP segment begins at a byte.
func (h *hexDump) cutAt(at int) bool {
	_, found := slices.BinarySearch(h.cuts, at)
	return found
}

// styled returns the bytes of a line in a style, those of the field under the cursor in that of the
// selection, and the width of all.
func (h *hexDump) styled(from, to int, style tcell.Style, form func(c byte, n int) string) (l line, width int) {
	for at := from; at < to; at++ {
		text, look := form(h.data[at], at-from), style
		if h.mark != nil && at >= h.mark.from && at < h.mark.to {
			look = h.t.selected
		}
		width += len(text)
		if at+1 < to && len(text) > 1 && h.cutAt(at+1) {
			l = append(l, seg{text[:len(text)-1], look}, seg{h.t.g.cut, h.t.mark})
			continue
		}
		if n := len(l); n > 0 && l[n-1].style == look {
			l[n-1].text += text
			continue
		}
		l = append(l, seg{text, look})
	}
	return l, width
}
