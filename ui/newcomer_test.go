package ui

import (
	"testing"

	"github.com/msnscope/msnscope/captures/capturestest"
)

// TestFewKeys: what people look for first takes few keys from the start of a session, all of which
// the footer names.
func TestFewKeys(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []string
		most int
		want []string
	}{
		{"bob's conversation", []string{"V"}, 5, []string{"alice with bob", "Where is the draft?"}},
		{
			"the referral that led to it",
			[]string{"V", "J", "j", "Enter"},
			5,
			[]string{"XFR  server", "127.0.0.1:1863"},
		},
		{"what is slow", []string{"S"}, 3, []string{"p95", "MSG "}},
		{"errors", []string{"S", "2", "Enter"}, 5, []string{"[ok 1/56]", "PRINCIPAL_NOT_ONLINE"}},
		{"two messages side by side", []string{"Space", "Space", "="}, 3, []string{"#1 ", "#2 "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, 140, 42, chat())
			b.press("g")
			b.press(c.keys...)
			b.shows(c.want...)
			if len(c.keys) > c.most {
				t.Errorf("%d keys, want %d at most", len(c.keys), c.most)
			}
		})
	}
}

// TestFewKeysToHold: from the start of a session, a text is held and stands in the editor, ready to
// be changed, after ten keys at most; the footer says how.
func TestFewKeysToHold(t *testing.T) {
	b, d := steered(t)
	held := d.held
	d.held = nil
	b.press("F5", "F5") // draws
	b.shows("i Hold")
	b.press("i")
	b.shows(`Up: payload.type == "text/plain"`)
	b.press("Up", "Enter")
	if want := `payload.type == "text/plain"`; d.expr != want {
		t.Errorf("held is %q, want %q", d.expr, want)
	}
	d.held = held[1:]
	b.press("F5", "F5")
	b.shows("⏸ MSG held", "e edit")
	b.press("e", "Enter")
	if b.editor == nil || b.editor.typing == nil {
		t.Error("nothing is being typed")
	}
}

// TestFiveTasks counts the keys of the tasks of docs/COMPARISON.md, each from the start: it takes
// fewer than the best of termshark, sngrep and mitmproxy, where one of them can do it.
func TestFiveTasks(t *testing.T) {
	recorded := func() *driven {
		return open(t, 140, 42, Options{Log: capturestest.Samples(t, "conversation.pcapng"), Replay: new(player).start})
	}
	live := func() *driven {
		b, _ := steered(t)
		return b
	}
	for _, c := range []struct {
		name  string
		start func() *driven
		keys  []string
		takes int
		best  int // of the others, 0 where none can
		want  []string
	}{
		{
			"a referral", recorded,
			[]string{"J"},
			1, 3,
			[]string{"server → client  #7 ", "✎ sent as", "sends the client on"},
		},
		{"all referrals", recorded, []string{"/", "X", "F", "R", "Enter"}, 5, 22, []string{"[ok 4/107]"}},
		{"chat", recorded, []string{"V"}, 1, 0, []string{"alice       Hello Bob, have you seen the draft?"}},
		{"what is slow", recorded, []string{"S"}, 1, 0, []string{"p95", "ADD         10"}},
		{"compare", recorded, []string{"Space", "Space", "="}, 3, 4, []string{"- #1 open", "+ #2 VER"}},
		{"hold", live, []string{"i", "M", "S", "G", "Enter"}, 5, 6, []string{"HOLD MSG"}},
		{"edit", live, []string{"e", "Enter", "1", "Enter", "a"}, 5, 0, []string{"HELD 1"}}, // one is typed
		{"replay", recorded, []string{"r"}, 1, 0, []string{"against embedded"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.start()
			b.press(c.keys...)
			b.shows(c.want...)
			if len(c.keys) != c.takes || c.best > 0 && c.takes >= c.best {
				t.Errorf("%d keys; the document says %d, and the best of the others takes %d", len(c.keys), c.takes,
					c.best)
			}
		})
	}
}
