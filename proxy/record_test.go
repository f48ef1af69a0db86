package proxy

import (
	"slices"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// BenchmarkRecord makes the events of 64 KB each of requests and answers that take turns, and drops
// them.
func BenchmarkRecord(b *testing.B) {
	s := newJournal(func(*session.Event) {}, func() bool { return false })
	s.awake = true // no sweeper
	c := &Conn{}
	s.add(c, []passed{{do: func(*session.Conn) *session.Event {
		var e *session.Event
		c.tracked, e = s.graph.Open(time.Now(), "10.0.0.1:4000", "10.0.0.9:1863")
		return e
	}}})
	s.recordAll(nil)
	const n = 1000
	raw, cuts := lines60(n), slices.Repeat([]uint32{60}, n)
	b.ReportAllocs()
	events := 0
	for b.Loop() {
		for _, dir := range []decode.Dir{decode.FromClient, decode.FromServer} {
			s.add(c, []passed{{dir: dir, raw: raw, cuts: cuts}})
			events += n
		}
		s.recordAll(nil)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(events), "ns/event")
}
