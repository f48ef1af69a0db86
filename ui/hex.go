package ui

import (
	"fmt"
	"strings"

	"github.com/msnscope/msnscope/decode/session"
)

// hexDump is bytes as offset, hexadecimal digits and ASCII: a source that makes the lines that are seen.
type hexDump struct {
	title string // a line above, "" for none
	data  []byte
	per   int // bytes a line
	t     *theme
}

// dumps are some dumps below each other.
type dumps []hexDump

// dump shows the bytes as they were received and, where they differ, as they were sent on.
func (a *App) dump(e *session.Event) source {
	per := 8
	if w := a.paneWidth(bytesPane); w >= hexWidth(16) {
		per = 16
	}
	if e.Out == nil {
		return dumps{{"", e.In.Raw, per, &a.theme}}
	}
	return dumps{
		{fmt.Sprintf("received: %d bytes", len(e.In.Raw)), e.In.Raw, per, &a.theme},
		{fmt.Sprintf("%s sent on: %d bytes", a.theme.g.rewritten, len(e.Out)), e.Out, per, &a.theme},
	}
}

// hexWidth returns the columns of a line with per bytes.
func hexWidth(per int) int { return 1 + 4 + 2 + 3*per + 1 + per }

// Len returns the lines of all dumps.
func (d dumps) Len() int {
	n := 0
	for _, h := range d {
		n += h.len()
	}
	return n
}

// Line returns line i.
func (d dumps) Line(i int) line {
	for _, h := range d {
		if i < h.len() {
			return h.line(i)
		}
		i -= h.len()
	}
	return nil
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
	at := i * h.per
	part := h.data[at:min(at+h.per, len(h.data))]
	var digits, text strings.Builder
	for n, c := range part {
		fmt.Fprintf(&digits, "%02x ", c)
		if n == 7 && h.per > 8 {
			digits.WriteByte(' ')
		}
		if c < ' ' || c > '~' {
			c = '.'
		}
		text.WriteByte(c)
	}
	full := 3*h.per + 1
	if h.per > 8 {
		full++
	}
	return line{{fmt.Sprintf(" %04x  ", at), h.t.dim}, {pad(digits.String(), full, ""), h.t.plain}, {text.String(), h.t.label}}
}
