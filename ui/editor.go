package ui

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/ui/model"
)

// editor is the editor of a held command, with what is being typed.
type editor struct {
	*model.Editor
	warned bool              // the user has been warned that the bytes are no whole command
	typing *tview.InputField // the input field, nil while the keys move between fields
	rest   string            // the end of the value, which cannot be changed
}

// editHeld opens the editor for the held command that the keys act on.
func (a *App) editHeld() {
	a.withHeld(func(_ model.Steering, h edit.Held) error {
		a.openEditor(h)
		return nil
	})
}

func (a *App) openEditor(h edit.Held) { a.editor = &editor{Editor: model.NewEditor(h)} }

// set stores the text of the selected field.
func (d *editor) set(text string) error {
	d.warned = false
	return d.Set(text)
}

// pressEditor handles a key while the editor is open.
func (a *App) pressEditor(e *tcell.EventKey, name string) {
	d := a.editor
	if d.typing != nil {
		a.pressField(e, name)
		return
	}
	a.message = seg{}
	switch name {
	case "Esc", "q":
		a.editor = nil
	case "j", "Down", "Tab":
		d.At = (d.At + 1) % d.Len()
	case "k", "Up", "Shift-Tab":
		d.At = (d.At + d.Len() - 1) % d.Len()
	case "Enter", "e":
		a.typeField()
	case "v":
		a.report(d.Toggle())
	case "E":
		a.editElsewhere()
	case "a":
		a.sendEdited(1)
	case "D":
		a.sendEdited(2)
	case "x":
		a.report(a.o.Steering.Replace(d.Held.ID))
		a.editor = nil
	}
}

const maxTyped = model.MaxTyped

// typeField opens the selected field for typing; of a long one only the beginning can be changed.
func (a *App) typeField() {
	d := a.editor
	text := *d.Value()
	n := whole(text, maxTyped/2)
	d.typing, d.rest = tview.NewInputField().SetText(text[:n]).SetFieldStyle(a.theme.bold), text[n:]
	d.typing.SetBackgroundColor(tcell.ColorDefault)
	d.typing.Focus(func(tview.Primitive) {})
	if d.rest != "" {
		a.say("this is the beginning: %s bytes more stand behind it and stay", thousands(len(d.rest)))
	}
}

// whole returns the length of the longest beginning of quoted text that has at most most bytes and
// cuts neither a character nor an escape.
func whole(text string, most int) int {
	if len(text) <= most {
		return len(text)
	}
	for at := 0; ; {
		_, n := utf8.DecodeRuneInString(text[at:])
		if _, _, tail, err := strconv.UnquoteChar(text[at:], 0); err == nil {
			n = len(text) - at - len(tail)
		}
		if at+n > most {
			return at
		}
		at += n
	}
}

// typeInto passes a key to an input field, unless the field is full.
func (a *App) typeInto(f *tview.InputField, e *tcell.EventKey) {
	if e.Key() == tcell.KeyRune && len(f.GetText()) >= maxTyped {
		a.say("a line has at most %s bytes", thousands(maxTyped))
		return
	}
	f.InputHandler()(e, func(tview.Primitive) {})
}

// pressField handles a key while a field is being typed.
func (a *App) pressField(e *tcell.EventKey, name string) {
	d := a.editor
	if name == "Enter" && e.Modifiers()&tcell.ModAlt != 0 && d.IsText(d.At) {
		e, name = tcell.NewEventKey(tcell.KeyRune, []rune(model.BreakSign)[0], tcell.ModNone), model.BreakSign
	}
	switch name {
	case "Esc":
		d.typing = nil
	case "Tab":
		if words := d.Allowed(d.At); words != nil {
			at := slices.Index(words, d.typing.GetText())
			d.typing.SetText(words[(at+1)%len(words)])
		}
	case "Enter":
		text := d.typing.GetText() + d.rest
		d.typing = nil
		a.message = seg{}
		a.report(d.set(text))
	default:
		a.typeInto(d.typing, e)
	}
}

// sendEdited releases the command as it now stands, times times. An invalid command stays in the
// editor; one that is not a whole command is sent at the second try.
func (a *App) sendEdited(times int) {
	d := a.editor
	err := d.Send(a.o.Steering, times, d.warned)
	if not := (*model.UnwholeError)(nil); errors.As(err, &not) {
		d.warned = true
		a.report(fmt.Errorf("the same key again sends it all the same: %w", err))
		return
	}
	if _, wrong := d.Bytes(); wrong == nil { // else it stays in the editor
		a.editor = nil
	}
	a.report(err)
}

// drawEditor draws the editor over the panes.
func (a *App) drawEditor(area rect) {
	d, t, s := a.editor, &a.theme, a.screen
	r := area
	if r.w > maxText+4 {
		r.x, r.w = (area.w-maxText-4)/2, maxText+4
	}
	r.h = min(area.h, d.Len()+5)
	r.y += (area.h - r.h) / 3
	for y := range r.h {
		fill(s, r.x, r.y+y, r.w, t.plain)
	}
	box(s, r, t.focus, t)
	head := fmt.Sprintf(" %s held %.1fs, connection %d ", printable(d.Held.Event.In.Verb.String()),
		a.o.Now().Sub(d.Held.Since).Seconds(), d.Held.Event.Conn)
	if !slices.ContainsFunc(a.o.Steering.Held(), func(h edit.Held) bool { return h.ID == d.Held.ID }) {
		head = fmt.Sprintf(" %s is no longer waiting, connection %d ", printable(d.Held.Event.In.Verb.String()),
			d.Held.Event.Conn)
	}
	put(s, r.x+2, r.y, r.w-4, head, t.focus.Reverse(true))
	put(s, r.x+2, r.y+r.h-1, r.w-4,
		" Enter edits, a goes on, D twice, x drops, v bytes, E $EDITOR, Esc leaves it held ", t.dim)
	in := r.inner()
	first := max(0, d.At-in.h+2)
	for i := first; i < d.Len() && i-first < in.h-1; i++ {
		a.drawField(rect{in.x + 1, in.y + i - first, in.w - 2, 1}, i)
	}
	if in.h > d.Len() {
		note, style := d.advice(), t.dim
		if err := d.Problem(); err != nil {
			note, style = oneLine(err.Error()), t.fail
		}
		put(s, in.x+1, in.y+in.h-1, in.w-2, cut(note, in.w-2, t.g.ellipsis), style)
	}
}

// advice returns what may be typed into the selected field.
func (d *editor) advice() string {
	switch words := d.Allowed(d.At); {
	case words != nil:
		return "Tab: " + strings.Join(words, " ")
	case d.IsText(d.At):
		return "Alt-Enter, or " + model.BreakSign + ", is a line end; lengths are corrected"
	}
	return "as it goes on; lengths are corrected"
}

// labelWidth is wide enough for the longest of the common argument names.
const labelWidth = 26

func (a *App) drawField(r rect, i int) {
	d, t := a.editor, &a.theme
	label, value := d.Label(i), d.Raw
	if !d.IsRaw {
		value = d.Fields[i].Value
	}
	put(a.screen, r.x, r.y, labelWidth-1, label, t.label)
	style := t.plain
	if i == d.At {
		style = t.selected
	}
	at := rect{r.x + labelWidth, r.y, r.w - labelWidth, 1}
	if i == d.At && d.typing != nil {
		d.typing.SetRect(at.x, at.y, at.w, 1)
		d.typing.Draw(a.screen)
		return
	}
	if n := whole(value, 64*max(0, at.w)); n < len(value) { // what lies beyond the pane is not drawn
		value = value[:n] + t.g.ellipsis
	}
	put(a.screen, at.x, at.y, at.w, cut(printable(value), at.w, t.g.ellipsis), style)
}
