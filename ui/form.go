package ui

import (
	"slices"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"
)

// form is a few named values over the panes, which are filled in and applied together.
type form struct {
	title, hint string
	fields      []*formField
	at          int
	// note returns a line below the fields: what the values come to, or what is wrong with them. It
	// is called at every drawing.
	note func() seg
	// done applies the values, and reports whether the form is to be closed.
	done func() bool
}

// formField is a value of a form: one of several choices, or a text.
type formField struct {
	label   string
	choices []string // nil for a text
	choice  int
	input   *tview.InputField // nil for a choice
}

// textField returns a field for a text.
func (a *App) textField(label, text string) *formField {
	f := tview.NewInputField().SetText(text).SetFieldStyle(a.theme.bold)
	f.SetBackgroundColor(tcell.ColorDefault)
	return &formField{label: label, input: f}
}

// choiceField returns a field for one of several words.
func choiceField(label, now string, choices ...string) *formField {
	return &formField{label: label, choices: choices, choice: max(0, slices.Index(choices, now))}
}

// value returns what the field holds.
func (f *formField) value() string {
	if f.input == nil {
		return f.choices[f.choice]
	}
	return f.input.GetText()
}

// cycle selects the choice that is step further, around the ends.
func (f *formField) cycle(step int) {
	f.choice = (f.choice + step + len(f.choices)) % len(f.choices)
}

// pressForm handles a key while a form is open.
func (a *App) pressForm(e *tcell.EventKey, name string) {
	f := a.form
	field := f.fields[f.at]
	a.message = seg{}
	switch {
	case name == "Esc":
		a.form = nil
	case name == "Enter":
		if f.done() {
			a.form = nil
		}
	case name == "Tab" || name == "Down":
		f.at = (f.at + 1) % len(f.fields)
	case name == "Shift-Tab" || name == "Up":
		f.at = (f.at + len(f.fields) - 1) % len(f.fields)
	case field.input != nil:
		a.typeInto(field.input, e)
	case name == "Right" || name == "Space" || name == "l":
		field.cycle(1)
	case name == "Left" || name == "h":
		field.cycle(-1)
	}
}

func (f *form) draw(s tcell.Screen, area rect, t *theme) {
	r := area
	if r.w > maxText+4 {
		r.x, r.w = (area.w-maxText-4)/2, maxText+4
	}
	if n := len(f.fields) + 4; n < r.h {
		r.y, r.h = r.y+(r.h-n)/3, n
	}
	for y := range r.h {
		fill(s, r.x, r.y+y, r.w, t.plain)
	}
	box(s, r, t.focus, t)
	put(s, r.x+2, r.y, r.w-4, " "+f.title+" ", t.focus.Reverse(true))
	put(s, r.x+2, r.y+r.h-1, r.w-4, " "+f.hint+" ", t.dim)
	in := rect{r.x + 2, r.y + 1, r.w - 4, r.h - 2}
	label := 0
	for _, field := range f.fields {
		label = max(label, len(field.label)+2)
	}
	first := max(0, f.at-in.h+2)
	for i := first; i < len(f.fields) && i-first < in.h-1; i++ {
		f.drawField(s, rect{in.x, in.y + i - first, in.w, 1}, i, label, t)
	}
	if f.note != nil && in.h > len(f.fields)+1 {
		note := f.note()
		put(s, in.x, in.y+in.h-1, in.w, printable(note.text), note.style)
	}
}

func (f *form) drawField(s tcell.Screen, r rect, i, label int, t *theme) {
	field, style := f.fields[i], t.label
	if i == f.at {
		style = t.key.Reverse(true)
	}
	put(s, r.x, r.y, label-1, field.label, style)
	x := r.x + label
	if field.input != nil {
		if i == f.at {
			field.input.Focus(func(tview.Primitive) {})
		} else {
			field.input.Blur()
		}
		field.input.SetRect(x, r.y, r.w-label, 1)
		field.input.Draw(s)
		return
	}
	for c, word := range field.choices {
		look := t.plain
		if c == field.choice {
			look = t.bold.Reverse(true)
		}
		x += put(s, x, r.y, r.x+r.w-x, " "+word+" ", look)
	}
}
