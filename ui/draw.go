package ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"
)

// draw paints everything; what stayed the same is not sent to the terminal again: that is the screen's business.
func (a *App) draw() {
	s := a.screen
	s.Clear()
	s.HideCursor()
	w, h := s.Size()
	if w < minWidth || h < minHeight {
		put(s, 0, 0, w, "too small a window", a.theme.plain)
		return
	}
	a.layout = arrange(rect{0, 2, w, h - 3}, a.focus)
	a.drawHeader(w)
	a.drawFilter(w)
	a.refresh()
	a.drawPanes()
	if a.editor != nil {
		a.drawEditor(rect{0, 2, w, h - 3})
	}
	if a.overlay != nil {
		a.overlay.draw(s, rect{0, 2, w, h - 3}, &a.theme)
	}
	a.drawFooter(w, h-1)
}

func (a *App) drawPanes() {
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
			a.list.draw(a.screen, in, a.focus == listPane)
			if a.model.Rows() == 0 {
				put(a.screen, in.x+1, in.y+2, in.w-2, a.nothing(), a.theme.dim)
			}
		case detailPane:
			a.detail.draw(a.screen, in, &a.theme)
		case bytesPane:
			a.bytes.draw(a.screen, in, &a.theme)
		}
	}
}

// nothing says why there are no rows.
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

// frameStyle is that of a pane's frame and name.
func (a *App) frameStyle(p pane) tcell.Style {
	if p == a.focus {
		return a.theme.focus
	}
	return a.theme.frame
}

func (a *App) drawFrame(p pane, r rect) { box(a.screen, r, a.frameStyle(p), &a.theme) }

// drawTitle writes the name of a pane on its frame; the panes that share its place are named beside it.
func (a *App) drawTitle(p pane, r rect) {
	t, s, style := &a.theme, a.screen, a.frameStyle(p)
	x, end := r.x+1, r.x+r.w-1
	for _, tab := range a.tabsOf(p) {
		look := t.dim
		if tab == p {
			look = style.Bold(true)
			if p == a.focus {
				look = look.Reverse(true)
			}
		}
		x += put(s, x, r.y, end-x, fmt.Sprintf(" %d %s ", tab+1, paneNames[tab]), look)
	}
	if p == listPane && r.w > 0 {
		a.drawPosition(r)
	}
}

// tabsOf returns the panes that take turns in the place of p.
func (a *App) tabsOf(p pane) []pane {
	if slices.Contains(a.layout.tabs, p) {
		return a.layout.tabs
	}
	return []pane{p}
}

// drawPosition says on the list's frame where in it the selection is.
func (a *App) drawPosition(r rect) {
	row, _ := a.model.Selected()
	text := fmt.Sprintf(" %s/%s ", thousands(row+1), thousands(a.model.Rows()))
	put(a.screen, r.x+r.w-1-len(text), r.y+r.h-1, len(text), text, a.theme.dim)
}

// box paints the lines around r.
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

// joints mends the corners at which two frames meet.
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

// joint puts the sign for where a corner of o, at its left side, meets the right side of r.
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

// drawFooter paints the last line: the line that is being typed, a message, or the keys.
func (a *App) drawFooter(w, y int) {
	t := &a.theme
	held := a.heldLine()
	switch {
	case a.prompt != nil && a.prompt.kind != filterPrompt:
		a.drawWrong(w, y-1)
		a.prompt.draw(a.screen, rect{0, y, w, 1}, t)
	case a.prompt != nil && a.prompt.err != nil:
		put(a.screen, 1, y, w-2, complaint(a.prompt.err), t.fail)
	case a.message.text != "":
		put(a.screen, 1, y, w-2, a.message.text, a.message.style)
	case held != nil:
		held.draw(a.screen, 0, y, w)
	default:
		a.drawHints(w, y)
	}
}

// drawWrong says above the line that is being typed what is wrong with it.
func (a *App) drawWrong(w, y int) {
	text := a.message.text
	if a.prompt.err != nil {
		text = complaint(a.prompt.err)
	}
	if text != "" {
		fill(a.screen, 0, y, w, a.theme.plain)
		put(a.screen, 1, y, w-2, text, a.theme.fail)
	}
}

func (a *App) drawHints(w, y int) {
	x := 0
	for _, k := range keyTable() {
		if k.hint == "" {
			continue
		}
		name, _, _ := strings.Cut(k.keys, " ")
		if x+len(name)+len(k.hint)+2 > w {
			return
		}
		x += put(a.screen, x, y, w-x, " "+name, a.theme.key)
		x += put(a.screen, x, y, w-x, " "+k.hint+" ", a.theme.plain)
	}
}

// oneLine makes one printable line of an error that may have several.
func oneLine(text string) string { return printable(strings.Join(strings.Fields(text), " ")) }
