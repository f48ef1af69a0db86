package ui

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// saver keeps what the inspector has saved.
type saver struct {
	Saving
	events []uint64
	err    error
}

func (s *saver) save(what Saving) (int, error) {
	s.Saving, s.events = what, nil
	for e := range what.Events {
		s.events = append(s.events, e.N)
	}
	return len(s.events), s.err
}

// saving returns an inspector that saves into s.
func saving(t *testing.T, s *saver) *driven {
	t.Chdir(t.TempDir())
	o := talk()
	o.Save, o.Now = s.save, func() time.Time { return time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC) }
	o.Getenv = func(name string) string { return map[string]string{"HOME": "/home/alice"}[name] }
	return open(t, 100, 30, o)
}

// saved waits until the saving has ended.
func (b *driven) saved() {
	b.t.Helper()
	for i := 0; b.App.saving != nil && i < 10_000; i++ {
		b.tick()
		time.Sleep(time.Millisecond)
	}
	b.settle()
}

// TestSave: two keys save what is shown; the form says what, how and where.
func TestSave(t *testing.T) {
	s := &saver{}
	b := saving(t, s)
	b.press("w")
	b.shows("Save", "all", "filtered", "selected", "pcapng", "C:/S:", "msnscope-20261130-230000.pcapng")
	b.press("Enter")
	b.saved()
	b.shows("saved 37 events to msnscope-20261130-230000.pcapng")
	if len(s.events) != 37 || s.Form != "pcapng" {
		t.Errorf("saved %d events as %s, want all as pcapng", len(s.events), s.Form)
	}
	b.press("/", "MSG", "Enter", "F2", "Tab", "Right", "Enter") // the filter's, as JSON lines
	b.saved()
	b.shows("saved 2 events to msnscope-20261130-230000.jsonl")
	if !slices.Equal(s.events, []uint64{35, 36}) || s.Form != "jsonl" {
		t.Errorf("saved %v as %s", s.events, s.Form)
	}
	b.press("j", "w", "Right", "Tab", "Left", "Tab", "Ctrl-U", "~/one.cs", "Enter")
	b.saved()
	b.shows("saved 1 event to /home/alice/one.cs")
	if !slices.Equal(s.events, []uint64{36}) || s.Form != "C:/S:" {
		t.Errorf("saved %v as %s", s.events, s.Form)
	}
	b.press(":", "save text talk.txt", "Enter")
	b.saved()
	if s.Path != "talk.txt" || s.Form != "text" || len(s.events) != 2 {
		t.Errorf(":save saved %d events to %s as %s", len(s.events), s.Path, s.Form)
	}
	b.press(":", "save all", "Enter")
	b.shows("save wants a form and a file")
}

// TestSaveThatFails tells what went wrong, a full disk for example, and asks before it replaces.
func TestSaveThatFails(t *testing.T) {
	s := &saver{err: errors.New("write a.pcapng: no space left on device")}
	b := saving(t, s)
	b.press("w", "Enter")
	b.saved()
	b.shows("no space left on device", "not complete")
	long := strings.Repeat("a", 60) + ".pcapng"
	full := &fs.PathError{Op: "write", Path: long, Err: syscall.ENOSPC}
	s.err = errors.Join(full, full)
	b.press("w", "Tab", "Tab", "Ctrl-U", long, "Enter")
	b.saved()
	b.shows(long + " is not complete: no space")
	s.err, s.Path = nil, ""
	if err := os.WriteFile("here.txt", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("folder", 0o700); err != nil {
		t.Fatal(err)
	}
	b.press("w", "Tab", "Tab", "Ctrl-U", "folder")
	b.shows("folder is a folder")
	b.press("Ctrl-U", "here.txt")
	b.shows("here.txt exists: Enter twice replaces it")
	if b.press("Enter"); s.Path != "" {
		t.Fatal("a file is replaced without a question")
	}
	b.press("Enter")
	b.saved()
	if s.Path != "here.txt" {
		t.Errorf("saved to %q", s.Path)
	}
	s.Path = ""
	if b.press(":", "save text here.txt", "Enter"); s.Path != "" {
		t.Fatal("the command line replaces a file without a question")
	}
	b.shows("here.txt exists: Enter twice replaces it")
	b.press("Enter", "Enter")
	b.saved()
	if s.Path != "here.txt" || s.Form != "text" {
		t.Errorf("saved to %q as %s", s.Path, s.Form)
	}
	o := talk()
	b = open(t, 80, 24, o)
	b.press("w")
	b.shows("nothing can be saved here")
}

// TestMarks: a letter leads back to its command, and a comment stays with it.
func TestMarks(t *testing.T) {
	s, notes := &saver{}, []string{}
	b := saving(t, s)
	b.o.Note = func(text string) { notes = append(notes, text) }
	b.press("'")
	b.shows("nothing is marked")
	b.press(":", "12", "Enter", "m", "a", ":", "28", "Enter", "m", "b", ";", "who is \u202e this?", "Enter")
	b.shows("'b ✍")
	b.press("g", "'")
	b.shows("Marks", "a #12 ", "b #28 ", "✍ who is")
	b.press("a")
	b.shows("12/37")
	b.press("'", "Down", "Enter")
	b.shows("28/37", "✍ says")
	b.press("m", "Esc", "w", "Enter")
	b.saved()
	want := map[uint64]string{12: "mark a", 28: "mark b: who is \u202e this?"}
	if !maps.Equal(s.Comments, want) {
		t.Errorf("the comments %v are saved", s.Comments)
	}
	if !slices.Equal(notes, []string{"comment on #28: who is \u202e this?"}) {
		t.Errorf("the notes are %q", notes)
	}
	b.press(":", "comment", "Enter")
	b.hides("✍")
}

// TestScreensOfWorking has the goldens of the screens in which something is chosen or filled in.
func TestScreensOfWorking(t *testing.T) {
	o := func() Options {
		o := talk()
		o.Save, o.Now = (&saver{}).save, func() time.Time { return time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC) }
		return o
	}
	boxGoldens(t, "save", "Save", o, "w")
	boxGoldens(t, "filterform", "Filter", o, "F7", "xfr")
	boxGoldens(t, "marks", "Marks", o, ":", "12", "Enter", "m", "a", ";", "the logon", "Enter", "'")
}

// TestSaveWhatSpaceSelected: several commands, in the order in which they were said.
func TestSaveWhatSpaceSelected(t *testing.T) {
	s := &saver{}
	b := saving(t, s)
	b.press(":", "28", "Enter", "Space", ":", "12", "Enter", "Space", "w", "Enter")
	b.saved()
	if !slices.Equal(s.events, []uint64{12, 28}) {
		t.Errorf("saved %v, want 12 and 28", s.events)
	}
}
