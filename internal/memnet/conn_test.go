package memnet_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/msnscope/msnscope/internal/memnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bufferCap is how many bytes the package promises to buffer in each direction.
const bufferCap = 64 << 10

var (
	addrA = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000}
	addrB = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 3), Port: 1863}
	past  = time.Unix(1, 0)
)

// bubble runs f on a fresh pipe in a bubble, and closes both ends after it.
func bubble(t *testing.T, f func(t *testing.T, a, b *memnet.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a, b := memnet.Pipe(addrA, addrB)
		defer b.Close()
		defer a.Close()
		f(t, a, b)
	})
}

// write writes p and fails the test on an error.
func write(t *testing.T, c net.Conn, p string) {
	t.Helper()
	if n, err := io.WriteString(c, p); n != len(p) || err != nil {
		t.Fatalf("Write(%q) = %d, %v", p, n, err)
	}
}

// wantRead makes one Read and compares what came.
func wantRead(t *testing.T, c net.Conn, want string) {
	t.Helper()
	p := make([]byte, 1024)
	if n, err := c.Read(p); string(p[:n]) != want || err != nil {
		t.Fatalf("Read = %q, %v, want %q", p[:n], err, want)
	}
}

// wantErr compares the error of one Read or Write (of op) on c.
func wantErr(t *testing.T, c net.Conn, op string, want error) {
	t.Helper()
	call := map[string]func([]byte) (int, error){"read": c.Read, "write": c.Write}[op]
	if n, err := call(make([]byte, 8)); n != 0 || !errors.Is(err, want) {
		t.Fatalf("%s = %d, %v, want 0, %v", op, n, err, want)
	}
}

func TestReadReturnsWhatIsThere(t *testing.T) {
	bubble(t, func(t *testing.T, a, b *memnet.Conn) {
		write(t, a, "VER 0 ")
		write(t, a, "MSNP2\r\n")
		wantRead(t, b, "VER 0 MSNP2\r\n")
		write(t, b, "VER")
		p := make([]byte, 2)
		if n, err := a.Read(p); n != 2 || err != nil || string(p) != "VE" {
			t.Fatalf("Read = %d, %v, %q", n, err, p)
		}
		wantRead(t, a, "R")
		if n, err := a.Read(nil); n != 0 || err != nil { // must not wait
			t.Fatalf("Read(nil) = %d, %v", n, err)
		}
	})
}

func TestAddresses(t *testing.T) {
	a, b := memnet.Pipe(addrA, addrB)
	defer a.Close()
	defer b.Close()
	if a.LocalAddr() != addrA || a.RemoteAddr() != addrB || b.LocalAddr() != addrB || b.RemoteAddr() != addrA {
		t.Errorf("a is %v to %v, b is %v to %v", a.LocalAddr(), a.RemoteAddr(), b.LocalAddr(), b.RemoteAddr())
	}
}

// TestBytesArrive sends megabytes both ways at once, in writes and reads of sizes that make the
// buffer wrap at every index.
func TestBytesArrive(t *testing.T) {
	bubble(t, func(t *testing.T, a, b *memnet.Conn) {
		sent := make([]byte, 3<<20+17)
		for i := range sent {
			sent[i] = byte(i ^ i>>8 ^ i>>16)
		}
		var wg sync.WaitGroup
		for _, c := range []*memnet.Conn{a, b} {
			wg.Go(func() {
				for rest, n := sent, 1; len(rest) > 0; n = n*7%90001 + 1 {
					n = min(n, len(rest))
					if _, err := c.Write(rest[:n]); err != nil {
						t.Error(err)
					}
					rest = rest[n:]
				}
				if err := c.CloseWrite(); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				got, err := io.ReadAll(c)
				if err != nil || !bytes.Equal(got, sent) {
					t.Errorf("got %d bytes, %v, want the %d sent", len(got), err, len(sent))
				}
			})
		}
		wg.Wait()
	})
}

func TestWriteWaitsWhenTheBufferIsFull(t *testing.T) {
	bubble(t, func(t *testing.T, a, b *memnet.Conn) {
		write(t, a, string(make([]byte, bufferCap))) // does not wait
		var written bool
		go func() {
			write(t, a, "more")
			written = true
		}()
		synctest.Wait()
		if written {
			t.Fatal("Write did not wait for room")
		}
		if _, err := io.ReadFull(b, make([]byte, 3)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if written {
			t.Fatal("Write of 4 bytes returned with room for 3")
		}
		if _, err := io.ReadFull(b, make([]byte, bufferCap)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if !written {
			t.Fatal("Write still waits")
		}
		wantRead(t, b, "e")
	})
}

// TestWritesDoNotMix makes writes that do not fit at once; each must stay whole.
func TestWritesDoNotMix(t *testing.T) {
	bubble(t, func(t *testing.T, a, b *memnet.Conn) {
		const writers, size = 4, bufferCap * 3 / 2
		for i := range writers {
			go func() { write(t, a, string(bytes.Repeat([]byte{byte(i)}, size))) }()
		}
		synctest.Wait() // all are durably blocked, or this would hang
		p := make([]byte, size)
		for range writers {
			if _, err := io.ReadFull(b, p); err != nil {
				t.Fatal(err)
			}
			if got := bytes.Count(p, p[:1]); got != size {
				t.Fatalf("a write came with %d bytes of others in it", size-got)
			}
		}
	})
}

func TestCloseWrite(t *testing.T) {
	bubble(t, func(t *testing.T, a, b *memnet.Conn) {
		write(t, a, "OUT\r\n")
		for range 2 {
			if err := a.CloseWrite(); err != nil {
				t.Fatal(err)
			}
		}
		wantErr(t, a, "write", syscall.EPIPE)
		wantRead(t, b, "OUT\r\n")
		// unwrapped, since users of net.Conn compare with ==
		if _, err := b.Read(make([]byte, 1)); err != io.EOF {
			t.Fatalf("Read = %v, want io.EOF", err)
		}
		write(t, b, "OUT OTH\r\n")
		wantRead(t, a, "OUT OTH\r\n")
	})
}

func TestClose(t *testing.T) {
	bubble(t, func(t *testing.T, a, b *memnet.Conn) {
		write(t, a, "written before")
		write(t, b, "never read")
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		wantErr(t, a, "read", net.ErrClosed)
		wantErr(t, a, "write", net.ErrClosed)
		for name, err := range map[string]error{
			"Close":            a.Close(),
			"CloseWrite":       a.CloseWrite(),
			"SetDeadline":      a.SetDeadline(time.Time{}),
			"SetReadDeadline":  a.SetReadDeadline(past),
			"SetWriteDeadline": a.SetWriteDeadline(past),
		} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s after Close = %v, want net.ErrClosed", name, err)
			}
		}
		wantErr(t, b, "write", syscall.EPIPE)
		wantRead(t, b, "written before")
		wantErr(t, b, "read", io.EOF)
	})
}

func TestCloseEndsWhatWaits(t *testing.T) {
	for name, c := range map[string]struct {
		op     string
		byPeer bool
		want   error
		end    func(*memnet.Conn) error
	}{
		"own read":                {op: "read", want: net.ErrClosed, end: (*memnet.Conn).Close},
		"own write":               {op: "write", want: net.ErrClosed, end: (*memnet.Conn).Close},
		"peer's read":             {op: "read", byPeer: true, want: io.EOF, end: (*memnet.Conn).Close},
		"peer's write":            {op: "write", byPeer: true, want: syscall.EPIPE, end: (*memnet.Conn).Close},
		"own write, half-close":   {op: "write", want: syscall.EPIPE, end: (*memnet.Conn).CloseWrite},
		"peer's read, half-close": {op: "read", byPeer: true, want: io.EOF, end: (*memnet.Conn).CloseWrite},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, a, b *memnet.Conn) {
				closer := a
				if c.byPeer {
					closer = b
				}
				if c.op == "write" {
					write(t, a, string(make([]byte, bufferCap)))
				}
				returned := 0
				var wg sync.WaitGroup
				var mu sync.Mutex
				for range 2 { // one in the call, one waiting behind it
					wg.Go(func() {
						wantErr(t, a, c.op, c.want)
						mu.Lock()
						returned++
						mu.Unlock()
					})
				}
				synctest.Wait()
				if returned != 0 {
					t.Fatalf("%s did not wait", c.op)
				}
				if err := c.end(closer); err != nil {
					t.Fatal(err)
				}
				wg.Wait()
			})
		})
	}
}

func TestErrorsAreThoseOfPackageNet(t *testing.T) {
	bubble(t, func(t *testing.T, a, b *memnet.Conn) {
		b.Close()
		_, err := a.Write([]byte("x"))
		const want = "write tcp 127.0.0.1:40000->127.0.0.3:1863: write: broken pipe"
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		_ = a.SetDeadline(past)
		_, err = a.Read(make([]byte, 1))
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v, want a net.Error with Timeout", err)
		}
	})
}
