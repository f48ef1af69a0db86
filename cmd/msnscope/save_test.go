package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/ui"
)

// loadFile returns a log of a capture.
func loadFile(t *testing.T, path string) *eventlog.Log {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return capturestest.Load(t, path, file)
}

// TestSaveFromTheInspector: what is saved as a recording is loaded again, with the comments as
// notes; the other forms are those of dump.
func TestSaveFromTheInspector(t *testing.T) {
	log := loadFile(t, filepath.Join(capturesDir, "conversation.pcapng"))
	all := func(yield func(*session.Event) bool) {
		for i := range log.Len() {
			if !yield(log.At(i)) {
				return
			}
		}
	}
	save := (&env{}).saver(t.Context(), log)
	dir := t.TempDir()
	path := filepath.Join(dir, "all.pcapng")
	comment := "here bob is referred\r\nmsnscope:1 command n=1"
	n, err := save(ui.Saving{Path: path, Form: "pcapng", Events: all, Comments: map[uint64]string{20: comment}})
	if n != log.Len() || err != nil {
		t.Fatalf("saved %d events, %v, want %d", n, err, log.Len())
	}
	again := loadFile(t, path)
	var notes []string
	kept := 0
	for i := range again.Len() {
		e := again.At(i)
		if e.Kind == session.Note {
			notes = append(notes, e.Text)
			continue
		}
		if was := log.At(kept); string(was.In.Raw) != string(e.In.Raw) || was.Flags != e.Flags {
			t.Fatalf("event %d is %q, was %q", kept+1, e.In.Raw, was.In.Raw)
		}
		kept++
	}
	if kept != log.Len() ||
		!slices.ContainsFunc(notes, func(s string) bool { return strings.Contains(s, "here bob is") }) {
		t.Errorf("%d of %d events, and the notes %q", kept, log.Len(), notes)
	}
	for form, want := range map[string]string{"jsonl": `"cmd":"VER"`, "text": "VER 0 MSNP", "C:/S:": "C: VER 0 MSNP"} {
		path := filepath.Join(dir, "part")
		if n, err := save(ui.Saving{Path: path, Form: form, Events: all}); n != log.Len() || err != nil {
			t.Errorf("%s: saved %d events, %v", form, n, err)
		}
		if got, err := os.ReadFile(path); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: the file lacks %q (%v)", form, want, err)
		}
	}
}

// TestSaveWhereItCannot: saving to a full disk, or to the file that is shown, returns an error.
func TestSaveWhereItCannot(t *testing.T) {
	path := filepath.Join(capturesDir, "conversation.pcapng")
	log := loadFile(t, path)
	one := func(yield func(*session.Event) bool) { yield(log.At(0)) }
	for _, form := range []string{"pcapng", "jsonl"} {
		if _, err := os.Stat("/dev/full"); err == nil {
			_, err := (&env{}).saver(t.Context(), log)(ui.Saving{Path: "/dev/full", Form: form, Events: one})
			if err == nil || !strings.Contains(err.Error(), "no space left") {
				t.Errorf("%s on a full disk: %v", form, err)
			}
		}
	}
	_, err := (&env{}).saver(t.Context(), log, path)(ui.Saving{Path: path, Form: "pcapng", Events: one})
	if err == nil || !strings.Contains(err.Error(), "this file is one of the inputs") {
		t.Errorf("saving over what is read: %v", err)
	}
}
