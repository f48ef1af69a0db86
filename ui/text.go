package ui

import (
	"strings"
	"unicode"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"
)

// cut shortens printable text to at most width columns; what is cut off is replaced by ellipsis.
func cut(text string, width int, ellipsis string) string {
	if len(text) <= width { // a byte is never wider than a column
		return text
	}
	used, end, state := 0, 0, -1
	for rest := text; rest != ""; {
		cluster, tail, w, next := uniseg.FirstGraphemeClusterInString(rest, state)
		if used+w > width {
			return text[:end] + ellipsis
		}
		if used+w <= width-uniseg.StringWidth(ellipsis) {
			end += len(cluster)
		}
		used, rest, state = used+w, tail, next
	}
	return text
}

// pad cuts text, or fills it with blanks, to exactly width columns.
func pad(text string, width int, ellipsis string) string {
	text = cut(text, width, ellipsis)
	return text + strings.Repeat(" ", max(0, width-uniseg.StringWidth(text)))
}

// put draws text at x, y in at most width columns and returns how many it took. It knows no markup.
// Control and invisible characters, which printable text does not have, become question marks.
func put(screen tcell.Screen, x, y, width int, text string, style tcell.Style) int {
	used, state := 0, -1
	for text != "" {
		var cluster string
		var w int
		cluster, text, w, state = uniseg.FirstGraphemeClusterInString(text, state)
		runes := []rune(cluster)
		if !shows(runes[0]) {
			runes, w = []rune{'?'}, 1
		}
		if used+w > width {
			break
		}
		for i := w - 1; i >= 0; i-- { // the cells that a wide character hides belong to it
			if i > 0 {
				screen.SetContent(x+used+i, y, ' ', nil, style)
				continue
			}
			screen.SetContent(x+used, y, runes[0], runes[1:], style)
		}
		used += w
	}
	return used
}

// shows reports whether a terminal shows the character, without any other effect.
func shows(r rune) bool {
	return !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs)
}

// fill draws width blanks in a style.
func fill(screen tcell.Screen, x, y, width int, style tcell.Style) {
	for i := range max(0, width) {
		screen.SetContent(x+i, y, ' ', nil, style)
	}
}

// seg is a piece of a line in one style; line is a line of a pager.
type seg struct {
	text  string
	style tcell.Style
}

type line []seg

// width returns how many columns the line takes.
func (l line) width() int {
	w := 0
	for _, s := range l {
		w += uniseg.StringWidth(s.text)
	}
	return w
}

// draw draws the line in at most width columns and returns how many it took.
func (l line) draw(screen tcell.Screen, x, y, width int) int {
	used := 0
	for _, s := range l {
		used += put(screen, x+used, y, width-used, s.text, s.style)
	}
	return used
}

// skip returns the line without its first n columns.
func (l line) skip(n int) line {
	for i, s := range l {
		w := uniseg.StringWidth(s.text)
		if n < w {
			rest, state := s.text, -1
			for n > 0 && rest != "" {
				_, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
				n -= w
			}
			return append(line{{rest, s.style}}, l[i+1:]...)
		}
		n -= w
	}
	return nil
}

// wrap breaks printable text into lines of at most width columns, at a blank if there is one in the
// second half of the line.
func wrap(text string, width int) []string {
	width = max(8, width)
	var lines []string
	for uniseg.StringWidth(text) > width {
		head := cut(text, width, "")
		if i := strings.LastIndexByte(head, ' '); i > len(head)/2 {
			head = head[:i+1]
		}
		lines = append(lines, strings.TrimRight(head, " "))
		text = strings.TrimLeft(text[len(head):], " ")
	}
	return append(lines, text)
}
