package format_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
)

func TestSpans(t *testing.T) {
	for _, tc := range []struct {
		name, raw, want string
		dir             decode.Dir
		role            dialect.Role
	}{
		{
			"a referral", "XFR 9 SB 10.0.0.5:1863 CKI 17.26\r\n",
			`command "XFR", blank, TrID "9", blank, ReferralType "SB", blank, Address ` +
				`"10.0.0.5:1863", blank, SP "CKI", blank, AuthChallengeInfo "17.26", line end`,
			decode.FromServer, dialect.NS,
		},
		{
			"escapes and odd blanks", " rea  8 bob@hotmail.com Bob%20B \n",
			`blank, command "REA", blank, TrID "8", blank, UserHandle "bob@hotmail.com", blank, ` +
				`FriendlyName "Bob B", blank, line end`,
			decode.FromClient, dialect.NS,
		},
		{
			"a message", "MSG 4 N 50\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nHi!",
			`command "MSG", blank, TrID "4", blank, AckMode "N", blank, Length "50", line end, ` +
				`MIME-Version "1.0", Content-Type "text/plain", empty line, text "Hi!"`,
			decode.FromClient, dialect.SB,
		},
		{
			"an error", "217 5\r\n", `command "217", blank, TrID "5", line end`, decode.FromServer, dialect.SB,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := received(tc.raw, tc.dir, tc.role)
			var got []string
			for _, s := range format.Spans(e) {
				if text := s.Name; s.Value != "" {
					got = append(got, fmt.Sprintf("%s %q", text, s.Value))
				} else {
					got = append(got, text)
				}
			}
			if got := strings.Join(got, ", "); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// received returns an event with a command.
func received(raw string, dir decode.Dir, role dialect.Role) *session.Event {
	var g session.Graph
	c, _ := g.Open(time.Unix(0, 0), "192.0.2.1:1024", "192.0.2.2:1863")
	c.To("192.0.2.2:1863", role)
	r := decode.NewReader(dir, c.Framing())
	r.Feed([]byte(raw))
	var m decode.Message
	if !r.Next(&m) && !r.Flush(&m) {
		m = decode.Blob([]byte(raw), decode.NoVerb)
	}
	return c.Track(dir, &m, time.Unix(1, 0))
}

// checkTiles fails the test unless the spans cover all bytes in their order.
func checkTiles(t interface{ Errorf(string, ...any) }, e *session.Event) {
	at := 0
	for _, s := range format.Spans(e) {
		if s.From != at || s.To <= s.From {
			t.Errorf("%q: the span %s is from %d to %d, after %d", e.In.Raw, s.Name, s.From, s.To, at)
			return
		}
		at = s.To
	}
	if at != len(e.In.Raw) {
		t.Errorf("%q: the spans end at %d of %d", e.In.Raw, at, len(e.In.Raw))
	}
}

func TestSpansCoverEveryByteOfTheSamples(t *testing.T) {
	names, err := fs.Glob(samples.FS, "*.pcapng")
	if err != nil || len(names) < 20 {
		t.Fatalf("there are only %d samples (%v)", len(names), err)
	}
	for _, name := range names {
		log := capturestest.Samples(t, name)
		for i := range log.Len() {
			if e := log.At(i); e.Kind == session.Command {
				checkTiles(t, e)
			}
		}
	}
}

func TestSpansCoverAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		heads := []string{"MSG a b 40\r\n", "MSG 1 N 44\r\n", "XFR 1 SB ", "", "NOT 60\r\n"}
		head := rapid.SampledFrom(heads).Draw(t, "head")
		rest := rapid.SliceOfN(rapid.SampledFrom([]byte("\x00\t\n\r A:;=<\x85\xff1")), 0, 80).Draw(t, "rest")
		if raw := head + string(rest); raw != "" {
			checkTiles(t, received(raw, decode.FromServer, dialect.SB))
		}
	})
}
