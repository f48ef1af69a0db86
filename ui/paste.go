package ui

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
	"github.com/msnscope/msnscope/ui/model"
	"github.com/rivo/tview"
)

// pasting collects text between the terminal's marks for pasted text. It is handled as one text,
// not as keys: the list does not take a pasted letter for a key that kills a connection, and a
// prompt takes all of it at once.
type pasting struct {
	lines []string
	cut   bool
	size  int
	cr    bool      // whether the last character was a carriage return
	last  time.Time // the time of the last character
}

// pasteTime is how long a paste may be silent before Ctrl-C counts as a key again: by then the mark
// at its end must have been lost.
const pasteTime = time.Second

// paste handles the marks around pasted text.
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

// take collects a key that comes between the marks. It reports false for a key that does not belong
// to the pasted text.
func (p *pasting) take(e *tcell.EventKey, now time.Time) bool {
	if e.Key() == tcell.KeyCtrlC && now.Sub(p.last) >= pasteTime {
		return false
	}
	cr, last := p.cr, len(p.lines)-1
	p.cr, p.last = e.Key() == tcell.KeyEnter, now
	switch {
	case cr && e.Key() == tcell.KeyCtrlJ: // CR and LF are one line end
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

// insert inserts pasted text at the place where the user is typing. In the editor and the composer
// it keeps its line ends.
func (a *App) insert(p *pasting) {
	var field *tview.InputField
	between := " "
	switch {
	case a.editor != nil && a.editor.typing != nil:
		if field, between = a.editor.typing, `\r\n`; a.editor.IsText(a.editor.At) {
			between = model.BreakSign
		}
	case a.form != nil && a.form.fields[a.form.at].input != nil:
		field = a.form.fields[a.form.at].input
	case a.picker != nil && a.picker.query != nil:
		field = a.picker.query
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
