package ui

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/steer"
	"github.com/msnscope/msnscope/ui/model"
)

// editor is a held command that is being changed: its fields, or its bytes as one line.
type editor struct {
	held   steer.Held
	fields []steer.Field
	raw    string
	isRaw  bool
	at     int
	warned bool              // that the bytes are no whole command
	typing *tview.InputField // the field that is being typed, nil while one moves
	rest   string            // what stands behind what is typed
}

// editHeld opens the editor for the held command that keys act on.
func (a *App) editHeld() {
	a.withHeld(func(_ model.Steering, h steer.Held) error {
		a.editor = &editor{held: h, fields: steer.Fields(h.Event), raw: decode.Quote(h.Event.Sent().Raw)}
		a.editor.isRaw = len(a.editor.fields) == 0
		return nil
	})
}

func (d *editor) len() int {
	if d.isRaw {
		return 1
	}
	return len(d.fields)
}

// value is the text of the field that is selected.
func (d *editor) value() *string {
	if d.isRaw {
		return &d.raw
	}
	return &d.fields[d.at].Value
}

// bytes returns what the command is now.
func (d *editor) bytes() ([]byte, error) {
	if d.isRaw {
		return steer.Typed(d.raw)
	}
	return steer.Rewrite(d.held.Event, d.fields)
}

// set puts what was typed in the place of the field that is selected. What follows from it, a line end or another length, is seen
// at once.
func (d *editor) set(text string) error {
	before, _ := steer.Typed(d.raw) // what cannot be has no length to keep
	*d.value(), d.warned = text, false
	raw, err := d.bytes()
	if d.isRaw && err == nil {
		d.raw = decode.Quote(steer.Refit(d.held.Event, before, raw))
	}
	return err
}

// toggle goes from fields to bytes, with the changes, and back, without those that were made to the bytes.
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

// pressEditor takes a key while a held command is edited.
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
	case "a":
		a.sendEdited(1)
	case "D":
		a.sendEdited(2)
	case "x":
		a.report(a.o.Steering.Replace(d.held.ID))
		a.editor = nil
	}
}

// maxTyped is how many bytes can be typed in a line, and half as many are given to be changed: each key costs time that grows with the
// line, half a second at 1 MB.
const maxTyped = 16 << 10

// typeField lets the selected field be typed, of a long one the beginning.
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

// whole returns how long the beginning of quoted text is that has at most most bytes and ends with no half of a character or an escape.
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

// typeInto gives a key to a line that is typed, unless it is full.
func (a *App) typeInto(f *tview.InputField, e *tcell.EventKey) {
	if e.Key() == tcell.KeyRune && len(f.GetText()) >= maxTyped {
		a.say("a line has at most %s bytes", thousands(maxTyped))
		return
	}
	f.InputHandler()(e, func(tview.Primitive) {})
}

// pressField takes a key while a field is typed.
func (a *App) pressField(e *tcell.EventKey, name string) {
	d := a.editor
	switch name {
	case "Esc":
		d.typing = nil
	case "Enter":
		text := d.typing.GetText() + d.rest
		d.typing = nil
		a.message = seg{}
		a.report(d.set(text))
	default:
		a.typeInto(d.typing, e)
	}
}

// sendEdited lets the command go on as it is now, so many times. What cannot be stays to be mended; what is no whole command is sent
// when one insists.
func (a *App) sendEdited(times int) {
	d := a.editor
	raw, err := d.bytes()
	if err != nil {
		a.report(err)
		return
	}
	if err := steer.Whole(d.held.Event, raw); err != nil && !d.warned && !d.held.Event.In.Opaque() {
		d.warned = true
		a.report(fmt.Errorf("the same key again sends it all the same: %w", err))
		return
	}
	a.report(a.o.Steering.Replace(d.held.ID, slices.Repeat([][]byte{raw}, times)...))
	a.editor = nil
}

// drawEditor paints the editor over the panes.
func (a *App) drawEditor(area rect) {
	d, t, s := a.editor, &a.theme, a.screen
	r := area
	if r.w > maxText+4 {
		r.x, r.w = (area.w-maxText-4)/2, maxText+4
	}
	r.h = min(area.h, d.len()+4)
	r.y += (area.h - r.h) / 3
	for y := range r.h {
		fill(s, r.x, r.y+y, r.w, t.plain)
	}
	box(s, r, t.focus, t)
	head := fmt.Sprintf(" %s held %.1fs, connection %d ", printable(d.held.Event.In.Verb.String()), a.o.Now().Sub(d.held.Since).Seconds(), d.held.Event.Conn)
	if !slices.ContainsFunc(a.o.Steering.Held(), func(h steer.Held) bool { return h.ID == d.held.ID }) {
		head = fmt.Sprintf(" %s does not wait any more, connection %d ", printable(d.held.Event.In.Verb.String()), d.held.Event.Conn)
	}
	put(s, r.x+2, r.y, r.w-4, head, t.focus.Reverse(true))
	put(s, r.x+2, r.y+r.h-1, r.w-4, " Enter edits, a goes on, D goes on twice, x drops, v fields or bytes, Esc leaves it held ", t.dim)
	in := r.inner()
	first := max(0, d.at-in.h+2)
	for i := first; i < d.len() && i-first < in.h-1; i++ {
		a.drawField(rect{in.x + 1, in.y + i - first, in.w - 2, 1}, i)
	}
}

// labelWidth holds the longest name of an argument that occurs often.
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
	if n := whole(value, 64*max(0, at.w)); n < len(value) { // what is beyond is not seen
		value = value[:n] + t.g.ellipsis
	}
	put(a.screen, at.x, at.y, at.w, cut(printable(value), at.w, t.g.ellipsis), style)
}
