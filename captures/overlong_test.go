package captures

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// TestOverlongPayload: a message of more than 1 MB becomes several events with every byte of it.
// What looks like a command inside it is none, and the command after it is found: in a capture of
// another program, and in a recording made from that.
func TestOverlongPayload(t *testing.T) {
	const inside = "XFR 9 NS 10.6.6.6:1863\r\nRNG 7 10.6.6.6:1863 CKI 1.2 m@h.com M\r\nOUT\r\n"
	n := decode.MaxPayload + 3*decode.MaxPart + 7
	said := fmt.Sprintf("MSG m@h.com M %d\r\n%sFLN bob@hotmail.com\r\n", n, strings.Repeat(inside, n/len(inside)+1)[:n])
	packets := []packet{{alice, ns, ack, 100, "PNG\r\n"}}
	for at := 0; at < len(said); at += 50_000 {
		packets = append(packets, packet{ns, alice, ack, uint32(500 + at), said[at:min(at+50_000, len(said))]})
	}
	l, err := loaded(t, foreign(packets...))
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, l *eventlog.Log) (events []*session.Event) {
		var joined bytes.Buffer
		var commands []string
		for i := range l.Len() {
			e := l.At(i)
			events = append(events, e)
			if e.Kind != session.Command || e.Dir != decode.FromServer {
				continue
			}
			joined.Write(e.In.Raw)
			if !e.In.Opaque() {
				commands = append(commands, e.In.Verb.String())
			} else if len(e.In.Raw) > decode.MaxPart {
				t.Errorf("%s: an event of %d bytes", what, len(e.In.Raw))
			}
		}
		if joined.String() != said {
			t.Errorf("%s: the events have %d bytes, want the %d that were said", what, joined.Len(), len(said))
		}
		if got := strings.Join(commands, " "); got != "FLN" {
			t.Errorf("%s: the commands are %.60q, want FLN alone", what, got)
		}
		return events
	}
	events := check("a capture", l)
	again, err := loaded(t, recordedFile(t, events))
	if err != nil {
		t.Fatal(err)
	}
	check("a recording", again)
}
