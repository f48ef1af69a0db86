package ui

import (
	"strings"
	"unicode"

	"github.com/gdamore/tcell/v2"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/rivo/uniseg"
)

// cut shortens printable text to the given number of columns.
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

// pad cuts or fills text to exactly the given width.
func pad(text string, width int, ellipsis string) string {
	text = cut(text, width, ellipsis)
	return text + strings.Repeat(" ", max(0, width-uniseg.StringWidth(text)))
}

// put writes text at x, y in at most width columns and returns how many it took. It knows no markup. Control and invisible
// characters, which cannot be in printable text, become question marks.
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
		if w > 0 {
			screen.SetContent(x+used, y, runes[0], runes[1:], style)
		}
		used += w
	}
	return used
}

// shows reports whether the character is one that a terminal shows and nothing else.
func shows(r rune) bool {
	return !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs)
}

// fill writes the style over a part of a line.
func fill(screen tcell.Screen, x, y, width int, style tcell.Style) {
	for i := range max(0, width) {
		screen.SetContent(x+i, y, ' ', nil, style)
	}
}

// seg is a piece of a line in one style, line a line of a pager.
type seg struct {
	text  string
	style tcell.Style
}

type line []seg

// width returns the columns of the line.
func (l line) width() int {
	w := 0
	for _, s := range l {
		w += uniseg.StringWidth(s.text)
	}
	return w
}

// draw writes the line and returns the columns that it took.
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

// wrap cuts printable text into lines of at most width columns, at a blank where there is one in the second half.
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

// printable is the one gate for text from the wire.
func printable(s string) string { return format.Printable(s) }
