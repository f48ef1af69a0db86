package ui

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/msnscope/msnscope/ui/model"
)

// mark asks for the letter to put on the selected command.
func (a *App) mark() {
	e := a.selectedEvent()
	if e == nil || e.N == 0 {
		a.say("there is nothing here that could be marked")
		return
	}
	a.say("mark #%d with which letter?", e.N)
	a.pending = func(name string) {
		if r, ok := letter(name); ok {
			a.model.SetMark(r, e.N)
			a.say("#%d is marked %c: ' and %c lead back", e.N, r, r)
		}
	}
}

// letter returns the letter or digit that a key types, and false for any other key.
func letter(name string) (rune, bool) {
	runes := []rune(name)
	return runes[0], len(runes) == 1 && (unicode.IsLetter(runes[0]) || unicode.IsDigit(runes[0]))
}

// jumpToMark lists the marks; the key of a letter jumps there.
func (a *App) jumpToMark() {
	marks := a.model.Marks()
	if len(marks) == 0 {
		a.say("nothing is marked: m marks a command, ; comments on one")
		return
	}
	a.picker = &picker{
		title: "Marks", hint: "a letter or Enter jumps there, Esc closes",
		rows: func(int) []line {
			rows := make([]line, len(marks))
			for i, m := range marks {
				rows[i] = a.markRow(m)
			}
			return rows
		},
		press: func(name string, at int) bool {
			n, ok := uint64(0), false
			if r, isLetter := letter(name); isLetter {
				n, ok = a.model.MarkedBy(r)
			} else if name == "Enter" && at >= 0 {
				n, ok = marks[at].N, true
			}
			if ok {
				a.picker = nil
				a.showEvent(n)
			}
			return ok
		},
	}
}

func (a *App) markRow(m model.Mark) line {
	t, sign := &a.theme, " "
	if m.Letter != 0 {
		sign = string(m.Letter)
	}
	l := line{{sign + " ", t.key}, {fmt.Sprintf("#%d ", m.N), t.dim}}
	if e := a.model.Event(m.N); e != nil {
		l = append(l, seg{called(e) + " ", a.theme.direction(e).Bold(true)},
			seg{cut(says(e), 40, t.g.ellipsis), t.plain})
	}
	if m.Comment != "" {
		l = append(l, seg{"  " + t.g.comment + " " + printable(m.Comment), t.mark})
	}
	return l
}

// comment opens the line for a comment on the selected command.
func (a *App) comment() {
	e := a.selectedEvent()
	if e == nil || e.N == 0 {
		a.say("there is nothing here that could be commented on")
		return
	}
	a.commented = e.N
	a.prompt = a.newPrompt(commentPrompt, fmt.Sprintf("Comment on #%d: ", e.N), a.model.MarkOf(e.N).Comment)
}

// setComment puts a comment on a command. A live recording gets it as a note, since the frame of
// the command is written already.
func (a *App) setComment(n uint64, text string) {
	text = strings.TrimSpace(text)
	a.model.SetComment(n, text)
	a.shown = shown{} // so that the detail shows it
	if text != "" && a.o.Note != nil {
		a.o.Note(fmt.Sprintf("comment on #%d: %s", n, text))
	}
}

// markSigns returns the signs of a row's mark, after a blank.
func (g *glyphs) markSigns(m model.Mark) string {
	text := ""
	if m.Letter != 0 {
		text = " '" + string(m.Letter)
	}
	if m.Comment != "" {
		text += " " + g.comment
	}
	return text
}
