package proxy

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

// fileSize is the size of the file that BenchmarkTransfer sends.
const fileSize = 50 << 20

// sendFile plays a sender, which writes blocks of 2045 bytes as real ones do.
func sendFile(c net.Conn) error {
	defer c.Close()
	in := bufio.NewReader(c)
	hear := func() error { _, err := in.ReadString('\n'); return err }
	if err := hear(); err != nil {
		return err
	}
	io.WriteString(c, "VER MSNFTP\r\n")
	if err := hear(); err != nil {
		return err
	}
	fmt.Fprintf(c, "FIL %d\r\n", fileSize)
	if err := hear(); err != nil {
		return err
	}
	block := append([]byte{0, 0xfd, 7}, make([]byte, 2045)...)
	for left := fileSize; left > 0; left -= 2045 {
		n := min(left, 2045)
		block[1], block[2] = byte(n), byte(n>>8)
		for i := 3; i < 3+n; i += 64 {
			block[i] = byte(left >> 8)
		}
		if _, err := c.Write(block[:3+n]); err != nil {
			return err
		}
	}
	return hear()
}

// receiveFile plays a receiver, which puts the content of the file into to.
func receiveFile(c net.Conn, cookie string, to io.Writer) error {
	defer c.Close()
	in := bufio.NewReaderSize(c, 64<<10)
	for _, line := range []string{"VER MSNFTP\r\n", "USR bob@hotmail.com " + cookie + "\r\n"} {
		io.WriteString(c, line)
		if _, err := in.ReadString('\n'); err != nil {
			return err
		}
	}
	io.WriteString(c, "TFR\r\n")
	head := make([]byte, 3)
	for got := 0; got < fileSize; {
		if _, err := io.ReadFull(in, head); err != nil {
			return err
		}
		n := int(head[1]) | int(head[2])<<8
		if _, err := io.CopyN(to, in, int64(n)); err != nil {
			return err
		}
		got += n
	}
	_, err := io.WriteString(c, "BYE 16777989\r\n")
	return err
}

// BenchmarkTransfer sends a file of 50 MB between two clients through a plain relay and through the
// proxy, in turns, and reports the ratio of their throughputs: with a receiver that hashes what
// comes, as the proxy does, and with one that does nothing with it.
func BenchmarkTransfer(b *testing.B) {
	b.Run("hashes", func(b *testing.B) { benchmarkTransfer(b, sha256.New()) })
	b.Run("reads", func(b *testing.B) { benchmarkTransfer(b, nil) })
}

func benchmarkTransfer(b *testing.B, sum hash.Hash) {
	sender, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer sender.Close()
	go func() {
		for {
			c, err := sender.Accept()
			if err != nil {
				return
			}
			go sendFile(c)
		}
	}()
	relay, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer relay.Close()
	go func() {
		for {
			c, err := relay.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", sender.Addr().String())
			if err != nil {
				return
			}
			// Hidden from io.Copy, since splicing is not what a program that looks at bytes can do.
			go func() { io.Copy(struct{ io.Writer }{up}, struct{ io.Reader }{c}); up.Close() }()
			go func() { io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{up}); c.Close() }()
		}
	}()
	p := New(Options{Upstream: sender.Addr().String(), Publish: func(*session.Event) {}})
	defer p.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go p.Serve(l)
	var took [2]time.Duration
	n := 0
	for b.Loop() {
		n++
		cookie := fmt.Sprint(n)
		p.mu.Lock()
		i := &invitation{
			authCookie: cookie, sender: "alice@hotmail.com", targets: []string{sender.Addr().String()},
			guests: []guest{{handle: "bob@hotmail.com", from: addrPort(sender.Addr()).Addr()}},
			until:  time.Now().Add(time.Hour), timer: time.AfterFunc(time.Hour, func() {}),
		}
		p.transfers.open = nil
		p.transfers.admit(i, time.Now())
		p.mu.Unlock()
		var sums []string
		for side, addr := range []string{relay.Addr().String(), l.Addr().String()} {
			began := time.Now()
			c, err := net.Dial("tcp", addr)
			if err != nil {
				b.Fatal(err)
			}
			to := io.Discard
			if sum != nil {
				sum.Reset()
				to = sum
			}
			if err := receiveFile(c, cookie, to); err != nil {
				b.Fatal(err)
			}
			took[side] += time.Since(began)
			if sum != nil {
				sums = append(sums, fmt.Sprintf("%x", sum.Sum(nil)))
			}
		}
		if sum != nil && (sums[0] != sums[1] || strings.Trim(sums[0], "0") == "") {
			b.Fatalf("hashes %s and %s", sums[0], sums[1])
		}
	}
	b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "of-relay")
	b.ReportMetric(float64(n)*fileSize/(1<<20)/took[1].Seconds(), "MB/s")
	b.ReportMetric(0, "ns/op")
}
