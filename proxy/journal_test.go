package proxy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// TestTooMuchIsAGap: commands that find no room in the queue are counted in a gap, and no command
// of another connection is missing.
func TestTooMuchIsAGap(t *testing.T) {
	var got []*session.Event
	s := newJournal(func(e *session.Event) { got = append(got, e) }, func() bool { return false })
	s.awake = true // nobody sweeps
	flood, other := &Conn{}, &Conn{}
	s.open(flood, time.Time{})
	s.open(other, time.Time{})
	line := []byte("CHG 4 NLN " + strings.Repeat("x", 88) + "\r\n")
	raw := bytes.Repeat(line, 1000)
	cuts := slices.Repeat([]uint32{uint32(len(line))}, 1000)
	for range 900 { // 90 MB
		s.add(flood, []passed{{dir: decode.FromClient, raw: raw, cuts: cuts}})
	}
	s.add(other, []passed{{dir: decode.FromClient, raw: raw, cuts: cuts}})
	s.recordAll(nil)
	before := len(got)
	s.add(flood, []passed{{dir: decode.FromClient, raw: line, cuts: cuts[:1]}})
	s.recordAll(nil)
	count := map[int]int{}
	for _, e := range got {
		if e.Kind == session.Command {
			count[e.Conn]++
		}
	}
	gap := got[before]
	want := fmt.Sprintf("%d commands of %d bytes passed, faster than they could be decoded", 900_001-count[1],
		(900_001-count[1])*len(line))
	if count[1] < 600_000 || count[1] > 900_000 || gap.Kind != session.Gap || gap.Conn != 1 || gap.Text != want {
		t.Errorf("of 900001 commands %d are told, then %v of connection %d: %q; want %q", count[1], gap.Kind,
			gap.Conn, gap.Text, want)
	}
	if count[2] != 1000 {
		t.Errorf("%d commands of the other connection, want 1000", count[2])
	}
}

// TestEventsWaitForLaggingSubscribers: events wait for a subscriber that lags, traffic does not.
func TestEventsWaitForLaggingSubscribers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lagging atomic.Bool
		l := newLab(t, Options{Lagging: lagging.Load})
		c := l.client(proxyAddr)
		c.Send("VER 1 MSNP2\r\n")
		s := l.server(dsAddr)
		s.Want("VER 1 MSNP2\r\n")
		synctest.Wait()
		lagging.Store(true)
		said := strings.Repeat("PNG\r\n", 2*slice)
		c.Send(said)
		s.Want(said)
		time.Sleep(time.Minute)
		if n := len(l.all()); n > 2+slice {
			t.Errorf("%d events while somebody lags", n)
		}
		lagging.Store(false)
		time.Sleep(time.Second)
		if n := len(l.all()); n != 2+2*slice {
			t.Errorf("%d events, want %d", n, 2+2*slice)
		}
	})
}

// TestCloseWaitsForLaggingSubscribers: a subscriber that goes on handling events gets all of them,
// and one that does not delays Close for no more than closeTime.
func TestCloseWaitsForLaggingSubscribers(t *testing.T) {
	for _, tc := range []struct {
		name     string
		busy     time.Duration
		too      int // events that are told meanwhile
		min, max time.Duration
	}{
		{"goes on", time.Second, 2 + slice, time.Second, 2 * time.Second},
		{"is stuck", time.Hour, 2 + 3*slice, closeTime, closeTime + time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lagging atomic.Bool
				l := newLab(t, Options{Lagging: lagging.Load})
				c := l.client(proxyAddr)
				c.Send("VER 1 MSNP2\r\n")
				s := l.server(dsAddr)
				s.Want("VER 1 MSNP2\r\n")
				synctest.Wait()
				lagging.Store(true)
				said := strings.Repeat("PNG\r\n", 3*slice)
				c.Send(said)
				s.Want(said)
				timer := time.AfterFunc(tc.busy, func() {
					if n := len(l.all()); n > tc.too {
						t.Errorf("%d events while somebody lags, want %d at most", n, tc.too)
					}
					lagging.Store(false)
				})
				defer timer.Stop()
				start := time.Now()
				l.proxy.Close()
				if took := time.Since(start); took < tc.min || took > tc.max {
					t.Errorf("it took %v to close, want %v to %v", took, tc.min, tc.max)
				}
				if n := len(l.all()); n != 2+3*slice+1 { // open, VER, close
					t.Errorf("%d events, want %d", n, 2+3*slice+1)
				}
			})
		})
	}
}
