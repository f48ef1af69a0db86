package ui

import (
	"errors"
	"strconv"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/rivo/tview"
)

// promptKind says what is being typed.
type promptKind int

const (
	filterPrompt promptKind = iota
	commandPrompt
	interceptPrompt
	injectPrompt
)

// maxHistory is how many filters are remembered: more than anyone scrolls through.
const maxHistory = 100

// prompt is a line that is being typed.
type prompt struct {
	kind  promptKind
	field *tview.InputField
	err   error
	at    int // where in the history one is; its length for the line itself
	draft string

	choices []string // what Tab goes through, and in place of what follows before
	choice  int
	before  string
}

func (a *App) newPrompt(kind promptKind, label, text string) *prompt {
	p := &prompt{kind: kind, field: tview.NewInputField(), at: len(a.history)}
	p.field.SetLabel(label).SetText(text).SetFieldStyle(a.theme.bold).SetLabelStyle(a.theme.title)
	p.field.SetBackgroundColor(tcell.ColorDefault)
	p.field.Focus(func(tview.Primitive) {})
	return p
}

func (p *prompt) draw(screen tcell.Screen, r rect, _ *theme) {
	p.field.SetRect(r.x, r.y, r.w, r.h)
	p.field.Draw(screen)
}

func (a *App) editFilter() {
	a.prompt = a.newPrompt(filterPrompt, "Filter: ", a.filter)
	a.check()
}

func (a *App) editCommand() { a.prompt = a.newPrompt(commandPrompt, ":", "") }

// check compiles the filter as it is typed and colours it: green where it would do, red where it is wrong.
func (a *App) check() {
	p := a.prompt
	if p.kind != filterPrompt && p.kind != interceptPrompt {
		return
	}
	p.err = nil
	style := a.theme.good
	if text := p.field.GetText(); text != "" {
		if _, p.err = a.o.Compile(text); p.err != nil {
			style = a.theme.fail
		}
	}
	p.field.SetFieldStyle(style)
}

// pressPrompt takes a key while a line is typed.
func (a *App) pressPrompt(e *tcell.EventKey, name string) {
	p := a.prompt
	switch name {
	case "Esc":
		a.prompt = nil
	case "Enter":
		a.accept()
	case "Up":
		a.recall(-1)
	case "Down":
		a.recall(1)
	case "F1":
		a.help()
	case "Tab":
		a.complete()
	case "Backspace", "Backspace2":
		if p.kind != filterPrompt && p.field.GetText() == "" {
			a.prompt = nil
			return
		}
		a.edit(e)
	case "?":
		if p.field.GetText() == "" {
			a.help()
			return
		}
		a.edit(e)
	default:
		a.edit(e)
	}
}

func (a *App) edit(e *tcell.EventKey) {
	a.prompt.choices = nil
	a.typeInto(a.prompt.field, e)
	a.check()
}

// accept takes what was typed. A wrong filter stays to be mended.
func (a *App) accept() {
	p := a.prompt
	text := strings.TrimSpace(p.field.GetText())
	switch p.kind {
	case commandPrompt:
		a.prompt = nil
		a.command(text)
		return
	case interceptPrompt:
		if p.err == nil {
			a.prompt = nil
			a.setIntercept(text)
		}
		return
	case injectPrompt:
		a.inject(strings.TrimLeft(p.field.GetText(), " "))
		return
	}
	if p.err = a.setFilter(text); p.err == nil {
		a.prompt = nil
		a.to(listPane)
	}
}

// setFilter applies an expression; the empty one shows everything.
func (a *App) setFilter(expr string) error {
	if expr == "" {
		a.filter = ""
		a.model.SetFilter(nil)
		return nil
	}
	f, err := a.o.Compile(expr)
	if err != nil {
		return err
	}
	a.filter = expr
	a.model.SetFilter(f)
	if n := len(a.history); n == 0 || a.history[n-1] != expr {
		a.history = append(a.history, expr)
		a.history = a.history[max(0, len(a.history)-maxHistory):]
	}
	return nil
}

// recall brings an earlier or later filter of the history into the line.
func (a *App) recall(step int) {
	p := a.prompt
	if p.kind != filterPrompt {
		return
	}
	if p.at == len(a.history) {
		p.draft = p.field.GetText()
	}
	p.at = max(0, min(p.at+step, len(a.history)))
	text := p.draft
	if p.at < len(a.history) {
		text = a.history[p.at]
	}
	p.field.SetText(text)
	a.check()
}

// complaint writes a wrong filter's error in one line.
func complaint(err error) string {
	var wrong *filter.Error
	if !errors.As(err, &wrong) {
		return oneLine(err.Error())
	}
	text := wrong.Msg + " (at " + strconv.Itoa(wrong.Offset+1) + ")"
	if wrong.Hint != "" {
		text += ": " + wrong.Hint
	}
	return oneLine(text)
}

// completeFilter types as much of the last word as is sure; with nothing to add, each time another of the words that fit.
func (a *App) completeFilter() {
	p := a.prompt
	text := p.field.GetText()
	if p.choices == nil {
		c := filter.Complete(text, len(text))
		if len(c.Choices) == 0 {
			return
		}
		p.before = text[:c.Start]
		if common := c.Common(); len(common) > len(text)-c.Start {
			p.field.SetText(p.before + common)
			a.check()
			return
		}
		p.choices, p.choice = c.Choices, 0
	}
	p.field.SetText(p.before + p.choices[p.choice%len(p.choices)])
	p.choice++
	a.check()
}
