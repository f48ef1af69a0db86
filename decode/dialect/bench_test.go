package dialect_test

import (
	"bufio"
	"bytes"
	"fmt"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/msntest"
)

// mix returns what the servers sent in the embedded captures, command lines of all kinds, some with
// a payload, and the number of commands.
func mix(tb testing.TB) (stream []byte, commands int) {
	for _, s := range msntest.Streams(tb) {
		if !s.FromClient {
			stream = append(stream, s.Data...)
		}
	}
	r := decode.NewReader(decode.FromServer, dialect.MSNP2)
	r.Feed(stream)
	var m decode.Message
	for r.Next(&m) {
		commands++
	}
	return stream, commands
}

func perCommand(b *testing.B, commands int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(commands), "ns/command")
}

// BenchmarkFrame frames and tokenizes: verb, TrID, all arguments, payload.
func BenchmarkFrame(b *testing.B) {
	stream, commands := mix(b)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	r := decode.NewReader(decode.FromServer, dialect.MSNP2)
	var m decode.Message
	for b.Loop() {
		r.Feed(stream)
		for r.Next(&m) {
		}
	}
	perCommand(b, commands)
}

// BenchmarkScannerFields measures the obvious code without this package, which ignores payloads.
func BenchmarkScannerFields(b *testing.B) {
	stream, commands := mix(b)
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		lines := bufio.NewScanner(bytes.NewReader(stream))
		for lines.Scan() {
			_ = bytes.Fields(lines.Bytes())
		}
	}
	perCommand(b, commands)
}

// BenchmarkIndexByte finds line ends and does nothing else.
func BenchmarkIndexByte(b *testing.B) {
	stream, commands := mix(b)
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		for rest := stream; ; {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				break
			}
			rest = rest[i+1:]
		}
	}
	perCommand(b, commands)
}

// BenchmarkMatch finds the row of each command.
func BenchmarkMatch(b *testing.B) {
	stream, commands := mix(b)
	r := decode.NewReader(decode.FromServer, dialect.MSNP2)
	r.Feed(stream)
	var all []decode.Message
	var m decode.Message
	for r.Next(&m) {
		all = append(all, m.Clone())
	}
	for b.Loop() {
		for i := range all {
			dialect.MSNP2.Match(decode.FromServer, dialect.Any, &all[i])
		}
	}
	perCommand(b, commands)
}

// chat returns n messages with a body of 1 KB each.
func chat(n int) []byte {
	body := append([]byte("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n"),
		bytes.Repeat([]byte{'x'}, 962)...)
	return bytes.Repeat(append(fmt.Appendf(nil, "MSG bob@hotmail.com Bob %d\r\n", len(body)), body...), n)
}

// BenchmarkFrame1K frames messages with a body of 1 KB, 33 KB at a time.
func BenchmarkFrame1K(b *testing.B) {
	stream := chat(32)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	r := decode.NewReader(decode.FromServer, dialect.MSNP2)
	var m decode.Message
	for b.Loop() {
		r.Feed(stream)
		for r.Next(&m) {
		}
	}
	perCommand(b, 32)
}

// BenchmarkMemcpy copies the same bytes, for comparison.
func BenchmarkMemcpy(b *testing.B) {
	stream := chat(32)
	to := make([]byte, len(stream))
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		copy(to, stream)
	}
}
