package pcap

import (
	"bytes"
	"io"
	"testing"

	"github.com/msnscope/msnscope/internal/msntest"
)

// BenchmarkReader reads made-up traffic as it comes from a wire: 120 bytes a packet, one in three a
// bare acknowledgement.
func BenchmarkReader(b *testing.B) {
	for _, tc := range []struct {
		name    string
		traffic msntest.Traffic
	}{
		{"many", msntest.Traffic{Size: 20 << 20}},
		{"one pair of addresses", msntest.Traffic{Size: 20 << 20, Messages: 4, Reuse: true}},
		{"long texts", msntest.Traffic{Size: 20 << 20, Text: 1000}},
	} {
		b.Run(tc.name, func(b *testing.B) {
			var file bytes.Buffer
			if _, err := tc.traffic.WriteTo(&file); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(file.Len()))
			b.ReportAllocs()
			packets := int64(0)
			for b.Loop() {
				packets += read(b, file.Bytes())
			}
			b.ReportMetric(float64(b.Elapsed())/float64(packets), "ns/packet")
		})
	}
}

func read(b *testing.B, file []byte) (packets int64) {
	r, err := NewReader(bytes.NewReader(file), "bench")
	if err != nil {
		b.Fatal(err)
	}
	for {
		if _, err := r.Next(); err == io.EOF {
			return r.Stats().Packets
		} else if err != nil {
			b.Fatal(err)
		}
	}
}
