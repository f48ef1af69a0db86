package ui

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
)

func TestKeyTable(t *testing.T) {
	names := map[string]bool{"Shift-Tab": true, "Space": true}
	for _, n := range tcell.KeyNames {
		names[strings.ReplaceAll(n, "Ctrl+", "Ctrl-")] = true
	}
	seen := map[string]bool{}
	for _, k := range keyTable() {
		if k.help == "" || k.do == nil || k.group == "" {
			t.Errorf("the row of %q has no help, no group or does nothing", k.keys)
		}
		for _, name := range strings.Fields(k.keys) {
			if seen[name] {
				t.Errorf("%q is bound twice", name)
			}
			seen[name] = true
			if utf8.RuneCountInString(name) > 1 && !names[name] {
				t.Errorf("%q is the name of no key", name)
			}
		}
	}
}

func TestKeysMarkdownHasEverything(t *testing.T) {
	doc := KeysMarkdown()
	for _, k := range keyTable() {
		if !strings.Contains(doc, "| "+markdownKeys(k.keys)+" | ") || !strings.Contains(doc, k.help) {
			t.Errorf("the document lacks %q", k.keys)
		}
	}
	for _, c := range commandTable() {
		if !strings.Contains(doc, "`"+c.name) || !strings.Contains(commandNames(), c.name) {
			t.Errorf("the document or the help of ':' lacks %q", c.name)
		}
	}
}

func TestExamplesCompile(t *testing.T) {
	b := open(t, 80, 24, talk())
	for _, e := range examples {
		if _, err := b.o.Compile(e[0]); err != nil {
			t.Errorf("example %q: %v", e[0], err)
		}
	}
}
