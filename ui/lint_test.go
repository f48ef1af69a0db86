package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures/capturestest"
)

// TestLintOnTheScreen checks that a command that breaks a rule is marked wherever it is shown, that
// the filter finds it, and that the setting chooses the rules.
func TestLintOnTheScreen(t *testing.T) {
	b := open(t, 250, 70, Options{Log: capturestest.Samples(t, "lists.pcapng")})
	b.shows("lint ", "⚠")
	b.press("/", "lint", "Enter")
	b.shows("[ok 4/", `22 XL`)
	if row := b.glass.line("22 XL"); !strings.Contains(row, "⚠") {
		t.Errorf("the command is not marked in %q", row)
	}
	b.press("G")
	b.shows("P08", "error §5.7", "there is no list")
	b.press("F5")
	b.shows("LST 22 XL ⚠")
	b.press("F5", "S", "5")
	b.shows("P08 ", "severity")
	b.press("Enter")
	b.shows(`Filter: any(lint, .rule == "P08")`, "[ok 1/")
	b.press("/", "Esc", "Esc", ":set lint=off", "Enter")
	if text := b.glass.text(); strings.Contains(text, "⚠") || strings.Contains(text, "lint ") {
		t.Error("with lint=off findings are shown")
	}
	b.press("/", "lint", "Enter")
	b.shows("no command matches")
	b.press(":set lint=sometimes", "Enter")
	b.shows("it is draft or observed or off")
}

// TestLintAtTheStart: the rules that the command line names are in force before those of the
// settings.
func TestLintAtTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "settings")
	if err := os.WriteFile(file, []byte("lint = \"off\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(t, 250, 70, Options{Log: capturestest.Samples(t, "lists.pcapng"), Settings: file, Lint: "draft"})
	b.press("/", "lint", "Enter")
	b.shows("22 XL")
}
