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

// TestTooMuchIsAGap: what does not fit while nobody tells is counted in a gap, and nothing of other connections is missing.
func TestTooMuchIsAGap(t *testing.T) {
	var got []*session.Event
	s := newStory(func(e *session.Event) { got = append(got, e) }, func() bool { return false })
	s.awake = true // nobody sweeps
	flood, other := &Conn{}, &Conn{}
	s.open(flood, time.Time{})
	s.open(other, time.Time{})
	line := []byte("CHG 4 NLN " + strings.Repeat("x", 88) + "\r\n")
	raw := bytes.Repeat(line, 1000)
	cuts := slices.Repeat([]uint32{uint32(len(line))}, 1000)
	for range 300 { // 30 MB
		s.add(flood, []passed{{dir: decode.FromClient, raw: raw, cuts: cuts}})
	}
	s.add(other, []passed{{dir: decode.FromClient, raw: raw, cuts: cuts}})
	s.tellPage(nil)
	told := len(got)
	s.add(flood, []passed{{dir: decode.FromClient, raw: line, cuts: cuts[:1]}})
	s.tellPage(nil)
	count := map[int]int{}
	for _, e := range got {
		if e.Kind == session.Command {
			count[e.Conn]++
		}
	}
	gap := got[told]
	want := fmt.Sprintf("%d commands of %d bytes passed, faster than they could be decoded", 300_001-count[1], (300_001-count[1])*len(line))
	if count[1] < 200_000 || count[1] > 300_000 || gap.Kind != session.Gap || gap.Conn != 1 || gap.Text != want {
		t.Errorf("of 300001 commands %d are told, then %v of connection %d: %q; want %q", count[1], gap.Kind, gap.Conn, gap.Text, want)
	}
	if count[2] != 1000 {
		t.Errorf("%d commands of the other connection, want 1000", count[2])
	}
}

// TestEventsWaitForWhoIsBehind: traffic does not.
func TestEventsWaitForWhoIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var behind atomic.Bool
		l := newLab(t, Options{Behind: behind.Load})
		c := l.client(proxyAddr)
		c.send("VER 1 MSNP2\r\n")
		s := l.server(dsAddr)
		s.want("VER 1 MSNP2\r\n")
		synctest.Wait()
		behind.Store(true)
		said := strings.Repeat("PNG\r\n", 2*slice)
		c.send(said)
		s.want(said)
		time.Sleep(time.Minute)
		if n := len(l.all()); n > 2+slice {
			t.Errorf("%d events while somebody is behind", n)
		}
		behind.Store(false)
		time.Sleep(time.Second)
		if n := len(l.all()); n != 2+2*slice {
			t.Errorf("%d events, want %d", n, 2+2*slice)
		}
	})
}
