package model

import (
	"bytes"
	"flag"
	"syscall"
	"testing"
	"time"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/msntest"
)

// size is how many megabytes of capture BenchmarkLearn learns; 1900 have ten million events.
var size = flag.Int64("mb", 20, "megabytes of the capture of BenchmarkLearn")

var observed = lint.Options{Preset: lint.Observed}

// BenchmarkLearn opens a capture and learns all of it: tree, counts and transactions, then states,
// and at last what lint finds, which go on behind the screen. It reports processor time.
func BenchmarkLearn(b *testing.B) {
	var capture bytes.Buffer
	if _, err := (msntest.Traffic{Size: *size << 20}).WriteTo(&capture); err != nil {
		b.Fatal(err)
	}
	var opening, learning, states, checking time.Duration
	events := 0
	for b.Loop() {
		log := eventlog.New(eventlog.Options{Dir: b.TempDir()})
		begun := processor(b)
		loader := captures.NewLoader(log)
		if err := loader.LoadReader(b.Context(), bytes.NewReader(capture.Bytes()), "traffic.pcap", nil); err != nil {
			b.Fatal(err)
		}
		opened := processor(b)
		m := New(log, Options{})
		for m.learned < log.Len() {
			m.Step(time.Millisecond)
		}
		learned := processor(b)
		for m.Pending() {
			m.Step(time.Second)
		}
		stated := processor(b)
		m.SetLint(&observed)
		for m.Busy() {
			m.Step(time.Second)
		}
		opening, learning = opening+opened-begun, learning+learned-opened
		states, checking, events = states+stated-learned, checking+processor(b)-stated, events+log.Len()
		log.Close()
	}
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(events) }
	b.ReportMetric(each(opening), "ns-open/event")
	b.ReportMetric(each(learning), "ns-learn/event")
	b.ReportMetric(each(states), "ns-states/event")
	b.ReportMetric(each(checking), "ns-lint/event")
}

// processor returns the processor time that this process has taken.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
