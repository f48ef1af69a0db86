package ui

import "github.com/gdamore/tcell/v2"

// overlay is a text that covers the panes: help, an explanation, the state, the log.
type overlay struct {
	title string
	pager pager
	make  func(width int) lines
	width int
}

func (a *App) show(title string, text func(width int) lines) {
	a.overlay = &overlay{title: title, make: text}
}

// maxText is how many columns a line of prose has at most: longer ones are hard to read.
const maxText = 110

func (o *overlay) draw(screen tcell.Screen, area rect, t *theme) {
	r := area
	if r.w > maxText+4 {
		r.x, r.w = (area.w-maxText-4)/2, maxText+4
	}
	in := r.inner()
	in.x, in.w = in.x+1, in.w-2
	if o.width != in.w {
		o.width, o.pager.src = in.w, o.make(in.w)
	}
	if n := o.pager.len() + 2; n < r.h {
		r.y, r.h = r.y+(r.h-n)/3, n
		in.y, in.h = r.y+1, n-2
	}
	for y := range r.h {
		fill(screen, r.x, r.y+y, r.w, t.plain)
	}
	box(screen, r, t.focus, t)
	put(screen, r.x+2, r.y, r.w-4, " "+o.title+" ", t.focus.Reverse(true))
	put(screen, r.x+2, r.y+r.h-1, r.w-4, " Esc closes, j and k scroll ", t.dim)
	o.pager.draw(screen, in, t)
}

// pressOverlay handles a key while an overlay is shown.
func (a *App) pressOverlay(name string) {
	p := &a.overlay.pager
	switch name {
	case "Esc", "q", "F1", "?", "Enter", "E":
		a.overlay = nil
	case "j", "Down":
		p.scroll(1)
	case "k", "Up":
		p.scroll(-1)
	case "Ctrl-D":
		p.scroll(p.height / 2)
	case "Ctrl-U":
		p.scroll(-p.height / 2)
	case "PgDn", "Space":
		p.scroll(p.height)
	case "PgUp":
		p.scroll(-p.height)
	case "g", "Home":
		p.scroll(-1 << 40)
	case "G", "End":
		p.scroll(1 << 40)
	}
}

// eventLog shows the program's own log.
func (a *App) eventLog() {
	var log []string
	if a.o.Logs != nil {
		log = a.o.Logs()
	}
	if len(log) == 0 {
		a.say("nothing was logged")
		return
	}
	a.show("Log", func(width int) lines {
		var out lines
		for _, l := range log {
			for _, part := range wrap(printable(l), width) {
				out = append(out, line{{part, a.theme.plain}})
			}
		}
		return out
	})
}
