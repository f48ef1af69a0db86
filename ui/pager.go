package ui

import "github.com/gdamore/tcell/v2"

// source is the content of a pager. Lines are made only when they are drawn, so that their number
// costs nothing.
type source interface {
	Len() int
	Line(i int) line
}

// lines is a source whose lines are made already.
type lines []line

func (l lines) Len() int        { return len(l) }
func (l lines) Line(i int) line { return l[i] }

// pager is a window over a source that scrolls both ways.
type pager struct {
	src       source
	top, left int
	height    int // in lines, when it was last drawn; paging needs it
}

// show replaces the source and scrolls to its beginning.
func (p *pager) show(src source) { p.src, p.top, p.left = src, 0, 0 }

// scroll moves the window down by delta lines; negative is up.
func (p *pager) scroll(delta int) {
	p.top = max(0, min(p.top+delta, p.len()-p.height))
}

// reveal scrolls as little as possible to show a line.
func (p *pager) reveal(i int) { p.scroll(min(0, i-p.top) + max(0, i-p.top-p.height+1)) }

// shift moves the window to the right by delta columns; negative is left.
func (p *pager) shift(delta int) { p.left = max(0, p.left+delta) }

func (p *pager) len() int {
	if p.src == nil {
		return 0
	}
	return p.src.Len()
}

func (p *pager) draw(screen tcell.Screen, r rect, t *theme) {
	p.height = r.h
	p.scroll(0)
	for i := range min(r.h, p.len()-p.top) {
		l := p.src.Line(p.top + i)
		if p.left > 0 {
			l = l.skip(p.left)
		}
		l.draw(screen, r.x, r.y+i, r.w)
	}
	if below := p.len() - p.top - r.h; below > 0 {
		text := " more " + t.g.ellipsis + " "
		put(screen, r.x+r.w-len(" more . "), r.y+r.h, len(text), text, t.dim) // on the frame
	}
}
