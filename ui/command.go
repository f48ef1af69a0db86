package ui

import (
	"strconv"
	"strings"
)

// command is one that can be typed after ':'.
type command struct {
	name, args, help string
	do               func(a *App, args string)
}

// commandTable returns the commands in the order of help.
func commandTable() []command {
	return []command{
		{"filter", "EXPR", "show only what matches; without EXPR everything", (*App).commandFilter},
		{"fold", "", "leave out typing notices and keep-alives, or show them again", (*App).commandFold},
		{"find", "TEXT", "select the next row that says TEXT; n and N go on", (*App).commandFind},
		{"goto", "N", "select command number N", (*App).commandGoto},
		{"help", "", "the keys", func(a *App, _ string) { a.help() }},
		{"quit", "", "leave; asks while something would be lost", func(a *App, _ string) { a.leave() }},
	}
}

// commandNames returns the names for help.
func commandNames() string {
	return "filter EXPR, fold, find TEXT, goto N, help, quit"
}

// command runs what was typed. A command may be cut short while it is clear which one is meant.
func (a *App) command(text string) {
	name, args, _ := strings.Cut(text, " ")
	if name == "" {
		return
	}
	if found := matching(name); len(found) > 0 {
		found[0].do(a, strings.TrimSpace(args))
		return
	}
	if _, err := strconv.Atoi(name); err == nil {
		a.commandGoto(name)
		return
	}
	a.say("no command %q: filter, fold, find, goto, help or quit", name)
}

func matching(prefix string) []command {
	var found []command
	for _, c := range commandTable() {
		if strings.HasPrefix(c.name, prefix) {
			found = append(found, c)
		}
	}
	return found
}

// complete finishes the name of the command that is typed.
func (a *App) complete() {
	p := a.prompt
	text := p.field.GetText()
	if p.kind == filterPrompt || p.kind == interceptPrompt {
		a.completeFilter()
		return
	}
	if p.kind != commandPrompt || strings.Contains(text, " ") {
		return
	}
	if found := matching(text); len(found) > 0 {
		p.field.SetText(found[0].name + " ")
	}
}

func (a *App) commandFilter(expr string) {
	if err := a.setFilter(expr); err != nil {
		a.message = seg{complaint(err), a.theme.fail}
	}
}

func (a *App) commandFold(string) {
	a.model.SetFolded(!a.model.Folded())
	if a.model.Folded() {
		a.say("typing notices and keep-alives are left out; :fold shows them again")
	}
}

func (a *App) commandFind(text string) {
	a.needle = text
	if text != "" {
		a.next(true)
	}
}

func (a *App) commandGoto(text string) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		a.say("goto wants the number of a command")
		return
	}
	a.to(listPane)
	if !a.model.Goto(n) {
		a.say("#%d is not shown: this is the nearest", n)
	}
}
