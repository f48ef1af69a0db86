package ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"
)

// draw draws all panes. The screen sends the terminal only the cells that have changed.
func (a *App) draw() {
	s := a.screen
	s.Clear()
	s.HideCursor()
	w, h := s.Size()
	if w < minWidth || h < minHeight {
		put(s, 0, 0, w, "too small a window", a.theme.plain)
		return
	}
	if a.o.Steering != nil {
		a.model.SetHeld(a.o.Steering.Held())
	}
	a.layout = arrange(rect{0, 2, w, h - 3}, a.focus, a.wishes())
	a.drawHeader(w)
	a.drawFilter(w)
	a.refresh()
	a.drawPanes()
	if a.figures != nil {
		a.figures.draw(s, rect{0, 2, w, h - 3}, a.model, &a.theme)
	}
	if a.replaying = a.replaying && (a.replays.run != nil || a.form != nil); a.replaying {
		a.drawReplay(rect{0, 2, w, h - 3})
	}
	if a.editor != nil {
		a.drawEditor(rect{0, 2, w, h - 3})
	}
	if a.form != nil {
		a.form.draw(s, rect{0, 2, w, h - 3}, &a.theme)
	}
	if a.picker != nil {
		a.picker.draw(s, rect{0, 2, w, h - 3}, &a.theme)
	}
	if a.overlay != nil {
		a.overlay.draw(s, rect{0, 2, w, h - 3}, &a.theme)
	}
	a.drawFooter(w, h-1)
}

func (a *App) drawPanes() {
	a.marked = a.fieldSpan()
	for p, r := range a.layout.panes {
		if r.w > 0 && pane(p) != a.focus {
			a.drawFrame(pane(p), r)
		}
	}
	a.drawFrame(a.focus, a.layout.panes[a.focus])
	a.joints()
	for p, r := range a.layout.panes {
		if r.w > 0 {
			a.drawTitle(pane(p), r)
		}
	}
	for p, r := range a.layout.panes {
		if r.w == 0 {
			continue
		}
		switch in := r.inner(); pane(p) {
		case treePane:
			a.tree.draw(a.screen, in, a.focus == treePane)
		case listPane:
			a.rows().draw(a.screen, in, a.focus == listPane)
			if a.model.Lines() == 0 {
				put(a.screen, in.x+1, in.y+2, in.w-2, a.nothing(), a.theme.dim)
			}
		case detailPane:
			a.drawDetail(in)
		case bytesPane:
			a.bytes.draw(a.screen, in, &a.theme)
		}
	}
}

// drawDetail draws the detail pane. While it has the focus, the field under the cursor is marked
// and the last lines explain that field.
func (a *App) drawDetail(in rect) {
	text := rect{in.x, in.y, in.w, in.h}
	var means []string
	if a.focus == detailPane && a.fields[a.field].means != "" {
		means = wrap(a.fields[a.field].means, in.w-2)
		means = means[:min(len(means), in.h/3)]
		text.h -= len(means)
	}
	a.detail.draw(a.screen, text, &a.theme)
	if y := a.field - a.detail.top; a.focus == detailPane && a.field >= 0 && y >= 0 && y < text.h {
		highlight(a.screen, rect{in.x, in.y + y, in.w, 1}, a.theme.selected)
	}
	for i, l := range means {
		fill(a.screen, in.x, text.y+text.h+i, in.w, a.theme.label)
		put(a.screen, in.x+1, text.y+text.h+i, in.w-2, l, a.theme.label)
	}
}

// nothing returns the text that explains why there are no rows.
func (a *App) nothing() string {
	switch {
	case a.model.Pending():
		return "looking" + a.theme.g.ellipsis
	case a.o.Log.Len() == 0 && a.o.Live:
		return "nothing yet: point a client here" + a.title()
	case a.o.Log.Len() == 0:
		return "the capture is empty"
	case a.model.Filtered():
		return "no command matches: / changes the filter"
	}
	return "nothing in this scope: Esc shows all"
}

// frameStyle returns the style of a pane's frame and title.
func (a *App) frameStyle(p pane) tcell.Style {
	if p == a.focus {
		return a.theme.focus
	}
	return a.theme.frame
}

func (a *App) drawFrame(p pane, r rect) { box(a.screen, r, a.frameStyle(p), &a.theme) }

// drawTitle draws a pane's title on its frame, and beside it the titles of the panes that share its
// place.
func (a *App) drawTitle(p pane, r rect) {
	x, end := r.x+1, r.x+r.w-1
	for _, tab := range a.tabsOf(p) {
		for _, name := range a.titles(tab, tab == p) {
			look := a.theme.dim
			if tab == p && name.current {
				if look = a.frameStyle(p).Bold(true); p == a.focus {
					look = look.Reverse(true)
				}
			}
			x += put(a.screen, x, r.y, end-x, name.text, look)
		}
	}
	if p == listPane && r.w > 0 {
		a.drawPosition(r)
	}
}

// tabsOf returns the panes that share one place on the screen with p, p included.
func (a *App) tabsOf(p pane) []pane {
	if slices.Contains(a.layout.tabs, p) {
		return a.layout.tabs
	}
	return []pane{p}
}

// drawPosition draws the position of the selection on the frame of the list.
func (a *App) drawPosition(r rect) {
	row, _ := a.model.Selected()
	text := fmt.Sprintf(" %s/%s ", thousands(row+1), thousands(a.model.Lines()))
	put(a.screen, r.x+r.w-1-len(text), r.y+r.h-1, len(text), text, a.theme.dim)
}

// box draws a frame along the edge of r.
func box(s tcell.Screen, r rect, style tcell.Style, t *theme) {
	right, bottom := r.x+r.w-1, r.y+r.h-1
	for x := r.x + 1; x < right; x++ {
		put(s, x, r.y, 1, t.g.h, style)
		put(s, x, bottom, 1, t.g.h, style)
	}
	for y := r.y + 1; y < bottom; y++ {
		put(s, r.x, y, 1, t.g.v, style)
		put(s, right, y, 1, t.g.v, style)
	}
	put(s, r.x, r.y, 1, t.g.tl, style)
	put(s, right, r.y, 1, t.g.tr, style)
	put(s, r.x, bottom, 1, t.g.bl, style)
	put(s, right, bottom, 1, t.g.br, style)
}

// joints draws the characters at which the frames of two panes meet.
func (a *App) joints() {
	g := &a.theme.g
	for _, r := range a.layout.panes {
		for _, o := range a.layout.panes {
			if r.w == 0 || o.w == 0 || r == o {
				continue
			}
			if o.x == r.x+r.w-1 { // o is at the right of r
				a.joint(o.x, o.y, r, o)
				a.joint(o.x, o.y+o.h-1, r, o)
			}
			if o.y == r.y+r.h-1 && o.x == r.x { // o is below r
				put(a.screen, o.x, o.y, 1, g.right, a.theme.frame)
				put(a.screen, o.x+o.w-1, o.y, 1, g.left, a.theme.frame)
			}
		}
	}
}

// joint draws the character where the left side of o has a corner on the right side of r.
func (a *App) joint(x, y int, r, o rect) {
	g := &a.theme.g
	switch y {
	case r.y:
		put(a.screen, x, y, 1, g.down, a.theme.frame)
	case r.y + r.h - 1:
		put(a.screen, x, y, 1, g.up, a.theme.frame)
	default:
		if y > r.y && y < r.y+r.h-1 {
			put(a.screen, x, y, 1, g.right, a.theme.frame)
		}
	}
}

// drawFooter draws the last line of the screen: the prompt, a message, or the hints for keys.
func (a *App) drawFooter(w, y int) {
	t := &a.theme
	held := a.heldHint()
	if held != nil && (a.message.text != "" || a.prompt != nil) { // both are shown
		held = a.heldSign()
		held.draw(a.screen, max(0, w-held.width()), y, w)
		w -= held.width()
	}
	switch {
	case a.prompt != nil && a.prompt.kind != filterPrompt:
		a.drawWrong(w, y-1)
		a.prompt.draw(a.screen, rect{0, y, w, 1}, t)
	case a.prompt != nil && a.prompt.err != nil:
		put(a.screen, 1, y, w-2, complaint(a.prompt.err), t.fail)
	case a.prompt != nil && a.prompt.note != "":
		put(a.screen, 1, y, w-2, printable(a.prompt.note), t.dim)
	case a.message.text != "":
		put(a.screen, 1, y, w-2, a.message.text, a.message.style)
	case held != nil:
		held.draw(a.screen, 0, y, w)
	case a.overlay == nil && !a.covered(): // these have hints of their own
		a.drawHints(w, y)
	}
}

// drawWrong draws, above the prompt, what is wrong with the typed text, or how it may go on.
func (a *App) drawWrong(w, y int) {
	text, style := a.message.text, a.theme.fail
	switch {
	case a.prompt.err != nil:
		text = complaint(a.prompt.err)
	case text == "":
		text, style = printable(a.prompt.note), a.theme.dim
	}
	if text != "" {
		fill(a.screen, 0, y, w, a.theme.plain)
		put(a.screen, 1, y, w-2, text, style)
	}
}

// oneLine joins the lines of an error into one printable line.
func oneLine(text string) string { return printable(strings.Join(strings.Fields(text), " ")) }
