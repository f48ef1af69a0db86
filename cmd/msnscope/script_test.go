package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/captures/samples"
)

// TestScripts runs the command lines of testdata/script. Each finds a recording, whole, gzipped and
// cut, in its folder. Two commands are ours: `code N msnscope ...` runs it and wants the exit code;
// `lines FILE N` wants so many lines in FILE.
func TestScripts(t *testing.T) {
	s := recordParty(t)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(s.pcapng); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	lists, err := samples.FS.ReadFile("lists.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	commands := strconv.Itoa(len(s.lines))
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", os.Getenv("GORACE"))
			e.Setenv("LINES_IN_SESSION", commands)
			e.Setenv("NEWLINE", "\n")
			return errors.Join(
				os.WriteFile(filepath.Join(e.WorkDir, "session.pcapng"), s.pcapng, 0o600),
				os.WriteFile(filepath.Join(e.WorkDir, "session.pcapng.gz"), zipped.Bytes(), 0o600),
				os.WriteFile(filepath.Join(e.WorkDir, "lists.pcapng"), lists, 0o600),
				os.WriteFile(filepath.Join(e.WorkDir, "cut.pcapng"), s.pcapng[:len(s.pcapng)*2/3+1], 0o600),
				os.WriteFile(filepath.Join(e.WorkDir, "cut.pcapng.gz"), zipped.Bytes()[:zipped.Len()/2], 0o600),
				os.WriteFile(filepath.Join(e.WorkDir, "live.jsonl"), []byte(s.jsonl), 0o600),
			)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": wantCode, "lines": wantLines},
	})
}

func wantCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program args...")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

func wantLines(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: lines FILE N")
	}
	if n := strconv.Itoa(strings.Count(ts.ReadFile(args[0]), "\n")); (n == args[1]) == neg {
		ts.Fatalf("%s has %s lines, want %s (%v)", args[0], n, args[1], !neg)
	}
}

// TestExamplesAreCommandLines: what the help of each verb shows is understood, and its filters
// compile. The scripts run those that need no port.
func TestExamplesAreCommandLines(t *testing.T) {
	root := newRoot(&env{})
	root.InitDefaultHelpCmd()
	for _, c := range allCommands(root) {
		if !c.Runnable() || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		if c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for example := range strings.Lines(c.Example) {
			words := quoted(strings.TrimSpace(example))
			if i := slices.Index(words, "|"); i >= 0 {
				words = words[i+1:] // what another program sends us
			}
			if words[0] != "msnscope" {
				t.Errorf("%s: the example %q", c.CommandPath(), example)
				continue
			}
			verb, rest, err := newRoot(&env{}).Find(words[1:])
			if err == nil {
				err = checkExample(verb, rest)
			}
			if err != nil {
				t.Errorf("%s: %s: %v", c.CommandPath(), strings.TrimSpace(example), err)
			}
		}
	}
}

// TestExamplesRun runs what the help shows of the verbs that need neither a port nor a terminal, as
// it stands.
func TestExamplesRun(t *testing.T) {
	top, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, folder := range []string{"captures", "docs"} {
		if err := os.Symlink(filepath.Join(top, folder), folder); err != nil {
			t.Fatal(err)
		}
	}
	add := []string{"accounts", "add", "erin@hotmail.com", "--password", "secret", "--db", "accounts.db"}
	if code := run(t.Context(), add, &env{
		stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard,
		getenv: func(string) string { return "" },
	}); code != exitOK {
		t.Fatalf("a database for the examples: exit code %d", code)
	}
	ran := 0
	for _, verb := range allCommands(newRoot(&env{})) {
		for example := range strings.Lines(verb.Example) {
			words := quoted(strings.TrimSpace(example))
			if !slices.Contains([]string{"dump", "export", "replay", "explain", "version", "test"}, verb.Name()) ||
				strings.Contains(example, "192.0.2.") ||
				strings.Contains(example, "--serve") { // would wait for somebody
				continue
			}
			var out, talk bytes.Buffer
			e := &env{
				stdin: strings.NewReader(""), stdout: &out, stderr: &talk,
				getenv: func(string) string { return "" },
			}
			if code := run(t.Context(), words[1:], e); code != exitOK {
				t.Errorf("%s: exit code %d: %s", strings.TrimSpace(example), code, talk.Bytes())
			} else if out.Len() == 0 && !slices.Contains(words, "-o") {
				t.Errorf("%s: prints nothing", strings.TrimSpace(example))
			}
			ran++
		}
	}
	if ran < 8 {
		t.Errorf("only %d examples were run", ran)
	}
}

// allCommands returns c and all below it.
func allCommands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		all = append(all, allCommands(sub)...)
	}
	return all
}

func checkExample(verb *cobra.Command, args []string) error {
	if err := verb.ParseFlags(args); err != nil {
		return err
	}
	if f := verb.Flags().Lookup("filter"); f != nil {
		if _, err := compile(f.Value.String()); err != nil {
			return err
		}
	}
	return verb.ValidateArgs(verb.Flags().Args())
}

// quoted splits a line as a shell does, as far as single quotes go.
func quoted(s string) (words []string) {
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}
