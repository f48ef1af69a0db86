package ui

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// pasting is text that the terminal says is pasted, while it comes. It is one thing, not so many keys: a list takes none of it for a key that
// kills a connection, and a line takes all of it at once.
type pasting struct {
	lines []string
	cut   bool
	size  int
	cr    bool      // a carriage return came last
	last  time.Time // when something came last
}

// pasteTime is after how long a silence Ctrl-C is a key again: the mark at the end of what was pasted got lost on its way.
const pasteTime = time.Second

// paste takes the marks around pasted text.
func (a *App) paste(e *tcell.EventPaste) {
	if e.Start() {
		a.pasting = &pasting{lines: []string{""}, last: a.o.Now()}
		return
	}
	if p := a.pasting; p != nil {
		a.pasting = nil
		a.insert(p)
	}
}

// take takes what comes between the marks; it reports false for a key.
func (p *pasting) take(e *tcell.EventKey, now time.Time) bool {
	if e.Key() == tcell.KeyCtrlC && now.Sub(p.last) >= pasteTime {
		return false
	}
	cr, last := p.cr, len(p.lines)-1
	p.cr, p.last = e.Key() == tcell.KeyEnter, now
	switch {
	case cr && e.Key() == tcell.KeyCtrlJ: // both are one end of a line
	case p.size >= maxTyped:
		p.cut = true
	case e.Key() == tcell.KeyRune:
		p.lines[last] += string(e.Rune())
		p.size += utf8.RuneLen(e.Rune())
	case e.Key() == tcell.KeyTab:
		p.lines[last] += " "
		p.size++
	case e.Key() == tcell.KeyEnter, e.Key() == tcell.KeyCtrlJ:
		p.lines = append(p.lines, "")
		p.size += len(`\r\n`)
	}
	return true
}

// insert puts pasted text where something is typed. What is edited of a command, or is to be one, keeps its lines.
func (a *App) insert(p *pasting) {
	var field *tview.InputField
	between := " "
	switch {
	case a.editor != nil && a.editor.typing != nil:
		field, between = a.editor.typing, `\r\n`
	case a.prompt != nil:
		if field = a.prompt.field; a.prompt.kind == injectPrompt {
			between = `\r\n`
		}
	default:
		a.say("nothing is typed here: what was pasted is not taken for keys")
		return
	}
	text := strings.Join(p.lines, between)
	n := whole(text, max(0, maxTyped-len(field.GetText())))
	if p.cut || n < len(text) {
		a.say("a line has at most %s bytes: the end of what was pasted is missing", thousands(maxTyped))
	}
	field.PasteHandler()(text[:n], func(tview.Primitive) {})
	if a.prompt != nil && field == a.prompt.field {
		a.prompt.choices = nil
		a.check()
	}
}
