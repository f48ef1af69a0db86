package ui

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode/dialect"
)

// twice is a log in which alice logs on, talks, logs off and logs on again.
func twice() Options {
	s := newScript()
	s.talk()
	ns := s.open("127.0.0.1:49730", "64.4.13.58:1863", dialect.NS)
	s.logOn(ns, "alice")
	sb := s.open("127.0.0.1:49731", "64.4.13.41:1863", dialect.SB)
	s.c(sb, "USR 1 alice@hotmail.com 99.1\r\n")
	s.s(sb, "JOI carol@hotmail.com Carol\r\n")
	return Options{Log: s.log}
}

func TestTreeGoldens(t *testing.T) {
	goldens(t, "tree", twice, "1", "j", "j")
}

// TestTreeLogons: a user who logs on twice has a line for each logon, with what belongs to it;
// Enter on it shows that logon only, as a ladder.
func TestTreeLogons(t *testing.T) {
	b := open(t, 140, 42, twice())
	var got strings.Builder
	for _, r := range b.model.Tree() {
		name, _ := b.tree.name(r)
		got.WriteString(name + "\n")
	}
	want := " all\n ▾● alice@hotmail.com\n   ● logon at 12:00:00\n    ✓ DS#1\n    ● NS#2\n    ● SB#3 with bob " +
		"11752013\n" +
		"   ● logon at 12:00:00\n    ● NS#4\n    ● SB#5 with carol\n"
	if got.String() != want {
		t.Errorf("the tree is\n%swant\n%s", got.String(), want)
	}
	b.press("1", "g", "j", "j", "j", "j", "j", "j", "Enter")
	b.shows("2 Ladder", "USR 1 alice@", "1/10")
	b.hides("VER 0 MSNP2")
	b.press("Esc")
	b.shows("2 Commands", "VER 0 MSNP2")
}

// TestSignsAreExplained: help has every sign that the screen uses beside a row.
func TestSignsAreExplained(t *testing.T) {
	b := open(t, 100, 200, chat())
	b.press("?")
	g := &b.theme.g
	for _, sign := range []string{g.rewritten, g.held, g.dropped, g.fault, g.open, g.closed, "2!", g.linked, g.reply} {
		b.shows(sign)
	}
	b.shows("Signs", "an address in it was replaced")
}
