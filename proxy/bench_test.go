package proxy

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode/session"
)

// The benchmarks compare three ways over loopback TCP, in one process: straight to the server, through a relay that copies
// bytes (what every TCP proxy does at least), and through this proxy.

// echo serves the way back of every line; count lines of an upload are answered by one.
func echo(b *testing.B) string {
	l := listenTCP(b)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func listenTCP(b *testing.B) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

// ways are the addresses of the three ways.
func ways(b *testing.B) map[string]string {
	server := echo(b)
	relay := listenTCP(b)
	go func() {
		for {
			c, err := relay.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", server)
			if err != nil {
				return
			}
			go func() { io.Copy(up, c); up.Close() }()
			go func() { io.Copy(c, up); c.Close() }()
		}
	}()
	p := New(Options{Upstream: server, Publish: func(*session.Event) {}})
	l := listenTCP(b)
	go p.Serve(l)
	b.Cleanup(p.Close)
	return map[string]string{"direct": server, "copy": relay.Addr().String(), "msnscope": l.Addr().String()}
}

// BenchmarkRoundTrip says one line of 60 bytes and waits for it.
func BenchmarkRoundTrip(b *testing.B) {
	line := []byte("CHG 7 " + strings.Repeat("x", 52) + "\r\n")
	for name, addr := range ways(b) {
		b.Run(name, func(b *testing.B) {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			buf := make([]byte, len(line))
			for b.Loop() {
				c.Write(line)
				if _, err := io.ReadFull(c, buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPipelined says lines of 60 bytes as fast as they go, and reads them all back; one operation is one line.
func BenchmarkPipelined(b *testing.B) {
	line := []byte("CHG 7 " + strings.Repeat("x", 52) + "\r\n")
	for name, addr := range ways(b) {
		b.Run(name, func(b *testing.B) {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			b.ResetTimer()
			go func() {
				w := bufio.NewWriterSize(c, 16<<10)
				for range b.N {
					w.Write(line)
				}
				w.Flush()
			}()
			if _, err := io.CopyN(io.Discard, c, int64(b.N*len(line))); err != nil {
				b.Fatal(err)
			}
		})
	}
}
