package ui

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/rivo/tview"
)

// promptKind is the purpose of a prompt.
type promptKind int

const (
	filterPrompt promptKind = iota
	commandPrompt
	interceptPrompt
	injectPrompt
	commentPrompt
	lessonPrompt
)

// maxHistory is how many lines of a kind are remembered: more than anybody scrolls through.
const maxHistory = 100

// remember appends a line to the history past, unless it is the latest there.
func remember(past *[]string, text string) {
	if n := len(*past); text != "" && (n == 0 || (*past)[n-1] != text) {
		*past = append(*past, text)
		*past = (*past)[max(0, len(*past)-maxHistory):]
	}
}

// prompt is the line in which a filter, a search, a command or a comment is typed.
type prompt struct {
	kind    promptKind
	field   *tview.InputField
	err     error
	past    *[]string // what was typed before, the latest at the end
	at      int       // the position in past; its length for the line itself
	draft   string
	undo    []string // the line before each change
	note    string   // advice on what is probably meant, or the words that may follow
	advised bool     // note is advice

	choices []string // what Tab cycles through
	choice  int
	before  string
}

// past returns the history of prompts of a kind.
func (a *App) past(kind promptKind) *[]string {
	switch kind {
	case commandPrompt:
		return &a.commands
	case injectPrompt:
		return &a.sent
	case commentPrompt:
		return &a.comments
	case lessonPrompt:
		return &a.course.typed
	}
	return &a.history
}

func (a *App) newPrompt(kind promptKind, label, text string) *prompt {
	past := a.past(kind)
	p := &prompt{kind: kind, field: tview.NewInputField(), past: past, at: len(*past)}
	p.field.SetLabel(label).SetText(text).SetFieldStyle(a.theme.bold).SetLabelStyle(a.theme.title)
	p.field.SetBackgroundColor(tcell.ColorDefault)
	p.field.Focus(func(tview.Primitive) {})
	return p
}

// offer puts examples before what was typed: Up brings them when there is no more of that.
func (p *prompt) offer(examples []string) {
	past := slices.Concat(examples, *p.past)
	p.past, p.at = &past, len(past)
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

// pressPrompt handles a key while the prompt is open.
func (a *App) pressPrompt(e *tcell.EventKey, name string) {
	p := a.prompt
	switch name {
	case "Esc":
		a.escape()
	case "Ctrl-Z":
		p.takeBack()
		a.check()
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
	p := a.prompt
	p.choices = nil
	was := p.field.GetText()
	a.typeInto(p.field, e)
	p.changed(was)
	a.check()
}

// changed stores the line as it was before a change, for takeBack.
func (p *prompt) changed(was string) {
	if was != p.field.GetText() {
		p.undo = append(p.undo, was)
		p.undo = p.undo[max(0, len(p.undo)-maxHistory):]
	}
}

// set replaces the line, which takeBack can undo.
func (p *prompt) set(text string) {
	was := p.field.GetText()
	p.field.SetText(text)
	p.changed(was)
}

// takeBack undoes the last change of the line.
func (p *prompt) takeBack() {
	if n := len(p.undo); n > 0 {
		p.field.SetText(p.undo[n-1])
		p.undo, p.choices = p.undo[:n-1], nil
	}
}

// escape clears the line of a filter, where there is something in it, and leaves any other.
func (a *App) escape() {
	if p := a.prompt; p.kind == filterPrompt && p.field.GetText() != "" {
		p.set("")
		p.choices = nil
		a.check()
		return
	}
	if a.prompt.kind == filterPrompt {
		a.report(a.setFilter(""))
	}
	a.prompt = nil
}

// accept applies what was typed. An invalid filter stays in the prompt.
func (a *App) accept() {
	p := a.prompt
	text := strings.TrimSpace(p.field.GetText())
	switch p.kind {
	case commandPrompt:
		a.prompt = nil
		remember(&a.commands, text)
		a.command(text)
		return
	case interceptPrompt:
		if p.err == nil {
			a.prompt = nil
			a.setIntercept(text)
		}
		return
	case commentPrompt:
		a.prompt = nil
		remember(&a.comments, text)
		a.setComment(a.commented, text)
		return
	case lessonPrompt:
		a.answerLesson(text)
		return
	case injectPrompt:
		a.inject(strings.TrimLeft(p.field.GetText(), " "))
		return
	}
	if p.err = a.setFilter(text); p.err == nil {
		a.prompt = nil
		a.to(listPane)
		if p.note != "" && p.advised {
			a.say("%s", p.note)
		}
	}
}

// recall replaces the prompt's text by an earlier or later one of its kind.
func (a *App) recall(step int) {
	p, past := a.prompt, *a.prompt.past
	if p.at == len(past) {
		p.draft = p.field.GetText()
	}
	p.at = max(0, min(p.at+step, len(past)))
	text := p.draft
	if p.at < len(past) {
		text = past[p.at]
	}
	p.set(text)
	p.choices = nil
	a.check()
}

// complaint returns the error of an invalid filter in one line.
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
