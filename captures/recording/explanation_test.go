package recording

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
)

func TestWords(t *testing.T) {
	events := sessiontest.SignOn()
	for _, tc := range []struct {
		name string
		e    *session.Event
		want string
	}{
		{"open", events[0], "connection 1 from 127.0.0.1:40001"},
		{"open to", events[6], "connection 2 from 127.0.0.1:40001 to 127.0.0.3:1864"},
		{"close", events[5], "connection 1 ended: closed by the server"},
		{"untouched", events[1], ""},
		{"rewritten", events[4], "rewritten: 127.0.0.1:1863 was 127.0.0.3:1864"},
		{"error", events[10], "error 205 ERR_INVALID_USER"},
		{"opaque", events[11], "opaque: not a command: its first word is neither three letters nor three digits"},
		{"note", events[12], "a note·with ü and 100% of what is hard"},
		{"gap", events[15], "missing: 3 bytes are missing"},
		{
			"dropped", &session.Event{Out: []byte{}, Flags: session.Dropped},
			"changed: nothing was sent on; dropped: it was not sent on",
		},
		{"edited", &session.Event{
			In: events[1].In, Out: []byte("OUT\r\n"), Flags: session.Edited | session.Held,
		}, "edited: OUT was VER 0 MSNP2 CVR0; held: it waited for a person"},
		{"long", &session.Event{Kind: session.Note, Text: strings.Repeat("ü", 2000)}, strings.Repeat("ü", 500) + "…"},
		{"broken", &session.Event{Kind: session.Note, Text: "a\xffb\u202ec"}, "a·b·c"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := explanation(tc.e); got != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}
