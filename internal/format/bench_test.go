package format_test

import (
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/msntest"
)

// BenchmarkTyped measures the way from bytes to named, unescaped arguments: framing, the row, and
// all fields of each command that the servers of the embedded captures sent.
func BenchmarkTyped(b *testing.B) {
	var stream []byte
	for _, s := range msntest.Streams(b) {
		if !s.FromClient {
			stream = append(stream, s.Data...)
		}
	}
	b.ReportAllocs()
	r := decode.NewReader(decode.FromServer, dialect.MSNP2)
	e := session.Event{Dir: decode.FromServer}
	commands := 0
	for b.Loop() {
		r.Feed(stream)
		for r.Next(&e.In) {
			e.Row = dialect.MSNP2.Match(decode.FromServer, dialect.Any, &e.In)
			if len(format.Fields(&e)) != e.In.NumArgs() {
				b.Fatal("a field is missing")
			}
			commands++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(commands), "ns/command")
}
