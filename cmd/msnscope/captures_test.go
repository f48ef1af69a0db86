package main

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/internal/store"
	"github.com/msnscope/msnscope/server"
)

var recordCaptures = flag.Bool("record", false, "record the shipped captures anew")

const capturesDir = "../../captures"

// shipped are the sessions that come with the program.
func shipped(t *testing.T) []string {
	names, err := fs.Glob(captures.FS, "*.pcapng")
	if err != nil || len(names) < 3 {
		t.Fatalf("%d shipped captures (%v), want at least 3", len(names), err)
	}
	return names
}

// TestShippedCaptures decodes each to what a person has read and found right, and replays it with the verdict 'same'.
func TestShippedCaptures(t *testing.T) {
	for _, s := range sessions {
		name := s.name + ".pcapng"
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(capturesDir, name)
			var out, talk bytes.Buffer
			e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &talk, getenv: func(string) string { return "" }}
			if code := run(t.Context(), []string{"dump", "-T", "jsonl", path}, e); code != exitOK {
				t.Fatalf("dump: exit code %d, %s", code, talk.Bytes())
			}
			msntest.Golden(t, s.name+".jsonl", out.Bytes())
			if lesson, err := captures.FS.ReadFile(s.name + ".md"); err != nil || len(lesson) == 0 {
				t.Errorf("no lesson: %v", err)
			}
			if s.alone != "" {
				return
			}
			out.Reset()
			if code := run(t.Context(), append([]string{"replay", path, "--to", "embedded"}, s.flags...), e); code != exitOK {
				t.Errorf("replay: exit code %d\n%s%s", code, out.Bytes(), talk.Bytes())
			}
			if !strings.Contains(out.String(), "\nsame: ") {
				t.Errorf("replay does not say 'same':\n%s", out.Bytes())
			}
		})
	}
}

// TestReplaySeesAChangedAnswer changes one byte of one recorded answer.
func TestReplaySeesAChangedAnswer(t *testing.T) {
	raw, err := captures.FS.ReadFile("logon.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(raw, []byte("BLP 5 1 AL"), []byte("BLP 5 1 BL"), 1)
	if bytes.Equal(raw, changed) {
		t.Fatal("the recording has no BLP 5 1 AL")
	}
	path := filepath.Join(t.TempDir(), "changed.pcapng")
	if err := os.WriteFile(path, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, talk bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &talk, getenv: func(string) string { return "" }}
	if code := run(t.Context(), []string{"replay", path}, e); code != exitDiffers {
		t.Errorf("exit code %d, want %d\n%s%s", code, exitDiffers, out.Bytes(), talk.Bytes())
	}
	if !regexp.MustCompile(`Value: want "?BL"?, got "?AL"?`).Match(out.Bytes()) {
		t.Errorf("the difference is not named:\n%s", out.Bytes())
	}
}

// TestRealClients decodes all that real clients said and heard.
func TestRealClients(t *testing.T) {
	names, err := fs.Glob(captures.FS, "clients/*.pcap")
	if err != nil || len(names) < 5 {
		t.Fatalf("%d recordings of clients (%v), want 5", len(names), err)
	}
	for _, name := range names {
		raw, err := captures.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		log := store.NewLog(store.LogOptions{})
		defer log.Close()
		if err := store.LoadReader(t.Context(), bytes.NewReader(raw), name, log, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if log.Len() < 60 {
			t.Errorf("%s: only %d events", name, log.Len())
		}
		for i := range log.Len() {
			e := log.At(i)
			if e.Kind == session.Gap || e.Kind == session.Command && (e.Row == nil || e.Flags&session.Opaque != 0) {
				t.Errorf("%s: event %d was not decoded: %q %s", name, e.N, e.In.Raw, e.Text)
			}
			if e.Kind == session.Command && (!e.Role.Known() || e.User == "") {
				t.Errorf("%s: event %d (%s) has the role %q and the user %q", name, e.N, e.In.Line(), e.Role, e.User)
			}
		}
	}
}

// unseen are the errors that the server knows and no shipped session has, with the reason.
var unseen = map[int]string{
	280: "a switchboard that cannot be had: the embedded server always has one",
	500: "the system's source of random numbers fails",
	501: "the database fails",
	712: "more than 50 in one session",
}

// TestEveryErrorIsShown: each error that the server can answer with is in a shipped session.
func TestEveryErrorIsShown(t *testing.T) {
	seen := map[int]bool{}
	for _, name := range shipped(t) {
		log := store.NewLog(store.LogOptions{})
		defer log.Close()
		if err := store.Load(t.Context(), filepath.Join(capturesDir, name), log, nil); err != nil {
			t.Fatal(err)
		}
		for i := range log.Len() {
			seen[log.At(i).In.Verb.Code()] = true
		}
	}
	for _, code := range server.Errors() {
		if reason := unseen[code]; seen[code] == (reason != "") {
			t.Errorf("error %d: seen %v, reason for not: %q", code, seen[code], reason)
		}
	}
}
