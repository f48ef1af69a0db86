package main

import (
	"bytes"
	"flag"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/server"
)

var recordCaptures = flag.Bool("record", false, "record the shipped captures anew")

const capturesDir = "../../captures/samples"

// shipped are the sessions that come with the program.
func shipped(t *testing.T) []string {
	names, err := fs.Glob(samples.FS, "*.pcapng")
	if err != nil || len(names) < 3 {
		t.Fatalf("%d shipped captures (%v), want at least 3", len(names), err)
	}
	return names
}

// TestShippedCaptures decodes each to what a person has read and found right, and replays it with
// the verdict 'same'.
func TestShippedCaptures(t *testing.T) {
	for _, s := range sessions {
		name := s.name + ".pcapng"
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(capturesDir, name)
			var out, talk bytes.Buffer
			e := &env{
				stdin: strings.NewReader(""), stdout: &out, stderr: &talk,
				getenv: func(string) string { return "" },
			}
			if code := run(t.Context(), []string{"dump", "-T", "jsonl", path}, e); code != exitOK {
				t.Fatalf("dump: exit code %d, %s", code, talk.Bytes())
			}
			msntest.Golden(t, s.name+".jsonl", out.Bytes())
			if lesson, err := samples.FS.ReadFile(s.name + ".md"); err != nil || len(lesson) == 0 {
				t.Errorf("no lesson: %v", err)
			}
			out.Reset()
			if code := run(t.Context(), []string{"replay", path, "--to", "embedded"}, e); code != exitOK {
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
	raw, err := samples.FS.ReadFile("logon.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(raw, []byte("GTC 10 4 N"), []byte("GTC 10 4 A"), 1)
	if bytes.Equal(raw, changed) {
		t.Fatal("the recording has no GTC 10 4 N")
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
	if !regexp.MustCompile(`Value: want "?A"?, got "?N"?`).Match(out.Bytes()) {
		t.Errorf("the difference is not named:\n%s", out.Bytes())
	}
}

// TestReplayTellsNoSecret: neither what replay prints nor its report has a challenge, a response or
// a cookie of the recording, although each of its commands is named in both.
func TestReplayTellsNoSecret(t *testing.T) {
	path := filepath.Join(capturesDir, "conversation.pcapng")
	secrets := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?:MD5 S|CKI) ([0-9a-f.]{8,})`).FindAllStringSubmatch(
		printed(t, "dump", path, "-T", "cs"), -1) {
		secrets[found[1]] = true
	}
	if len(secrets) < 4 {
		t.Fatalf("the recording has the secrets %v", secrets)
	}
	report := filepath.Join(t.TempDir(), "report.json")
	said := printed(t, "replay", path, "--report", "json:"+report)
	written, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	for secret := range secrets {
		if strings.Contains(said, secret) || bytes.Contains(written, []byte(secret)) {
			t.Errorf("%s is told", secret)
		}
	}
	if !strings.Contains(said, "MD5 S ***") || !bytes.Contains(written, []byte("CKI ***")) {
		t.Errorf("what stands in their place is missing:\n%s\n%s", said, written)
	}
}

// TestReplayByRoutes: --route says where the servers are to which that of --to refers.
func TestReplayByRoutes(t *testing.T) {
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3)))
	s := launch(t, "serve", "--listen", at, "--advertise", "127.0.0.77")
	s.address()
	var out, talk bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &talk, getenv: func(string) string { return "" }}
	code := run(t.Context(), []string{
		"replay", filepath.Join(capturesDir, "logon.pcapng"), "--to", at, "--route", "127.0.0.77=127.0.0.1",
		"--password", "alice@hotmail.com=alicepw", "--ignore", "Ser",
	}, e)
	if code == exitIO || strings.Contains(out.String(), "(connects)") || !strings.Contains(out.String(), "USR 5 OK") &&
		!strings.Contains(out.String(), " OK alice@hotmail.com") {
		t.Errorf("exit code %d\n%s%s", code, out.Bytes(), talk.Bytes())
	}
	s.end(exitOK)
}

// TestRealClients decodes all that real clients said and heard.
func TestRealClients(t *testing.T) {
	names, err := fs.Glob(samples.FS, "clients/*.pcap")
	if err != nil || len(names) < 5 {
		t.Fatalf("%d recordings of clients (%v), want 5", len(names), err)
	}
	for _, name := range names {
		log := capturestest.Samples(t, name)
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
	712: "more than 50 in one session, or more bytes of unfinished commands than may be",
}

// TestEveryErrorIsShown: each error that the server can answer with is in a shipped session.
func TestEveryErrorIsShown(t *testing.T) {
	seen := map[int]bool{}
	for _, name := range shipped(t) {
		log := eventlog.New(eventlog.Options{})
		defer log.Close()
		if err := captures.NewLoader(log).Load(t.Context(), filepath.Join(capturesDir, name), nil); err != nil {
			t.Fatal(err)
		}
		for i := range log.Len() {
			if e := log.At(i); e.Flags&session.Injected == 0 { // not from a fault of the proxy
				seen[e.In.Verb.Code()] = true
			}
		}
	}
	for _, code := range server.Errors() {
		if reason := unseen[code]; seen[code] == (reason != "") {
			t.Errorf("error %d: seen %v, reason for not: %q", code, seen[code], reason)
		}
	}
}
