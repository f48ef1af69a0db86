package ui

import (
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
)

func TestConversationGoldens(t *testing.T) {
	goldens(t, "conversation", chat, ":goto 40", "Enter", "V")
	goldens(t, "conversations", chats, "V", "j")
}

// TestConversationIsWhole: V shows all that was said in the session of the selected command,
// whatever the filter, and nothing of other sessions; Esc shows again what was shown before.
func TestConversationIsWhole(t *testing.T) {
	o := chat()
	o.Filter = "ACK"
	b := open(t, 140, 42, o)
	b.press("V")
	b.shows("alice with bob, dave", "session 11752013", "Hello, dear Bob!", "Where is the draft?",
		"I looked everywhere.", "carol: PRINCIPAL_NOT_ONLINE", "Dave has it.", "not delivered: Dave", "bob has left",
		"alice is typing, 3 notices", "Arial, bold, #ff0000", "MS Sans Serif", "set aside")
	b.hides("made up", "Dave [red]")
	if _, _, attrs := b.glass.style(t, "Hello, dear").Decompose(); attrs&tcell.AttrBold == 0 {
		t.Error("bold text is not bold")
	}
	if _, e := b.model.Selected(); e.N < 38 || e.N > 42 {
		t.Errorf("V selected #%d, want the one nearest to #40, which was", e.N)
	}
	b.press("Esc")
	b.shows("[ok 1/56]", "Filter: ACK", "2 Commands")
	b.hides("Where is the draft?")
}

// TestConversationFrom: V finds the conversation from a command of the session, from the referral
// and from the ring that led to it, and from the sessions tree; elsewhere it offers all.
func TestConversationFrom(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []string
		want string
	}{
		{"a message", []string{":goto 40", "Enter", "V"}, "SB#3"},
		{"the referral", []string{":goto 19", "Enter", "V"}, "SB#3"},
		{"the ring", []string{":goto 26", "Enter", "V"}, "SB#4"},
		{"the tree", []string{"1", "G", "V"}, "SB#5"},
		{"anything else, by the menu", []string{"g", "V", "j", "Enter"}, "SB#4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, 140, 42, chats())
			b.press(c.keys...)
			b.shows("2 Conversation", "  "+c.want)
		})
	}
	for from, want := range map[string]string{"1": "SB#3", "9": "SB#4"} { // the user's end of the only one
		b := open(t, 140, 42, chat())
		b.press(":goto "+from, "Enter", "V")
		b.shows("2 Conversation", "  "+want)
	}
	b := open(t, 80, 24, crowd(0))
	b.press("V")
	b.shows("nobody has talked yet")
}

// TestConversationOfALongText: a text of a megabyte is a few lines, and the selection goes past it.
func TestConversationOfALongText(t *testing.T) {
	s := newScript()
	sb := s.open("127.0.0.1:1", "64.4.13.41:1863", 4)
	s.s(sb, "USR 1 OK alice@hotmail.com Alice\r\n")
	s.s(sb, withBody("MSG bob@hotmail.com Bob", plainText("", strings.Repeat("all work and no play\r\n", 50_000))))
	s.s(sb, withBody("MSG bob@hotmail.com Bob", plainText("", "the end")))
	b := open(t, 80, 24, Options{Log: s.log})
	b.press("V")
	b.shows("all work and no play", "Enter shows all of it", "the end")
	b.press("G", "Enter")
	b.shows("MSG  server")
}

// TestConversationScrolls: rows of several lines scroll so that the selected one is in sight.
func TestConversationScrolls(t *testing.T) {
	b := open(t, 80, 12, chat())
	b.press(":goto 22", "Enter", "V")
	for range 14 {
		b.press("j")
		row, _ := b.model.Selected()
		if at := b.conversation.at; at[0] > row || at[len(at)-1] < row {
			t.Fatalf("row %d is selected, %d to %d are shown", row, at[0], at[len(at)-1])
		}
	}
	b.shows("15/15", "the client closed")
	b.press("g")
	b.shows(" 1/15", "alice is here")
}
