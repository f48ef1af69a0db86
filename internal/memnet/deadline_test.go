package memnet_test

import (
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/internal/memnet"
)

// directions runs f for reading and for writing, on an end where that blocks.
func directions(t *testing.T, f func(t *testing.T, c *memnet.Conn, op string, set func(time.Time) error)) {
	t.Helper()
	for _, op := range []string{"read", "write"} {
		t.Run(op, func(t *testing.T) {
			bubble(t, func(t *testing.T, a, _ *memnet.Conn) {
				write(t, a, string(make([]byte, bufferCap)))
				set := a.SetReadDeadline
				if op == "write" {
					set = a.SetWriteDeadline
				}
				f(t, a, op, set)
			})
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDeadlineEndsTheWait(t *testing.T) {
	directions(t, func(t *testing.T, c *memnet.Conn, op string, set func(time.Time) error) {
		start := time.Now()
		for i := range 3 { // a deadline can be set again after it has passed
			must(t, set(time.Now().Add(30*time.Second)))
			wantErr(t, c, op, os.ErrDeadlineExceeded)
			if got, want := time.Since(start), time.Duration(i+1)*30*time.Second; got != want {
				t.Fatalf("ended after %v, want %v", got, want)
			}
			wantErr(t, c, op, os.ErrDeadlineExceeded) // it stays passed
		}
	})
}

func TestDeadlineMovedWhileWaiting(t *testing.T) {
	for name, c := range map[string]struct {
		moved time.Duration // new deadline, set after a minute and counted from then; 0 means none
		want  time.Duration
	}{
		"sooner": {moved: time.Minute, want: 2 * time.Minute},
		"later":  {moved: time.Hour, want: time.Hour + time.Minute},
		"now":    {moved: -time.Second, want: time.Minute},
		"never":  {want: 100 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			directions(t, func(t *testing.T, conn *memnet.Conn, op string, set func(time.Time) error) {
				start := time.Now()
				must(t, set(start.Add(5*time.Minute)))
				var wg sync.WaitGroup
				wg.Go(func() {
					wantErr(t, conn, op, os.ErrDeadlineExceeded)
					if got := time.Since(start); got != c.want {
						t.Errorf("ended after %v, want %v", got, c.want)
					}
				})
				time.Sleep(time.Minute)
				if c.moved != 0 {
					must(t, set(time.Now().Add(c.moved)))
				} else {
					must(t, set(time.Time{}))
					time.Sleep(c.want - time.Minute)
					must(t, set(past))
				}
				wg.Wait()
			})
		})
	}
}

func TestPassedDeadlineComesBeforeBytes(t *testing.T) {
	bubble(t, func(t *testing.T, a, b *memnet.Conn) {
		write(t, a, "hello")
		must(t, b.SetDeadline(past))
		wantErr(t, b, "read", os.ErrDeadlineExceeded)
		wantErr(t, b, "write", os.ErrDeadlineExceeded)
		must(t, b.SetDeadline(time.Time{}))
		wantRead(t, b, "hello")
		write(t, b, "and back")
		wantRead(t, a, "and back")
	})
}

func TestDeadlinesOfTheDirectionsAreIndependent(t *testing.T) {
	bubble(t, func(t *testing.T, a, b *memnet.Conn) {
		must(t, a.SetReadDeadline(past))
		write(t, a, "one")
		must(t, a.SetDeadline(time.Time{}))
		must(t, a.SetWriteDeadline(past))
		write(t, b, "two")
		wantRead(t, a, "two")
		wantRead(t, b, "one") // the peer has no deadline at all
	})
}

func TestTimedOutWriteReturnsWhatWasWritten(t *testing.T) {
	bubble(t, func(t *testing.T, a, _ *memnet.Conn) {
		must(t, a.SetWriteDeadline(time.Now().Add(time.Second)))
		if n, err := a.Write(make([]byte, bufferCap+5)); n != bufferCap || err == nil {
			t.Errorf("Write = %d, %v, want %d and a timeout", n, err, bufferCap)
		}
	})
}

// TestConcurrentUse calls everything at once, to find races and calls that do not return.
func TestConcurrentUse(t *testing.T) {
	bubble(t, func(t *testing.T, a, b *memnet.Conn) {
		var wg sync.WaitGroup
		for _, c := range []*memnet.Conn{a, b} {
			for range 20 {
				p := make([]byte, 1000)
				wg.Go(func() { _, _ = c.Read(p) })
				wg.Go(func() { _, _ = c.Write(make([]byte, 30000)) })
				wg.Go(func() { _ = c.SetDeadline(time.Now().Add(10 * time.Millisecond)) })
				wg.Go(func() { _ = c.SetReadDeadline(time.Now().Add(time.Millisecond)) })
				wg.Go(func() { _ = c.SetWriteDeadline(time.Now().Add(time.Millisecond)) })
				wg.Go(func() { _, _ = c.LocalAddr(), c.RemoteAddr() })
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for _, c := range []*memnet.Conn{a, b} {
			wg.Go(func() { _ = c.CloseWrite() })
			wg.Go(func() { _ = c.Close() })
		}
		wg.Wait()
	})
}
