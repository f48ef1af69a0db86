package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestConfigExample: the file that docs/CONFIG.md shows is one that every command accepts.
func TestConfigExample(t *testing.T) {
	doc, err := os.ReadFile("../../docs/CONFIG.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```toml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/CONFIG.md has no example")
	}
	name := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(name, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &env{getenv: func(string) string { return "" }}
	serve, flags, err := newRoot(e).Find([]string{"serve", "--config", name, "--notification", "1"})
	if err == nil {
		err = serve.ParseFlags(flags)
	}
	if err == nil {
		err = e.configure(serve)
	}
	if err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{
		"db": "/var/lib/msnscope/accounts.db", "preset": "draft", "set": "[chl=no]", "notification": "1",
	} {
		if got := serve.Flag(flag).Value.String(); got != want {
			t.Errorf("--%s is %s, want %s", flag, got, want)
		}
	}
}
