package recording_test

import (
	"io"
	"testing"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
)

func BenchmarkWriter(b *testing.B) {
	w, err := pcap.NewWriter(io.Discard, pcap.WriterOptions{})
	if err != nil {
		b.Fatal(err)
	}
	r := recording.NewWriter(w, recording.Options{})
	events := sessiontest.Busy(1000)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		r.Handle(events)
		n += len(events)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(n), "ns/event")
}
