package proxy

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

// TestUnfinishedCommandsAreTold checks that a command that stays unfinished is told of, once, with
// what it waits for, whether its beginning has gone on or not; that nothing is told of one that
// comes in pieces in good time; and that the rest makes it the command that it was.
func TestUnfinishedCommandsAreTold(t *testing.T) {
	for name, hooked := range map[string]bool{"plain": false, "with an interceptor": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{})
				if hooked {
					l.proxy.Intercept(on("OUT", func(context.Context, *Exchange) {}))
				}
				c := l.client(proxyAddr)
				c.Send("VER 1 MSNP2\r\nMSG 2 N 5\r\nhe")
				time.Sleep(waitTime - time.Millisecond)
				c.Send("llo")
				synctest.Wait()
				if w := waits(l); len(w) > 0 {
					t.Errorf("told %q of a command that came in time", w)
				}
				c.Send("MSG 4 N 17\r\nhello")
				time.Sleep(3 * waitTime)
				c.Send("1")
				time.Sleep(3 * waitTime)
				c.Send("2345678901")
				time.Sleep(3 * waitTime)
				c.Send("2CHG 5 N")
				time.Sleep(3 * waitTime)
				want := []string{"C MSG 4 waits for 12 more bytes", "C a line of 7 bytes so far waits for its end"}
				if got := waits(l); !slices.Equal(got, want) {
					t.Errorf("told %q, want %q", got, want)
				}
				if lines := l.commands(); !slices.ContainsFunc(lines, func(s string) bool {
					return strings.HasSuffix(s, "C: MSG 4 N 17")
				}) {
					t.Errorf("no MSG 4 in %q", lines)
				}
			})
		})
	}
}

// waits returns the direction and the text of each wait event so far.
func waits(l *lab) []string {
	var all []string
	for _, e := range l.all() {
		if e.Kind == session.Wait {
			all = append(all, e.Dir.String()+" "+e.Text)
		}
	}
	return all
}
