package ui

import (
	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"
)

// canvas is the screen on which the inspector draws each frame from the start. It passes on to the
// terminal's screen only the cells in which a frame differs from the one before. tcell does not do
// that: its Clear marks every cell as changed that is not blank, and all of them are sent again.
type canvas struct {
	tcell.Screen
	w, h        int
	next, shown []glyph     // a row after the other: what is being drawn, and what the terminal shows
	stale       bool        // the terminal may show something else than the field shown
	cursor      [2]int      // the cursor's position in this frame; negative for none
	pointed     [2]int      // the cursor's position on the terminal
	pen         tcell.Style // of the cell that was passed on last
}

// glyph is what one cell shows.
type glyph struct {
	text  string
	style tcell.Style
}

// nowhere is the position of a hidden cursor.
var nowhere = [2]int{-1, -1}

// blankGlyph is an empty cell.
var blankGlyph = glyph{" ", tcell.StyleDefault}

func newCanvas(s tcell.Screen) *canvas {
	return &canvas{Screen: s, stale: true, cursor: nowhere, pointed: nowhere}
}

// Clear begins a frame: all cells become empty, in the terminal's present size.
func (c *canvas) Clear() {
	if w, h := c.Screen.Size(); w != c.w || h != c.h {
		c.w, c.h, c.stale = w, h, true
		c.next, c.shown = make([]glyph, w*h), make([]glyph, w*h)
	}
	for i := range c.next {
		c.next[i] = blankGlyph
	}
}

// Size returns the size of the frame.
func (c *canvas) Size() (width, height int) { return c.w, c.h }

// SetContent sets a cell; one outside the frame is ignored.
func (c *canvas) SetContent(x, y int, primary rune, combining []rune, style tcell.Style) {
	if x < 0 || y < 0 || x >= c.w || y >= c.h {
		return
	}
	text := string(primary)
	if len(combining) > 0 {
		text += string(combining)
	}
	c.next[y*c.w+x] = glyph{text, style}
}

// GetContent returns a cell of this frame.
func (c *canvas) GetContent(x, y int) (primary rune, combining []rune, style tcell.Style, width int) {
	if x < 0 || y < 0 || x >= c.w || y >= c.h {
		return ' ', nil, tcell.StyleDefault, 1
	}
	g := &c.next[y*c.w+x]
	runes := []rune(g.text)
	return runes[0], runes[1:], g.style, max(1, uniseg.StringWidth(g.text))
}

// Get returns a cell, as it stands in this frame.
func (c *canvas) Get(x, y int) (text string, style tcell.Style, width int) {
	primary, combining, style, width := c.GetContent(x, y)
	return string(append([]rune{primary}, combining...)), style, width
}

// Put sets a cell to the first character of a text. It returns the rest, and the width of the cell.
func (c *canvas) Put(x, y int, text string, style tcell.Style) (rest string, width int) {
	cluster, rest, width, _ := uniseg.FirstGraphemeClusterInString(text, -1)
	if runes := []rune(cluster); len(runes) > 0 {
		c.SetContent(x, y, runes[0], runes[1:], style)
	}
	return rest, width
}

// ShowCursor shows the cursor from the end of this frame on.
func (c *canvas) ShowCursor(x, y int) { c.cursor = [2]int{x, y} }

// HideCursor hides the cursor from the end of this frame on.
func (c *canvas) HideCursor() { c.cursor = nowhere }

// Sync sends everything again, for a terminal that may show something else.
func (c *canvas) Sync() {
	c.stale = true
	c.Screen.Sync()
}

// Show ends a frame: what differs from the frame before is sent.
func (c *canvas) Show() {
	changed := c.stale || c.cursor != c.pointed
	c.pen = tcell.StyleDefault
	for y := range c.h {
		changed = c.showRow(y) || changed
	}
	if !changed {
		return
	}
	if c.pointed = c.cursor; c.cursor == nowhere {
		c.Screen.HideCursor()
	} else {
		c.Screen.ShowCursor(c.cursor[0], c.cursor[1])
	}
	c.stale = false
	c.Screen.Show()
}

// showRow passes on the cells of a row that differ, and reports whether there were any.
func (c *canvas) showRow(y int) (changed bool) {
	at, last := y*c.w, -1
	for x := range c.w {
		if !c.stale && c.next[at+x].looksLike(&c.shown[at+x]) {
			continue
		}
		if last >= 0 && c.bridges(at, last, x) {
			for i := last + 1; i < x; i++ {
				c.Screen.SetContent(i, y, unlike(c.next[at+i].text), nil, c.pen) // makes tcell send it again
				c.send(i, y)
			}
		}
		c.send(x, y)
		changed, last = true, x
	}
	return changed
}

// send passes on one cell. An empty one takes the style of what is sent before it where that looks
// the same: changing the style takes more bytes than the cell.
func (c *canvas) send(x, y int) {
	g := c.next[y*c.w+x]
	c.shown[y*c.w+x] = g
	if g.empty() && clean(c.pen) {
		g.style = c.pen
	}
	c.pen = g.style
	runes := []rune(g.text)
	c.Screen.SetContent(x, y, runes[0], runes[1:], g.style)
}

// maxBridge is how many bytes moving the cursor takes within a row.
const maxBridge = 7

// bridges reports whether sending the cells between two of a row again takes fewer bytes than
// moving the cursor across them. It does not where they need another style.
func (c *canvas) bridges(row, from, to int) bool {
	if to-from-1 > maxBridge || len(c.next[row+from].text) > 1 { // after a wide character the cursor is moved anyway
		return false
	}
	size := 0
	for _, g := range c.next[row+from+1 : row+to] {
		if size += len(g.text); size > maxBridge || g.style != c.pen && !(g.empty() && clean(c.pen)) {
			return false
		}
	}
	return true
}

// unlike returns a character that a cell does not have.
func unlike(text string) rune {
	if text == "?" {
		return '!'
	}
	return '?'
}

// empty reports whether the cell shows the terminal's background and nothing else.
func (g *glyph) empty() bool { return g.text == " " && clean(g.style) }

// looksLike reports whether two cells show the same.
func (g *glyph) looksLike(o *glyph) bool { return *g == *o || g.empty() && o.empty() }

// clean reports whether a blank in the style shows the terminal's background only.
func clean(s tcell.Style) bool {
	_, bg, attrs := s.Decompose()
	return bg == tcell.ColorDefault && attrs&(tcell.AttrReverse|tcell.AttrUnderline|tcell.AttrStrikeThrough) == 0
}
