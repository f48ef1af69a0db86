package ui

import (
	"errors"
	"os"
	"os/exec"
	"strings"

	"github.com/msnscope/msnscope/ui/model"
)

// editElsewhere edits the selected field in the user's own editor.
func (a *App) editElsewhere() {
	d := a.editor
	value := *d.Value()
	isText := d.IsText(d.At)
	if isText {
		value = strings.ReplaceAll(value, model.BreakSign, "\n")
	}
	text, err := a.outside(value)
	if err != nil {
		a.report(err)
		return
	}
	if !strings.HasSuffix(value, "\n") { // editors end the last line
		text = strings.TrimSuffix(text, "\n")
	}
	if isText {
		text = strings.ReplaceAll(text, "\n", model.BreakSign)
	}
	a.report(d.set(text))
}

// outside gives the terminal to the user's editor with a text, and returns the edited text.
func (a *App) outside(text string) (string, error) {
	file, err := os.CreateTemp("", "msnscope-*.txt")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	if err := a.screen.Suspend(); err != nil {
		return "", err
	}
	err = a.o.Edit(file.Name())
	if resumed := a.screen.Resume(); resumed != nil {
		a.quit = true
		return "", resumed
	}
	a.screen.Sync()
	a.dirty = true
	if err != nil {
		return "", err
	}
	changed, err := os.ReadFile(file.Name())
	return string(changed), err
}

// runEditor runs the editor that VISUAL or EDITOR names, with its arguments, on a file. The file's
// content never reaches a shell.
func (a *App) runEditor(path string) error {
	words := strings.Fields(a.o.Getenv("VISUAL"))
	if len(words) == 0 {
		words = strings.Fields(a.o.Getenv("EDITOR"))
	}
	if len(words) == 0 {
		words = []string{"vi"}
	}
	c := exec.Command(words[0], append(words[1:], path)...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	return c.Run()
}
