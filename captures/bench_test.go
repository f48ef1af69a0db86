package captures

import (
	"bytes"
	"context"
	"testing"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/eventlog"
)

func BenchmarkLoad(b *testing.B) {
	events := sessiontest.Busy(100_000)
	var plainFile bytes.Buffer
	w, err := pcap.NewWriter(&plainFile, pcap.WriterOptions{})
	if err != nil {
		b.Fatal(err)
	}
	f, err := w.Open(parseAddr(events[0].Client), parseAddr(events[0].Server), sessiontest.Start)
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
	for name, file := range map[string][]byte{"ours": recordedFile(b, events), "foreign": plainFile.Bytes()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				l := eventlog.New(eventlog.Options{Dir: b.TempDir()})
				if err := NewLoader(l).LoadReader(context.Background(), bytes.NewReader(file), name, nil); err != nil {
					b.Fatal(err)
				}
				n += l.Len()
				l.Close()
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "commands/s")
		})
	}
}
