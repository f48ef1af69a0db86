package session_test

import (
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
)

// BenchmarkTrack tracks the commands of the embedded captures, both directions of a connection in
// turns.
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

// BenchmarkAnnotate is BenchmarkTrack with one reused event, and with the framing.
func BenchmarkAnnotate(b *testing.B) {
	streams := msntest.Streams(b)
	at := time.Unix(1e9, 0)
	var e session.Event
	commands := 0
	b.ReportAllocs()
	for b.Loop() {
		var g session.Graph
		for i := 0; i+1 < len(streams); i += 2 {
			c, _ := g.Open(at, "127.0.0.1:1", "127.0.0.1:2")
			var readers [2]*decode.Reader
			for k, s := range streams[i : i+2] {
				readers[k] = decode.NewReader(decode.FromServer, c.Framing())
				if s.FromClient {
					readers[k].Dir = decode.FromClient
				}
				readers[k].Feed(s.Data)
			}
			for more := true; more; {
				more = false
				for _, r := range readers {
					if r.Grammar = c.Framing(); r.Next(&e.In) {
						c.Annotate(&e, r.Dir, at)
						commands++
						more = true
					}
				}
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(commands), "ns/event")
}

// said is one command of a recorded connection.
type said struct {
	dir decode.Dir
	m   decode.Message
}

// recorded returns the connections of the embedded captures. The two directions alternate, because
// their real order is not known here.
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

// BenchmarkTrackLong tracks a connection on which hundreds of messages got no answer.
func BenchmarkTrackLong(b *testing.B) {
	at := time.Unix(1e9, 0)
	c, ask, answer := longTalk(at)
	b.ReportAllocs()
	for b.Loop() {
		c.Track(decode.FromClient, ask, at)
		c.Track(decode.FromServer, answer, at)
	}
	perEvent(b, 2)
}

// BenchmarkAnnotateLong is BenchmarkTrackLong with one reused event.
func BenchmarkAnnotateLong(b *testing.B) {
	at := time.Unix(1e9, 0)
	c, ask, answer := longTalk(at)
	one, two := session.Event{In: *ask}, session.Event{In: *answer}
	b.ReportAllocs()
	for b.Loop() {
		c.Annotate(&one, decode.FromClient, at)
		c.Annotate(&two, decode.FromServer, at)
	}
	perEvent(b, 2)
}

func longTalk(at time.Time) (c *session.Conn, ask, answer *decode.Message) {
	var g session.Graph
	c, _ = g.Open(at, "127.0.0.1:1", "127.0.0.1:2")
	track := func(dir decode.Dir, line string) {
		m := decode.Parse([]byte(line), dir, c.Grammar())
		c.Track(dir, &m, at)
	}
	track(decode.FromServer, "VER 1 MSNP2\r\n")
	for i := range 300 {
		track(decode.FromClient, sprintf("MSG %d N 1\r\nx", i+10))
	}
	one := decode.Parse([]byte("CHG 7000 NLN\r\n"), decode.FromClient, c.Grammar())
	two := decode.Parse([]byte("CHG 7000 NLN\r\n"), decode.FromServer, c.Grammar())
	return c, &one, &two
}

func perEvent(b *testing.B, events int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(events), "ns/event")
}

// BenchmarkApply applies events of many users.
func BenchmarkApply(b *testing.B) {
	log := crowd(b, 20_000)
	b.ReportAllocs()
	for b.Loop() {
		s := session.NewState()
		for _, e := range log {
			s.Apply(e)
		}
	}
	perEvent(b, len(log))
}

// BenchmarkTimelineAdd measures Apply together with the cost of keeping States.
func BenchmarkTimelineAdd(b *testing.B) {
	log := crowd(b, 20_000)
	b.ReportAllocs()
	for b.Loop() {
		var line session.Timeline
		for _, e := range log {
			line.Add(e)
		}
	}
	perEvent(b, len(log))
}

// BenchmarkTimelineAt asks for States at various places in a million events.
func BenchmarkTimelineAt(b *testing.B) {
	log := crowd(b, 1_000_000)
	line := session.Timeline{Event: func(i int) *session.Event { return log[i] }}
	for _, e := range log {
		line.Add(e)
	}
	n := 0
	for b.Loop() {
		n = (n + 618_033) % len(log)
		line.At(uint64(n))
	}
}

// BenchmarkTransactions collects the replies to requests and their consequences.
func BenchmarkTransactions(b *testing.B) {
	log := crowd(b, 20_000)
	b.ReportAllocs()
	for b.Loop() {
		var x session.Transactions
		for _, e := range log {
			x.Add(e)
		}
	}
	perEvent(b, len(log))
}
