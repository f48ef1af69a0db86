package metrics

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/proxy"
)

const (
	benchPairs = 20
	benchLines = 80_000
)

// BenchmarkTraffic says CHG, in lines of 60 bytes, to a server that sends them back, so that each
// second command that passes the proxy is an answer: with counting and without, in turns. It
// reports the throughput with counting as a part of that without, the median of all pairs, 20 an
// iteration: of a burst, whose events are made later, and until the last event is made.
func BenchmarkTraffic(b *testing.B) {
	server := benchListen(b)
	go func() {
		for c, err := server.Accept(); err == nil; c, err = server.Accept() {
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c) // until the proxy closes
			}()
		}
	}()
	ways := [2]*benchWay{newBenchWay(b, server, false), newBenchWay(b, server, true)}
	var burst []byte
	for i := range benchLines {
		burst = append(burst, fmt.Appendf(nil, "%-58s\r\n", fmt.Sprintf("CHG %d NLN", i+1))...)
	}
	for _, way := range ways {
		way.burst(b, burst) // past the beginning of the program
	}
	b.ResetTimer()
	var bursts, lasting []float64
	for range b.N {
		for pair := range benchPairs {
			var took, all [2]time.Duration
			for turn := range ways {
				i := (turn + pair) % 2
				took[i], all[i] = ways[i].burst(b, burst)
			}
			bursts = append(bursts, took[0].Seconds()/took[1].Seconds())
			lasting = append(lasting, all[0].Seconds()/all[1].Seconds())
		}
	}
	slices.Sort(bursts)
	slices.Sort(lasting)
	b.ReportMetric(bursts[len(bursts)/2], "burst-times")
	b.ReportMetric(lasting[len(lasting)/2], "lasting-times")
}

// BenchmarkCount counts an answer, the most that there is to count.
func BenchmarkCount(b *testing.B) {
	s := NewTraffic()
	e := &session.Event{ReplyTo: 1, RTT: 123 * time.Microsecond}
	b.ReportAllocs()
	for b.Loop() {
		s.Count(e)
	}
}

func benchListen(b *testing.B) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

// benchWay is a proxy whose events somebody reads.
type benchWay struct {
	addr   string
	events atomic.Int64
}

func newBenchWay(b *testing.B, server net.Listener, counted bool) *benchWay {
	w := &benchWay{}
	events := bus.New((*session.Event).Size)
	events.Subscribe(bus.Options[*session.Event]{
		Name: "bench", Delay: 10 * time.Millisecond, MaxBytes: 1 << 30,
		Gap:    func(first, _ *session.Event, _ int) *session.Event { return first },
		Handle: func(batch []*session.Event) { w.events.Add(int64(len(batch))) },
	})
	publish := events.Publish
	if counted {
		traffic := NewTraffic()
		publish = func(e *session.Event) {
			traffic.Count(e)
			events.Publish(e)
		}
	}
	p := proxy.New(proxy.Options{Upstream: server.Addr().String(), Publish: publish})
	l := benchListen(b)
	go p.Serve(l)
	w.addr = l.Addr().String()
	b.Cleanup(func() {
		p.Close()
		events.Close()
	})
	return w
}

// burst says a burst on a connection of its own, past its beginning, and returns how long it took
// to come back, and until all its events were handled.
func (w *benchWay) burst(b *testing.B, burst []byte) (took, all time.Duration) {
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	say := func(text []byte) (took, all time.Duration) {
		want := w.events.Load() + 2*int64(bytes.Count(text, []byte("\n")))
		start := time.Now()
		go func() {
			w := bufio.NewWriterSize(c, 16<<10)
			_, _ = w.Write(text) // an error shows in the copy below
			_ = w.Flush()
		}()
		if _, err := io.CopyN(io.Discard, c, int64(len(text))); err != nil {
			b.Fatal(err)
		}
		took = time.Since(start)
		for w.events.Load() < want {
			<-time.After(time.Millisecond)
		}
		return took, time.Since(start)
	}
	say(burst[:60*1000])
	<-time.After(20 * time.Millisecond) // for the close of the connection before
	runtime.GC()
	return say(burst)
}
