package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/ui/model"
)

// editor is the state of the editor for a held command: its fields one by one, or its bytes as one
// quoted line.
type editor struct {
	held   edit.Held
	fields []edit.Field
	raw    string
	isRaw  bool
	at     int
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

func (a *App) openEditor(h edit.Held) {
	d := &editor{held: h, fields: splitBody(edit.Fields(h.Event)), raw: decode.Quote(h.Event.Sent().Raw)}
	d.isRaw = len(d.fields) == 0
	if last := len(d.fields) - 1; last >= 0 && d.fields[last].Name == textPart {
		d.at = last // most people want to edit this one
	}
	a.editor = d
}

func (d *editor) len() int {
	if d.isRaw {
		return 1
	}
	return len(d.fields)
}

// value returns the text of the selected field.
func (d *editor) value() *string {
	if d.isRaw {
		return &d.raw
	}
	return &d.fields[d.at].Value
}

// bytes returns the command as it stands in the editor.
func (d *editor) bytes() ([]byte, error) {
	if d.isRaw {
		return edit.Typed(d.raw)
	}
	fields, err := joinBody(d.fields)
	if err != nil {
		return nil, err
	}
	return edit.Rewrite(d.held.Event, fields)
}

// problem returns what is wrong with the command as it stands in the editor, "" for nothing.
func (d *editor) problem() string {
	raw, err := d.bytes()
	if err == nil && !d.held.Event.In.Opaque() {
		err = edit.Whole(d.held.Event, raw)
	}
	if e := d.held.Event; err == nil {
		table := session.Table(e.Dialect)
		m := decode.Parse(raw, e.Dir, table.At(e.Role))
		err = table.Check(e.Dir, e.Role, &m)
	}
	if err != nil {
		return oneLine(err.Error())
	}
	return ""
}

// allowed returns the words that the table allows for the selected field, nil for any.
func (d *editor) allowed() []string {
	if row := d.held.Event.Row; row != nil && !d.isRaw {
		for _, a := range row.Args {
			if a.Name == d.fields[d.at].Name {
				return a.Values
			}
		}
	}
	return nil
}

// set stores the text of the selected field. What follows from it, such as the length of a payload
// or a line end, is corrected at once.
func (d *editor) set(text string) error {
	before, _ := edit.Typed(d.raw) // an invalid command has no length to keep
	*d.value(), d.warned = text, false
	raw, err := d.bytes()
	if d.isRaw && err == nil {
		d.raw = decode.Quote(edit.Refit(d.held.Event, before, raw))
	}
	return err
}

// isText reports whether the selected field is the text of a message.
func (d *editor) isText() bool { return !d.isRaw && d.fields[d.at].Name == textPart }

// toggle switches from fields to bytes, keeping the changes, and back, which discards changes to
// the bytes.
func (d *editor) toggle() error {
	if d.isRaw {
		if len(d.fields) > 0 {
			d.isRaw = false
		}
		return nil
	}
	raw, err := d.bytes()
	if err != nil {
		return err
	}
	d.raw, d.isRaw, d.at = decode.Quote(raw), true, 0
	return nil
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
		d.at = (d.at + 1) % d.len()
	case "k", "Up", "Shift-Tab":
		d.at = (d.at + d.len() - 1) % d.len()
	case "Enter", "e":
		a.typeField()
	case "v":
		a.report(d.toggle())
	case "E":
		a.editElsewhere()
	case "a":
		a.sendEdited(1)
	case "D":
		a.sendEdited(2)
	case "x":
		a.report(a.o.Steering.Replace(d.held.ID))
		a.editor = nil
	}
}

// maxTyped is how many bytes can be typed in one line; of a value that is offered for editing half
// as many are shown. Each key costs time proportional to the line, half a second at 1 MB.
const maxTyped = 16 << 10

// typeField opens the selected field for typing; of a long one only the beginning can be changed.
func (a *App) typeField() {
	d := a.editor
	text := *d.value()
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
	if name == "Enter" && e.Modifiers()&tcell.ModAlt != 0 && d.isText() {
		e, name = tcell.NewEventKey(tcell.KeyRune, []rune(breakSign)[0], tcell.ModNone), breakSign
	}
	switch name {
	case "Esc":
		d.typing = nil
	case "Tab":
		if words := d.allowed(); words != nil {
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
	raw, err := d.bytes()
	if err != nil {
		a.report(err)
		return
	}
	if err := edit.Whole(d.held.Event, raw); err != nil && !d.warned && !d.held.Event.In.Opaque() {
		d.warned = true
		a.report(fmt.Errorf("the same key again sends it all the same: %w", err))
		return
	}
	a.report(a.o.Steering.Replace(d.held.ID, slices.Repeat([][]byte{raw}, times)...))
	a.editor = nil
}

// drawEditor draws the editor over the panes.
func (a *App) drawEditor(area rect) {
	d, t, s := a.editor, &a.theme, a.screen
	r := area
	if r.w > maxText+4 {
		r.x, r.w = (area.w-maxText-4)/2, maxText+4
	}
	r.h = min(area.h, d.len()+5)
	r.y += (area.h - r.h) / 3
	for y := range r.h {
		fill(s, r.x, r.y+y, r.w, t.plain)
	}
	box(s, r, t.focus, t)
	head := fmt.Sprintf(" %s held %.1fs, connection %d ", printable(d.held.Event.In.Verb.String()),
		a.o.Now().Sub(d.held.Since).Seconds(), d.held.Event.Conn)
	if !slices.ContainsFunc(a.o.Steering.Held(), func(h edit.Held) bool { return h.ID == d.held.ID }) {
		head = fmt.Sprintf(" %s is no longer waiting, connection %d ", printable(d.held.Event.In.Verb.String()),
			d.held.Event.Conn)
	}
	put(s, r.x+2, r.y, r.w-4, head, t.focus.Reverse(true))
	put(s, r.x+2, r.y+r.h-1, r.w-4,
		" Enter edits, a goes on, D twice, x drops, v bytes, E $EDITOR, Esc leaves it held ", t.dim)
	in := r.inner()
	first := max(0, d.at-in.h+2)
	for i := first; i < d.len() && i-first < in.h-1; i++ {
		a.drawField(rect{in.x + 1, in.y + i - first, in.w - 2, 1}, i)
	}
	if in.h > d.len() {
		note, style := d.problem(), t.fail
		if note == "" {
			note, style = d.advice(), t.dim
		}
		put(s, in.x+1, in.y+in.h-1, in.w-2, cut(note, in.w-2, t.g.ellipsis), style)
	}
}

// advice returns what may be typed into the selected field.
func (d *editor) advice() string {
	switch words := d.allowed(); {
	case words != nil:
		return "Tab: " + strings.Join(words, " ")
	case d.isText():
		return "Alt-Enter, or " + breakSign + ", is a line end; lengths are corrected"
	}
	return "as it goes on; lengths are corrected"
}

// labelWidth is wide enough for the longest of the common argument names.
const labelWidth = 26

func (a *App) drawField(r rect, i int) {
	d, t := a.editor, &a.theme
	label, value := "bytes", d.raw
	if !d.isRaw {
		label, value = d.fields[i].Name, d.fields[i].Value
		if label == "" {
			label = "payload"
		}
	}
	put(a.screen, r.x, r.y, labelWidth-1, label, t.label)
	style := t.plain
	if i == d.at {
		style = t.selected
	}
	at := rect{r.x + labelWidth, r.y, r.w - labelWidth, 1}
	if i == d.at && d.typing != nil {
		d.typing.SetRect(at.x, at.y, at.w, 1)
		d.typing.Draw(a.screen)
		return
	}
	if n := whole(value, 64*max(0, at.w)); n < len(value) { // what lies beyond the pane is not drawn
		value = value[:n] + t.g.ellipsis
	}
	put(a.screen, at.x, at.y, at.w, cut(printable(value), at.w, t.g.ellipsis), style)
}
