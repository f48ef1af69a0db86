package proxy

import (
	"slices"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// BenchmarkTell makes the events of commands that a request and an answer take turns in, 64 KB of each, and lets them go.
func BenchmarkTell(b *testing.B) {
	s := newStory(func(*session.Event) {}, func() bool { return false })
	s.awake = true // no sweeper
	c := &Conn{}
	s.add(c, []passed{{do: func(*session.Conn) *session.Event {
		var e *session.Event
		c.told, e = s.graph.Open(time.Now(), "10.0.0.1:4000", "10.0.0.9:1863")
		return e
	}}})
	s.tellAll(nil)
	const n = 1000
	raw, cuts := lines60(n), slices.Repeat([]uint32{60}, n)
	b.ReportAllocs()
	told := 0
	for b.Loop() {
		for _, dir := range []decode.Dir{decode.FromClient, decode.FromServer} {
			s.add(c, []passed{{dir: dir, raw: raw, cuts: cuts}})
			told += n
		}
		s.tellAll(nil)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(told), "ns/event")
}
