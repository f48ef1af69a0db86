package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/client"
)

// TestTwoRecorders: a second recorder of the same file is refused, with the name of the process
// that records; the file stays whole.
func TestTwoRecorders(t *testing.T) {
	for _, plus := range []string{"", "+"} {
		t.Run("-w "+plus+"FILE", func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "one.pcapng")
			first := spawn(t, nil, "--headless", "-T", "jsonl", "--listen", "127.0.0.1:0", "-w", plus+path)
			alice := signIn(t, "alice", client.Options{Server: first.address()})
			for _, args := range [][]string{
				{"--headless", "--listen", "127.0.0.1:0", "-w", path},
				{"--headless", "--listen", "127.0.0.1:0", "-w", "+" + path},
				{"--headless", "--listen", "127.0.0.1:0", "-w", path, "--force"},
				{"export", filepath.Join(capturesDir, "logon.pcapng"), "--force", "-o", path},
			} {
				second := launch(t, args...)
				second.wait(exitIO)
				if want := fmt.Sprintf("process %d is writing this file",
					first.process.Pid); !strings.Contains(second.stderr.String(), want) {
					t.Errorf("%v says %s, want %s", args, second.stderr, want)
				}
			}
			logon := filepath.Join(capturesDir, "logon.pcapng")
			for want, args := range map[string][]string{
				"it exists and is not a report": {"replay", logon, "--report", "json:" + path},
				"this file is a capture":        {"dump", logon, "-o", path},
			} {
				text := launch(t, args...)
				text.wait(exitUsage)
				if !strings.Contains(text.stderr.String(), want) {
					t.Errorf("%v says %s, want %s", args, text.stderr, want)
				}
			}
			alice.logout()
			first.end(exitOK)
			live := parse(t, first.stdout.String())
			if file, code := dumped(t, path); code != exitOK || len(file) != len(live) {
				t.Errorf("the file has %d events, exit code %d, want %d", len(file), code, len(live))
			}
			again := launch(t, "--headless", "--listen", "127.0.0.1:0", "-w", "+"+path)
			again.address() // nobody writes the file any more
			again.end(exitOK)
		})
	}
}

// TestForce: --force replaces the file, and what a name leads to is written as ever.
func TestForce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, link, empty := filepath.Join(folder, "there"), filepath.Join(folder, "link"), filepath.Join(folder, "empty")
	if err := os.WriteFile(path, []byte("an older recording"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(folder, "new"), link); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-w", path, "--force"}, {"-w", link}, {"-w", empty}, {"-w", os.DevNull}} {
		p := launch(t, append(args, "--headless", "--listen", "127.0.0.1:0")...)
		signIn(t, "alice", client.Options{Server: p.address()}).logout()
		p.end(exitOK)
		if args[1] == os.DevNull {
			continue
		}
		if file, code := dumped(t, args[1]); code != exitOK || len(file) < 10 {
			t.Errorf("%v: %d events, exit code %d: %s", args, len(file), code, p.stderr)
		}
	}
}

// TestRotationReplacesNothing: files that another run left are kept, although the names would be
// the same.
func TestRotationReplacesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for range 2 {
		p := launch(t, "--headless", "--listen", "127.0.0.1:0", "-w", filepath.Join(folder, "all%%.pcapng"),
			"--rotate-time", "1h")
		signIn(t, "alice", client.Options{Server: p.address()}).logout()
		p.end(exitOK)
	}
	pattern := filepath.Join(folder, "y%Y.pcapng")
	for range 2 {
		p := launch(t, "--headless", "--listen", "127.0.0.1:0", "-w", pattern, "--rotate-time", "1h")
		signIn(t, "alice", client.Options{Server: p.address()}).logout()
		p.end(exitOK)
	}
	if all, err := filepath.Glob(filepath.Join(folder, "*.pcapng")); err != nil || len(all) != 4 {
		t.Errorf("there are %q (%v), want two files of each pair of runs", all, err)
	}
}

// TestUnknownTerminal: where the inspector cannot use the terminal, the error says what to do, for
// each verb that has one.
func TestUnknownTerminal(t *testing.T) {
	for args, want := range map[string]string{
		"inspect " + filepath.Join(capturesDir, "logon.pcapng"): "msnscope dump",
		"--listen 127.0.0.1:0": "--headless",
	} {
		for _, name := range []string{"", "unknown", "dumb"} {
			t.Run(args+" TERM="+name, func(t *testing.T) {
				t.Parallel()
				term := openTerminal(t, 200, 20)
				path, err := filepath.Abs(capturesDir)
				if err != nil {
					t.Fatal(err)
				}
				term.shell("TERM=" + name + " msnscope " + strings.ReplaceAll(args, capturesDir, shellWord(path)) +
					"; echo code=$?")
				term.shows("error: inspector: ", `hint: TERM is "`+name+`".*`+want, "code=3$")
			})
		}
	}
}

// TestFIFO: a named pipe is written as events come, with or without --force.
func TestFIFO(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	reader := launch(t, "dump", fifo)
	code := launch(t, "export", filepath.Join(capturesDir, "logon.pcapng"), "-o", fifo)
	code.wait(exitOK)
	reader.wait(exitOK)
	if !strings.Contains(reader.stdout.String(), " VER ") {
		t.Errorf("through the pipe came %s", reader.stdout)
	}
}

// TestOutputToAPipe: a converted capture goes to a pipe whose reader comes later, and neither a
// pipe without a reader nor one whose reader takes nothing keeps the program from ending.
func TestOutputToAPipe(t *testing.T) {
	capture := filepath.Join(capturesDir, "conversation.pcapng")
	for name, args := range map[string][]string{
		"dump": {"dump", "-T", "jsonl", capture, "-o"}, "export": {"export", capture, "-o"},
	} {
		t.Run(name, func(t *testing.T) {
			pipe := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Skip(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			code := make(chan int, 1)
			start := func() {
				go func() {
					code <- run(ctx, append(slices.Clone(args), pipe), &env{
						stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard,
						getenv: func(string) string { return "" },
					})
				}()
			}
			start()
			reader, err := os.Open(pipe) // returns when both ends are there
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(reader)
			reader.Close()
			if c := <-code; c != exitOK || err != nil || len(got) < 5000 {
				t.Fatalf("code %d, %v, %d bytes", c, err, len(got))
			}
			start()
			cancel()
			if c := <-code; c != exitInterrupted {
				t.Errorf("without a reader: code %d after the interruption", c)
			}
		})
	}
}

// TestTextReplacesNoCapture: a text, a picture or a report takes the place of no capture, which may
// be the only copy; what is no capture is replaced as before.
func TestTextReplacesNoCapture(t *testing.T) {
	t.Parallel()
	capture, folder := filepath.Join(capturesDir, "logon.pcapng"), t.TempDir()
	file, err := os.ReadFile(capture)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(folder, "other.pcapng")
	if err := os.WriteFile(other, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"dump", capture, "-o", other},
		{"dump", capture, "-T", "jsonl", "-o", other},
		{"flow", capture, "-T", "text", "-o", other},
		{"conform", "127.0.0.1:1", "-o", other},
	} {
		code, _, talk := said(t, "", args...)
		if code != exitUsage || !strings.Contains(talk, "this file is a capture") {
			t.Errorf("%q: exit code %d, %s", args, code, talk)
		}
		if got, err := os.ReadFile(other); err != nil || string(got) != string(file) {
			t.Fatalf("%q: the capture has %d bytes: %v", args, len(got), err)
		}
	}
	text := filepath.Join(folder, "text")
	for range 2 {
		if code, _, talk := said(t, "", "dump", capture, "-o", text); code != exitOK {
			t.Errorf("exit code %d, %s", code, talk)
		}
	}
}

// TestNothingIsReplacedByHalf: a file is replaced when what replaces it is complete. If the disk
// fills up, an input fails or somebody interrupts, the old one stays, with nothing beside it.
func TestNothingIsReplacedByHalf(t *testing.T) {
	const mode = 0o640
	capture, err := filepath.Abs(filepath.Join(capturesDir, "conversation.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		code int // 0 for exitIO on a disk of half a kilobyte
		args []string
	}{
		"dump on a full disk":         {0, []string{"dump", capture, "-T", "jsonl", "-o", "old"}},
		"parquet on a full disk":      {0, []string{"dump", capture, "-T", "parquet", "-o", "old"}},
		"export on a full disk":       {0, []string{"export", capture, "--force", "-o", "old"}},
		"flow on a full disk":         {0, []string{"flow", capture, "-T", "html", "-o", "old"}},
		"a lesson on a full disk":     {0, []string{"flow", "--lesson", "logon", "-T", "html", "-o", "old"}},
		"a scenario on a full disk":   {0, []string{"replay", capture, "--force", "-w", "old.msn"}},
		"a report on a full disk":     {0, []string{"replay", capture, "--report", "json:old.json"}},
		"dump of nothing":             {exitIO, []string{"dump", "missing", "-o", "old"}},
		"dump that is interrupted":    {exitInterrupted, []string{"dump", capture, "-o", "old"}},
		"export that is interrupted":  {exitInterrupted, []string{"export", capture, "--force", "-o", "old"}},
		"conform that is interrupted": {exitInterrupted, []string{"conform", "127.0.0.1:1", "-o", "old"}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, strings.TrimPrefix(tc.args[len(tc.args)-1], "json:"))
			if err := os.WriteFile(path, []byte("{old}"), mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("msnscope", tc.args...)
			want := tc.code
			if want == 0 {
				want = exitIO
				cmd = exec.Command("sh", append([]string{"-c", `ulimit -f 1; exec msnscope "$@"`, "sh"}, tc.args...)...)
			}
			code, talk := 0, ""
			if want == exitInterrupted {
				ctx, interrupt := context.WithCancel(t.Context())
				interrupt()
				t.Chdir(folder)
				var stderr bytes.Buffer
				code = run(ctx, tc.args, &env{
					stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr, getenv: os.Getenv,
				})
				talk = stderr.String()
			} else {
				cmd.Dir = folder
				out, _ := cmd.CombinedOutput() // the exit code says it
				code, talk = cmd.ProcessState.ExitCode(), string(out)
			}
			if code != want || strings.Contains(talk, "/.msnscope") {
				t.Errorf("exit code %d, want %d: %s", code, want, talk)
			}
			got, err := os.ReadFile(path)
			if err != nil || string(got) != "{old}" {
				t.Errorf("the file has %.20q (%v): %s", got, err, talk)
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
				t.Errorf("the folder has %v (%v), want the old file alone", left, err)
			}
		})
	}
	path := filepath.Join(t.TempDir(), "old")
	if err := os.WriteFile(path, []byte("{old}"), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	printed(t, "dump", capture, "-o", path)
	if info, err := os.Stat(path); err != nil || info.Mode() != mode || info.Size() < 1000 {
		t.Errorf("what replaced it has mode %v and %d bytes: %v", info.Mode(), info.Size(), err)
	}
}

// TestInterruptedAtAPipe: an interruption ends the wait for somebody at the other end of a pipe,
// also if that one is there and says nothing.
func TestInterruptedAtAPipe(t *testing.T) {
	capture := filepath.Join(capturesDir, "logon.pcapng")
	for name, args := range map[string]func(pipe string) []string{
		"dump":   func(pipe string) []string { return []string{"dump", pipe} },
		"replay": func(pipe string) []string { return []string{"replay", pipe} },
		"diff":   func(pipe string) []string { return []string{"diff", pipe, capture} },
		"report": func(pipe string) []string { return []string{"replay", capture, "--report", "json:" + pipe} },
	} {
		for _, attended := range []bool{false, true} {
			if attended && name == "report" {
				continue // a report fits into a pipe
			}
			t.Run(fmt.Sprintf("%s, somebody there: %t", name, attended), func(t *testing.T) {
				pipe := filepath.Join(t.TempDir(), "pipe")
				if err := syscall.Mkfifo(pipe, 0o600); err != nil {
					t.Skip(err)
				}
				if attended {
					other, err := os.OpenFile(pipe, os.O_RDWR, 0)
					if err != nil {
						t.Fatal(err)
					}
					defer other.Close()
				}
				p := launch(t, args(pipe)...)
				if name == "report" {
					await(t, "the last command", func() bool { return strings.Contains(p.stdout.String(), " #44 ") })
				}
				time.AfterFunc(10*time.Millisecond, p.stop) // the outcome is the same at any time
				p.wait(exitInterrupted)
				if all, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil {
					all.Close() // which ends the system's own wait
				}
			})
		}
	}
}
