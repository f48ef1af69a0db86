package main

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/control"
	"github.com/msnscope/msnscope/internal/explain"
	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/ui"
)

// TestDocsAreFresh: what is generated from tables says what the tables say. Run with -update to write it.
func TestDocsAreFresh(t *testing.T) {
	api, err := json.MarshalIndent(control.OpenAPI(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for path, fresh := range map[string]string{
		"docs/KEYS.md": ui.KeysMarkdown(), "docs/PROTOCOL.md": explain.Markdown(), "docs/SERVER.md": server.SettingsMarkdown(),
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
