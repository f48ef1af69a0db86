package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/ui/model"
)

// Saving is a part of the log that is to be written to a file.
type Saving struct {
	// Path is the file, which is replaced if it exists. Form is one of those that model.Forms
	// names.
	Path, Form string
	// Events yields what is to be saved. It may be used on any goroutine, once.
	Events iter.Seq[*session.Event]
	// Comments are what a person has written about events, by their numbers.
	Comments map[uint64]string
}

// saved is the result of saving.
type saved struct {
	path string
	n    int
	err  error
}

// save opens the form for saving with what is likely to be wanted.
func (a *App) save() {
	what := model.SaveAll
	switch {
	case len(a.model.Picks()) > 0:
		what = model.SaveSelected
	case a.model.Filtered():
		what = model.SaveFiltered
	}
	name := "msnscope-" + a.o.Now().Format("20060102-150405") + ".pcapng"
	a.saveForm(what, model.Forms()[0][0], name, name)
}

// saveForm opens the form for saving: which part of the log, in which form, to which file. The
// extension of a suggested name follows the form.
func (a *App) saveForm(what, as, name, suggested string) {
	switch {
	case a.o.Save == nil:
		a.say("nothing can be saved here")
		return
	case a.saving != nil:
		a.say("it is still being saved")
		return
	}
	var words []string
	for _, f := range model.Forms() {
		words = append(words, f[0])
	}
	f := &form{title: "Save", hint: "Tab next, Left and Right choose, Enter saves, Esc leaves"}
	f.fields = []*formField{
		choiceField("what", what, model.SaveAll, model.SaveFiltered, model.SaveSelected),
		choiceField("as", as, words...),
		a.textField("file", name),
	}
	path := func() string { return a.savePath(f, suggested) }
	confirmed := ""
	f.note = func() seg {
		switch info, err := os.Stat(path()); {
		case err == nil && info.IsDir():
			return seg{path() + " is a folder", a.theme.fail}
		case err == nil:
			return seg{path() + " exists: Enter twice replaces it", a.theme.mark}
		}
		return seg{path(), a.theme.dim}
	}
	f.done = func() bool {
		if _, err := os.Stat(path()); !errors.Is(err, fs.ErrNotExist) && confirmed != path() {
			confirmed = path()
			return false
		}
		a.saveTo(f.fields[0].value(), f.fields[1].value(), path())
		return true
	}
	a.form = f
}

// savePath returns the path that was filled in. The suggested one, if unchanged, gets the extension
// of the chosen form.
func (a *App) savePath(f *form, suggested string) string {
	path := strings.TrimSpace(f.fields[2].value())
	if path == suggested && path != "" {
		path = strings.TrimSuffix(path, "pcapng") + model.Forms()[f.fields[1].choice][1]
	}
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		path = filepath.Join(a.o.Getenv("HOME"), rest)
	}
	return path
}

// saveTo starts to save a part of the log in the background.
func (a *App) saveTo(what, form, path string) {
	if path == "" {
		a.report(errors.New("a file needs a name"))
		return
	}
	events := a.model.Part(what)
	if events == nil {
		a.report(errors.New("nothing is selected that could be saved"))
		return
	}
	done := make(chan saved, 1)
	a.saving = done
	s := Saving{Path: path, Form: form, Events: events, Comments: a.model.Comments()}
	a.say("saving %s", path)
	go func() {
		n, err := a.o.Save(s)
		done <- saved{path, n, err}
	}()
}

// watchSaving shows the result of saving in the footer once there is one, and reports whether it
// did.
func (a *App) watchSaving() bool {
	if a.saving == nil {
		return false
	}
	select {
	case s := <-a.saving:
		a.saving = nil
		if s.err != nil {
			// The footer is one line, so an error that repeats the name could push out the reason.
			reason := s.err
			if at := (*fs.PathError)(nil); errors.As(reason, &at) && at.Path == s.path {
				reason = at.Err
			}
			a.report(fmt.Errorf("%s is not complete: %w", s.path, reason))
			return true
		}
		a.say("saved %s to %s", countEvents(s.n), s.path)
		return true
	default:
		return false
	}
}

// countEvents counts events in words.
func countEvents(n int) string {
	if n == 1 {
		return "1 event"
	}
	return thousands(n) + " events"
}

// commandSave saves as `:save FORM FILE` says. It opens the form if these are missing, or if there
// is such a file.
func (a *App) commandSave(args string) {
	if args == "" || a.o.Save == nil {
		a.save()
		return
	}
	form, path, ok := strings.Cut(args, " ")
	for _, f := range model.Forms() {
		if ok && f[0] == form {
			what := model.SaveAll
			if a.model.Filtered() {
				what = model.SaveFiltered
			}
			path = strings.TrimSpace(path)
			if _, err := os.Stat(path); err == nil {
				a.saveForm(what, form, path, "") // which asks before it replaces
				return
			}
			a.saveTo(what, form, path)
			return
		}
	}
	a.say("save wants a form and a file, as in :save pcapng talk.pcapng; the forms: pcapng, jsonl, text, C:/S:")
}
