package captures

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// TestLiveWaits: in a capture that comes while it happens, a command that stays unfinished is told
// of once, with what it lacks, and then goes on as if nothing had been; a capture of the past has
// no such events.
func TestLiveWaits(t *testing.T) {
	whole := foreign(
		packet{alice, ns, syn, 99, ""}, packet{alice, ns, ack, 100, "PNG\r\n"},
		packet{alice, ns, ack, 105, "MSG 4 U 20\r\nhello"}, packet{alice, ns, ack, 122, ", and goodbye.."},
		packet{alice, ns, ack, 137, "OUT\r\n"},
	)
	cut := len(foreign(
		packet{alice, ns, syn, 99, ""}, packet{alice, ns, ack, 100, "PNG\r\n"},
		packet{alice, ns, ack, 105, "MSG 4 U 20\r\nhello"},
	))
	for _, live := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			l := eventlog.New(eventlog.Options{})
			defer l.Close()
			into := NewLoader(l)
			into.Live = live
			r, w := io.Pipe()
			go func() {
				_, _ = w.Write(whole[:cut])
				time.Sleep(10 * time.Second)
				_, _ = w.Write(whole[cut:])
				w.Close()
			}()
			if err := into.LoadReader(t.Context(), r, "live", nil); err != nil {
				t.Fatal(err)
			}
			var waits, said []string
			for r, i := l.Reader(), 0; i < l.Len(); i++ {
				switch e := r.At(i); e.Kind {
				case session.Wait:
					waits = append(waits, e.Text)
				case session.Command:
					said = append(said, e.In.Verb.String())
				}
			}
			want := ""
			if live {
				want = "MSG 4 waits for 15 more bytes"
			}
			if got := strings.Join(waits, "; "); got != want {
				t.Errorf("live %t: it tells %q, want %q", live, got, want)
			}
			if got := strings.Join(said, " "); got != "PNG MSG OUT" {
				t.Errorf("live %t: the commands are %s", live, got)
			}
		})
	}
}
