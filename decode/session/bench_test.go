package session_test

import (
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
)

// BenchmarkTrack tracks what the shipped captures hold, both directions of a connection at once.
func BenchmarkTrack(b *testing.B) {
	talks := recorded(b)
	commands := 0
	for _, t := range talks {
		commands += len(t)
	}
	at := time.Unix(1e9, 0)
	b.ReportAllocs()
	for b.Loop() {
		var g session.Graph
		for _, t := range talks {
			c, _ := g.Open(at, "127.0.0.1:1", "127.0.0.1:2")
			for i := range t {
				c.Track(t[i].dir, &t[i].m, at)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(commands), "ns/event")
}

// said is one command of a recorded connection.
type said struct {
	dir decode.Dir
	m   decode.Message
}

// recorded returns the connections of the shipped captures. The two directions take turns, as their order is not known here.
func recorded(tb testing.TB) [][]said {
	streams := msntest.Streams(tb)
	var all [][]said
	for i := 0; i+1 < len(streams); i += 2 {
		var sides [2][]said
		for k, s := range streams[i : i+2] {
			dir := decode.FromServer
			if s.FromClient {
				dir = decode.FromClient
			}
			var g session.Graph
			c, _ := g.Open(time.Time{}, "", "")
			r := decode.NewReader(dir, c.Grammar())
			r.Feed(s.Data)
			var m decode.Message
			for r.Next(&m) {
				sides[k] = append(sides[k], said{dir, m.Clone()})
			}
		}
		var talk []said
		for n := range max(len(sides[0]), len(sides[1])) {
			for _, side := range sides {
				if n < len(side) {
					talk = append(talk, side[n])
				}
			}
		}
		all = append(all, talk)
	}
	return all
}
