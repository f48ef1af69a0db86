package ui

import (
	"slices"
	"strings"

	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/ui/model"
)

// check compiles the filter as it is being typed and colours it: green if it is valid, red if it is
// not. The list shows at once what a valid one lets through. For one that is not valid yet the
// footer shows the reason, or how it may go on.
func (a *App) check() {
	p := a.prompt
	if p.kind != filterPrompt && p.kind != interceptPrompt {
		return
	}
	text := strings.TrimSpace(p.field.GetText())
	style := a.theme.good
	f, err := a.compile(text)
	if p.err = err; err != nil {
		style = a.theme.fail
	} else if p.kind == filterPrompt {
		a.preview(text, f)
	}
	p.note, p.advised = adviceOf(f), adviceOf(f) != ""
	if !p.advised {
		p.note = a.mayFollow(p.field.GetText())
	}
	if text == "" && p.kind == interceptPrompt {
		p.note = `the filter of what to hold; Up: payload.type == "text/plain", rewritten and others; empty holds nothing`
	}
	p.field.SetFieldStyle(style)
}

// compile returns the filter for an expression, nil for "".
func (a *App) compile(expr string) (model.Filter, error) {
	if expr == "" {
		return nil, nil
	}
	f, err := a.o.Compile(expr)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// preview filters the list by a filter that is still being typed.
func (a *App) preview(expr string, f model.Filter) {
	if expr != a.previewed {
		a.previewed = expr
		a.model.SetFilter(f)
	}
}

// setFilter applies a filter expression; "" shows everything.
func (a *App) setFilter(expr string) error {
	f, err := a.compile(expr)
	if err != nil {
		return err
	}
	a.filter = expr
	a.preview(expr, f)
	remember(&a.history, expr)
	return nil
}

// adviceOf returns a filter's advice about what was probably meant, "" for none.
func adviceOf(f model.Filter) string {
	if f, ok := f.(*filter.Filter); ok {
		return f.Advice()
	}
	return ""
}

// maxChoices is how many of the words that may follow the footer names.
const maxChoices = 12

// mayFollow returns the words that may stand at the end of a filter, "" where none are known.
func (a *App) mayFollow(text string) string {
	c := filter.Complete(text, len(text))
	if len(c.Choices) == 0 || len(c.Choices) == 1 && c.Choices[0] == text[c.Start:] {
		return ""
	}
	choices, more := c.Choices, ""
	if len(choices) > maxChoices {
		choices, more = choices[:maxChoices], " "+a.theme.g.ellipsis
	}
	return "Tab: " + strings.Join(choices, "  ") + more
}

// completeFilter completes the last word of the filter as far as it is unambiguous; where nothing
// can be added, each call offers the next of the words that fit.
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
			p.set(p.before + common)
			a.check()
			return
		}
		p.choices, p.choice = c.Choices, 0
	}
	a.cycleChoice()
}

// cycleChoice puts the next of the prompt's choices into its line.
func (a *App) cycleChoice() {
	p := a.prompt
	p.set(p.before + p.choices[p.choice%len(p.choices)])
	p.choice++
	a.check()
}

// argumentChoices returns the words that may end a line after ':', and what stands before them.
func (a *App) argumentChoices(name, typed string) (before string, choices []string) {
	var words []string
	before = name + " "
	switch name {
	case "filter", "hold":
		c := filter.Complete(typed, len(typed))
		return before + typed[:c.Start], c.Choices
	case "sort":
		words = columnNames()
	case "save":
		for _, f := range model.Forms() {
			words = append(words, f[0]+" ")
		}
	case "set":
		for _, s := range settingTable() {
			for _, v := range s.values {
				words = append(words, s.name+"="+v)
			}
		}
	}
	for _, w := range words {
		if strings.HasPrefix(w, typed) {
			choices = append(choices, w)
		}
	}
	return before, choices
}

// commandChoices returns the names of the commands that begin like prefix, each once.
func commandChoices(prefix string) []string {
	var names []string
	for _, c := range matching(prefix) {
		names = append(names, c.name+" ")
	}
	return slices.Compact(names)
}
