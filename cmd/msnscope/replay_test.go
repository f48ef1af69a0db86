package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// said runs a command line and returns its exit code and what it wrote.
func said(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, talk bytes.Buffer
	e := &env{stdin: strings.NewReader(stdin), stdout: &out, stderr: &talk, getenv: func(string) string { return "" }}
	code = run(t.Context(), args, e)
	return code, out.String(), talk.String()
}

// TestReplayUsage: a wrong command line is refused with what would be valid.
func TestReplayUsage(t *testing.T) {
	capture := filepath.Join(capturesDir, "logon.pcapng")
	scenario := filepath.Join(t.TempDir(), "wrong.msn")
	if err := os.WriteFile(scenario, []byte("= 1\nVER 1 MSNP2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{capture, "--timing", "fast"}, "lockstep, real, step, or xN"},
		{[]string{capture, "--timing", "x0"}, "lockstep, real, step, or xN"},
		{[]string{capture, "--unmatched", "guess"}, "nearest error silence embedded"},
		{[]string{capture, "--to", "not an address"}, "HOST, HOST:PORT, embedded or self"},
		{[]string{capture, "--serve", "127.0.0.1:0", "--to", "embedded"}, "--to self only"},
		{[]string{capture, "--report", "xml:x"}, "json:FILE and junit:FILE"},
		{[]string{capture, "--report", "json:" + capture}, "one of the inputs"},
		{[]string{capture, "-w", capture, "--force"}, "one of the inputs"},
		{[]string{capture, "--only", "cmd =="}, "in the filter"},
		{[]string{capture, "-T", "xml", "--plan"}, "text and json"},
		{[]string{scenario}, "line 2, column 1"},
	} {
		code, _, talk := said(t, "", append([]string{"replay"}, tc.args...)...)
		if code != exitUsage || !strings.Contains(talk, tc.want) {
			t.Errorf("%q: exit code %d, %q, want 2 and %q", tc.args, code, talk, tc.want)
		}
	}
}

// TestReplayWays plays one recording in every way: each says 'same'.
func TestReplayWays(t *testing.T) {
	capture, dir := filepath.Join(capturesDir, "conversation.pcapng"), t.TempDir()
	ran, report := filepath.Join(dir, "run.pcapng"), filepath.Join(dir, "report.xml")
	scenario, notation := filepath.Join(dir, "talk.msn"), filepath.Join(dir, "cs.msn")
	if code, _, talk := said(t, "", "replay", capture, "-w", scenario); code != exitOK {
		t.Fatalf("-w talk.msn: exit code %d, %s", code, talk)
	}
	code, cs, _ := said(t, "", "dump", capture, "-T", "cs")
	if err := os.WriteFile(notation, []byte(cs), 0o600); code != exitOK || err != nil {
		t.Fatalf("dump -T cs: exit code %d, %v", code, err)
	}
	for _, args := range [][]string{
		{capture, "-w", ran, "--report", "junit:" + report},
		{capture, "--to", "self"},
		{capture, "--to", "self", "--serve", "127.0.0.1:0"},
		{capture, "--to", "self", "--unmatched", "embedded"},
		{capture, "--timing", "x1000"},
		{capture, "--timing", "step"}, // nobody presses Enter: standard input is empty
		{capture, "--only", `user == "alice@hotmail.com"`, "--to", "self"},
		{scenario},
		{scenario, "--to", "self"},
		{notation},
	} {
		code, out, talk := said(t, "", append([]string{"replay"}, args...)...)
		if code != exitOK || !strings.Contains(out, "\nsame: ") {
			t.Errorf("%q: exit code %d\n%s%s", args, code, out, talk)
		}
	}
	if text, err := os.ReadFile(report); err != nil || !bytes.Contains(text, []byte(`failures="0"`)) {
		t.Errorf("the report: %v\n%.300s", err, text)
	}
	// The run is a capture, which says the same as the recording.
	if code, out, talk := said(t, "", "diff", capture, ran); code != exitOK {
		t.Errorf("diff: exit code %d\n%s%s", code, out, talk)
	}
	code, out, _ := said(t, "", "diff", capture, filepath.Join(capturesDir, "logon.pcapng"))
	if code != exitDiffers || !strings.Contains(out, "\ndiffers: ") {
		t.Errorf("diff of two sessions: exit code %d, %.200s", code, out)
	}
	if code, out, _ = said(t, "", "replay", capture, "--plan", "-T", "json"); code != exitOK || out[0] != '{' {
		t.Errorf("--plan: exit code %d, %.100s", code, out)
	}
}

// TestReplayOfGateway: sessions over HTTP are played over TCP, and replay says so; where the server
// does not speak their dialect nothing is, and replay says that.
func TestReplayOfGateway(t *testing.T) {
	const played, unspoken = "came over HTTP: its commands are played over TCP", "is not played: it speaks MSNP18"
	code, out, talk := said(t, "", "replay", "testdata/recordings/amsn-2003-gateway.pcap", "--to", "self")
	if code != exitOK || !strings.Contains(out, "\nsame: ") || !strings.Contains(talk, "connection 1 "+played) {
		t.Errorf("exit code %d\n%s%s", code, out, talk)
	}
	code, _, talk = said(t, "", "replay", "testdata/recordings/pidgin-2.10-gateway.pcap")
	if code != exitIO || !strings.Contains(talk, "nothing of this recording can be played") ||
		!strings.Contains(talk, "connection 1 "+unspoken) || strings.Contains(talk, played) {
		t.Errorf("exit code %d, %s", code, talk)
	}
}

// TestReplayWithAccounts replays with the accounts of a database: what differs there differs in the
// answers, their passwords are used, and the database stays as it was.
func TestReplayWithAccounts(t *testing.T) {
	capture, db := filepath.Join(capturesDir, "logon.pcapng"), filepath.Join(t.TempDir(), "accounts.db")
	add := []string{"accounts", "add", "alice@hotmail.com", "--name", "Alicia", "--password", "other", "--db", db}
	if code, _, talk := said(t, "", add...); code != exitOK {
		t.Fatalf("%q: exit code %d, %s", add, code, talk)
	}
	for range 2 {
		code, out, talk := said(t, "", "replay", capture, "--db", db)
		if code != exitDiffers || !strings.Contains(out, "got Alicia") || strings.Contains(out, "911") {
			t.Errorf("exit code %d, want %d and another name:\n%s%s", code, exitDiffers, out, talk)
		}
	}
	code, _, talk := said(t, "", "replay", capture, "--db", db+"x")
	if code != exitIO || !strings.Contains(talk, db+"x") {
		t.Errorf("without a database: exit code %d, %s", code, talk)
	}
	if _, list, _ := said(t, "", "accounts", "list", "--db", db); strings.Count(list, "@") != 1 {
		t.Errorf("the database has now\n%s", list)
	}
}
