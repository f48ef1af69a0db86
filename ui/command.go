package ui

import (
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/internal/filter"
)

// command is a row of the table of commands that can be typed after ':'.
type command struct {
	name, args, help string
	do               func(a *App, args string)
}

// commandTable returns all commands, in the order in which help lists them.
func commandTable() []command {
	return []command{
		{"filter", "EXPR", "show only what matches; without EXPR everything", (*App).commandFilter},
		{"fold", "", "one row for a run of typing notices or of keep-alives, or all of them again", (*App).commandFold},
		{"find", "TEXT", "select the next row that says TEXT; n and N go on", (*App).commandFind},
		{"goto", "N", "select command number N", (*App).commandGoto},
		{"comment", "TEXT", "comment on the selected command", (*App).commandComment},
		{"hold", "EXPR", "hold the commands that match; without EXPR none", (*App).commandHold},
		{"queue", "", "list what is held", func(a *App, _ string) { a.showQueue() }},
		{"release", "", "let all held commands go on", func(a *App, _ string) { a.releaseAll() }},
		{
			"play", "", "play the file as if it were live, from the selected command on",
			func(a *App, _ string) { a.faster(1) },
		},
		{"stop", "", "end playback", func(a *App, _ string) { a.stopPlaying() }},
		{
			"seek", "WHERE", "go to a command (12), to seconds since the beginning (+3.5) or to a time (18:04:05)",
			(*App).seek,
		},
		{
			"sort", "COLUMN", "sort the list by a column, again: the other way round; without one no longer",
			(*App).commandSort,
		},
		{
			"replay", "EXPR", "replay the connections with a command that matches; without EXPR all, after a question",
			(*App).commandReplay,
		},
		{"set", "NAME=VALUE", "a setting, as in :set mouse=off", (*App).commandSet},
		{"save", "FORM FILE", "save what is shown, as pcapng, jsonl, text or C:/S:", (*App).commandSave},
		{"help", "", "the keys", func(a *App, _ string) { a.help() }},
		{"quit", "", "leave; asks while something would be lost", func(a *App, _ string) { a.leave() }},
	}
}

// commandNames returns the names of all commands in one line, for help.
func commandNames() string {
	var names []string
	for _, c := range commandTable() {
		names = append(names, strings.TrimSpace(c.name+" "+c.args))
	}
	return strings.Join(names, ", ")
}

// again runs the latest command once more.
func (a *App) again() {
	if n := len(a.commands); n > 0 {
		a.command(a.commands[n-1])
		return
	}
	a.say("no command was typed after : yet")
}

// command runs the command that was typed. Of the commands whose names begin as the typed one does,
// it is the first of the table: :r is release.
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
	if like := closestCommand(name); like != "" {
		a.say("no command %q: did you mean %s?", name, like)
		return
	}
	a.say("no command %q: Tab goes through them", name)
}

// closestCommand returns the command whose name is most like what was typed, "" for none.
func closestCommand(name string) string {
	var names []string
	for _, c := range commandTable() {
		names = append(names, c.name)
	}
	return filter.Closest(name, names)
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

// complete completes the name of the command that is being typed.
func (a *App) complete() {
	p := a.prompt
	text := p.field.GetText()
	if p.kind == filterPrompt || p.kind == interceptPrompt {
		a.completeFilter()
		return
	}
	if p.kind == injectPrompt {
		a.completeInjection()
		return
	}
	if p.kind != commandPrompt {
		return
	}
	if p.choices == nil {
		p.before, p.choices, p.choice = "", commandChoices(text), 0
		if name, typed, ok := strings.Cut(text, " "); ok {
			p.before, p.choices = a.argumentChoices(name, typed)
		}
	}
	if len(p.choices) > 0 {
		a.cycleChoice()
	}
}

func (a *App) commandHold(expr string) {
	if a.steering() != nil {
		a.setIntercept(expr)
	}
}

func (a *App) commandComment(text string) {
	if e := a.selectedEvent(); e != nil && e.N != 0 {
		a.setComment(e.N, text)
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
		a.say("a run of typing notices or of keep-alives is one row; z shows them again")
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
