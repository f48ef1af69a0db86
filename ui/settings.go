package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/outfile"
)

// The inspector remembers what its user has chosen in a file with a line "name = value" for each
// setting; lines that begin with # are comments. What was typed is in a second file, a line
// "kind text" each.

// setting is a row of the table of settings.
type setting struct {
	name, help string
	values     []string // nil for a text
	get        func(a *App) string
	set        func(a *App, value string) error
}

// settingError is the error of a value that a setting cannot have.
type settingError struct{ name, value, hint string }

func (e *settingError) Error() string {
	return fmt.Sprintf("setting %s cannot be %q: %s", e.name, e.value, e.hint)
}

var onOff = []string{"on", "off"}

// word returns "on" or "off".
func word(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// settingTable returns all settings, in the order of the form and of the file.
func settingTable() []setting {
	return []setting{
		{
			"mouse", "clicks and the wheel; off lets the terminal select text", onOff,
			func(a *App) string { return word(a.mouse) },
			func(a *App, v string) error { a.mouse = v == "on"; return nil },
		},
		{
			"ascii", "on for a terminal that shows ASCII alone, as MSNSCOPE_ASCII does", onOff,
			func(a *App) string { return word(a.ascii) },
			func(a *App, v string) error { a.ascii = v == "on"; return nil },
		},
		{
			"colours", "off shows none, as NO_COLOR does", onOff,
			func(a *App) string { return word(!a.colourless) },
			func(a *App, v string) error { a.colourless = v == "off"; return nil },
		},
		{
			"fold", "one row for a run of typing notices or of keep-alives", onOff,
			func(a *App) string { return word(a.model.Folded()) },
			func(a *App, v string) error { a.model.SetFolded(v == "on"); return nil },
		},
		{
			"lint", "the rules by which commands are checked: observed leaves out what real programs do without harm",
			lintChoices, (*App).lintChoice, (*App).setLint,
		},
		{
			"columns", "of the list; F10 chooses them", nil,
			func(a *App) string { return strings.Join(a.list.chosen, " ") }, (*App).setColumns,
		},
	}
}

// setSetting sets a setting by its name.
func (a *App) setSetting(name, value string) error {
	var names []string
	for _, s := range settingTable() {
		if s.name != name {
			names = append(names, s.name)
			continue
		}
		if s.values != nil && !slices.Contains(s.values, value) {
			return &settingError{name, value, "it is " + strings.Join(s.values, " or ")}
		}
		return s.set(a, value)
	}
	if like := filter.Closest(name, names); like != "" {
		return fmt.Errorf("no setting %q: did you mean %s?", name, like)
	}
	return fmt.Errorf("no setting %q: they are %s", name, strings.Join(names, ", "))
}

// settings opens the form of the settings.
func (a *App) settings() {
	table := settingTable()
	f := &form{title: "Settings", hint: "Tab next, Left and Right choose, Enter keeps them, Esc leaves"}
	for _, s := range table {
		if s.values != nil {
			f.fields = append(f.fields, choiceField(s.name, s.get(a), s.values...))
		} else {
			f.fields = append(f.fields, a.textField(s.name, s.get(a)))
		}
	}
	f.note = func() seg { return seg{table[f.at].help, a.theme.dim} }
	f.done = func() bool {
		for i, s := range table {
			if err := a.setSetting(s.name, strings.TrimSpace(f.fields[i].value())); err != nil {
				a.report(err)
				return false
			}
		}
		a.useSettings()
		a.keepSettings()
		return true
	}
	a.form = f
}

// useSettings applies the settings to the screen.
func (a *App) useSettings() {
	getenv := func(name string) string {
		switch {
		case name == "MSNSCOPE_ASCII" && a.ascii, name == "NO_COLOR" && a.colourless:
			return "1"
		}
		return a.o.Getenv(name)
	}
	a.theme = newTheme(getenv, a.screen.CharacterSet(), a.screen.Colors())
	a.setMouse(a.mouse)
	a.shown = shown{}
}

// commandSet sets a setting, as in `:set mouse=off`.
func (a *App) commandSet(text string) {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		a.settings()
		return
	}
	if err := a.setSetting(strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
		a.report(err)
		return
	}
	a.useSettings()
	a.keepSettings()
}

// loadSettings reads the settings and the history. It is no error if the file does not exist. For a
// wrong line it returns an error, and applies the other lines.
func (a *App) loadSettings() error {
	if a.o.Settings == "" {
		return nil
	}
	text, err := os.ReadFile(a.o.Settings)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for i, l := range strings.Split(string(text), "\n") {
		name, value, _ := strings.Cut(l, "=")
		if name = strings.TrimSpace(name); name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		if wrong := a.setSetting(name, strings.Trim(strings.TrimSpace(value), `"`)); wrong != nil {
			err = errors.Join(err, fmt.Errorf("%s:%d: %w", a.o.Settings, i+1, wrong))
		}
	}
	return err
}

// keepSettings writes the settings, and shows an error in the footer.
func (a *App) keepSettings() {
	if a.o.Settings == "" {
		return
	}
	var b strings.Builder
	b.WriteString("# Settings of msnscope's inspector; F8 writes this file.\n")
	for _, s := range settingTable() {
		fmt.Fprintf(&b, "\n# %s\n%s = %q\n", s.help, s.name, s.get(a))
	}
	a.report(outfile.Replace(a.o.Settings, b.String()))
}

// historyKinds are the kinds of lines in the file of the history.
var historyKinds = map[string]promptKind{"filter": filterPrompt, "command": commandPrompt}

// loadHistory reads the history of earlier runs.
func (a *App) loadHistory() {
	text, _ := os.ReadFile(a.o.History) // without the file there is no history
	for l := range strings.Lines(string(text)) {
		name, typed, ok := strings.Cut(strings.TrimSuffix(l, "\n"), " ")
		if kind, known := historyKinds[name]; ok && known {
			remember(a.past(kind), typed)
		}
	}
}

// keepHistory writes the history. Composed commands are left out, because they may hold a password.
func (a *App) keepHistory() error {
	if a.o.History == "" || len(a.history)+len(a.commands) == 0 {
		return nil
	}
	var b strings.Builder
	for _, name := range []string{"filter", "command"} {
		for _, typed := range *a.past(historyKinds[name]) {
			fmt.Fprintf(&b, "%s %s\n", name, strings.ReplaceAll(typed, "\n", " "))
		}
	}
	return outfile.Replace(a.o.History, b.String())
}
