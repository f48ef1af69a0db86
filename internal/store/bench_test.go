package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/replay/pcap"
)

func BenchmarkAppend(b *testing.B) {
	for _, tc := range []struct {
		name string
		cap  int64
	}{{"memory", 1 << 40}, {"spill", 1 << 20}} {
		b.Run(tc.name, func(b *testing.B) {
			events := many(100_000)
			l := NewLog(LogOptions{MemoryCap: tc.cap, Dir: b.TempDir()})
			defer l.Close()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				l.Append(events[i%len(events)])
				i++
			}
		})
	}
}

func BenchmarkAt(b *testing.B) {
	for _, tc := range []struct {
		name string
		cap  int64
		step int
	}{{"memory", 1 << 40, 1}, {"spill/in order", 1, 1}, {"spill/far off each time", 1, 7919}} {
		b.Run(tc.name, func(b *testing.B) {
			l := NewLog(LogOptions{MemoryCap: tc.cap, Dir: b.TempDir()})
			defer l.Close()
			for _, e := range many(100_000) {
				l.Append(e)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if l.At(i%l.Len()) == nil {
					b.Fatal("no event")
				}
				i += tc.step
			}
		})
	}
}

func BenchmarkRecorder(b *testing.B) {
	w, err := pcap.NewWriter(io.Discard, pcap.WriterOptions{})
	if err != nil {
		b.Fatal(err)
	}
	r := NewRecorder(w, RecorderOptions{})
	events := busyTalk(1000)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		r.Handle(events)
		n += len(events)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(n), "ns/event")
}

// busyTalk is one connection with n messages.
func busyTalk(n int) []*session.Event {
	var g session.Graph
	c, open := g.Open(start, "10.0.0.1:4000", "10.0.0.9:1863")
	all := []*session.Event{open}
	for i := range n {
		line := fmt.Sprintf("CMSG %d N 103\r\n%s", i+1, strings.Repeat("x", 103))
		if i%2 == 1 {
			line = fmt.Sprintf("SACK %d\r\n", i)
		}
		all = append(all, say(c, line, start.Add(time.Duration(i)*time.Millisecond)))
	}
	return all
}

func BenchmarkLoad(b *testing.B) {
	events := busyTalk(100_000)
	var plainFile bytes.Buffer
	w, err := pcap.NewWriter(&plainFile, pcap.WriterOptions{})
	if err != nil {
		b.Fatal(err)
	}
	f, err := w.Open(parseAddr(events[0].Client), parseAddr(events[0].Server), start)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range events[1:] {
		if err := f.Data(e.Dir == 'C', e.In.Raw, e.Time); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	for name, file := range map[string][]byte{"ours": recordedFile(b, events, RecorderOptions{}), "foreign": plainFile.Bytes()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				l := NewLog(LogOptions{Dir: b.TempDir()})
				if err := LoadReader(context.Background(), bytes.NewReader(file), name, l, nil); err != nil {
					b.Fatal(err)
				}
				n += l.Len()
				l.Close()
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "commands/s")
		})
	}
}
