package eventlog

import (
	"testing"

	"github.com/msnscope/msnscope/decode/session/sessiontest"
)

func BenchmarkAppend(b *testing.B) {
	for _, tc := range []struct {
		name string
		cap  int64
	}{{"memory", 1 << 40}, {"spill", 1 << 20}} {
		b.Run(tc.name, func(b *testing.B) {
			events := sessiontest.Many(100_000)
			l := New(Options{MemoryCap: tc.cap, Dir: b.TempDir()})
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
			l := New(Options{MemoryCap: tc.cap, Dir: b.TempDir()})
			defer l.Close()
			for _, e := range sessiontest.Many(100_000) {
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
