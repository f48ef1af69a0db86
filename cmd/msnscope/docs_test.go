package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/internal/control"
	"github.com/msnscope/msnscope/internal/explain"
	"github.com/msnscope/msnscope/internal/metrics"
	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/ui"
)

// TestDocsAreFresh: what is generated from tables says what the tables say. Run with -update to
// write it.
func TestDocsAreFresh(t *testing.T) {
	api, err := json.MarshalIndent(control.OpenAPI(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for path, fresh := range map[string]string{
		"docs/KEYS.md": ui.KeysMarkdown(), "docs/PROTOCOL.md": explain.Markdown(),
		"docs/LINT.md":      lint.Markdown(),
		"docs/SERVER.md":    server.SettingsMarkdown(),
		"docs/METRICS.md":   metrics.Markdown(),
		"docs/COVERAGE.md":  coverage(t),
		"docs/openapi.json": string(api) + "\n",
	} {
		file := "../../" + path
		if flag.Lookup("update").Value.String() == "true" {
			if err := os.WriteFile(file, []byte(fresh), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil || string(got) != fresh {
			t.Errorf("%s is stale: go test ./cmd/msnscope -run TestDocsAreFresh -update (%v)", path, err)
		}
	}
}

// TestReadmeNamesWhatExists: each command line in the README is one that the program has.
func TestReadmeNamesWhatExists(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for line := range strings.Lines(string(readme)) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
		line = strings.Replace(line, "go run ./cmd/msnscope", "msnscope", 1)
		args := strings.Fields(strings.SplitN(strings.SplitN(line, "#", 2)[0], "|", 2)[0])
		if n := len(args); n > 0 && args[n-1] == "&" {
			args = args[:n-1]
		}
		if len(args) == 0 || args[0] != "msnscope" || strings.Contains(line, "'") {
			continue
		}
		root := newRoot(&env{})
		root.InitDefaultHelpCmd()
		verb, rest, err := root.Find(args[1:])
		if err == nil {
			err = verb.ParseFlags(rest)
		}
		if err == nil {
			err = verb.ValidateArgs(verb.Flags().Args())
		}
		if err != nil {
			t.Errorf("README: %s: %v", line, err)
		}
		checked++
	}
	if checked < 12 {
		t.Errorf("only %d command lines were found in the README", checked)
	}
}

// TestCommandsOfGuides: each command line in docs is one that the program has, and one that only
// reads shipped recordings, or explains, does so without an error.
func TestCommandsOfGuides(t *testing.T) {
	t.Chdir("../..")
	guides, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, guide := range guides {
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		code := false
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "```") {
				code = !code
			}
			args := ownWords(shellWords(strings.TrimSpace(line)))
			if !code || len(args) == 0 {
				continue
			}
			checked++
			root := newRoot(&env{})
			root.InitDefaultCompletionCmd()
			verb, rest, err := root.Find(args[1:])
			if err == nil {
				err = verb.ParseFlags(rest)
			}
			if err == nil {
				err = verb.ValidateArgs(verb.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: %s: %v", guide, line, err)
				continue
			}
			if code, out := readsOnly(t, verb.Name(), args[1:]); code != exitOK && code != exitDiffers {
				t.Errorf("%s: %s: exit code %d\n%s", guide, line, code, out)
			}
		}
	}
	if checked < 35 {
		t.Errorf("only %d command lines were found in docs", checked)
	}
}

// ownWords returns the words that the program gets from a command line, with its name before them,
// nil if that does not run it. It may be run by sudo, or be in an image of Docker.
func ownWords(words []string) []string {
	if len(words) > 1 && words[0] == "sudo" {
		words = words[1:]
	}
	if len(words) > 1 && words[0] == "docker" && words[1] == "run" {
		words = words[max(0, slices.Index(words, "msnscope")):]
	}
	if len(words) == 0 || words[0] != "msnscope" {
		return nil
	}
	return words
}

// readsOnly runs a command line if it does nothing but read what comes with the program.
func readsOnly(t *testing.T, verb string, args []string) (code int, out string) {
	line := strings.Join(args, " ")
	reads := verb == "explain" || verb == "learn" && !strings.Contains(line, "--dir") ||
		strings.Contains(line, "captures/samples/") && verb != "inspect" && !slices.Contains(args, "-o")
	if !reads {
		return exitOK, ""
	}
	var b bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &b, stderr: &b, getenv: func(string) string { return "" }}
	return run(t.Context(), args, e), b.String()
}

// shellWords returns the words of the first command of a line as a shell reads it, without a
// comment and without where its output goes; it knows single quotes.
func shellWords(line string) (words []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		before, _, comment := strings.Cut(part, " #")
		words = append(words, strings.Fields(before)...)
		if end := slices.IndexFunc(words, func(w string) bool { return strings.Contains("|>&", w) }); end >= 0 {
			return words[:end]
		}
		if comment {
			break
		}
	}
	return words
}
