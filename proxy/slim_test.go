package proxy

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
)

// TestLargeCommandIsLetGo: 100 clients that have sent a message of 1 MB each, and are silent from
// then on, cost what others do: nothing of it is kept for them.
func TestLargeCommandIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients, size, most = 100, 1_000_000, 48 << 20
		l := newLab(t, Options{})
		inUse := func() int64 {
			synctest.Wait()
			l.mu.Lock()
			l.events, l.writes = nil, map[string][]string{} // the test's own
			l.mu.Unlock()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		before := inUse()
		for i := range clients {
			c := l.client(proxyAddr)
			c.Send("VER 0 MSNP2\r\n")
			s := l.server(dsAddr)
			s.Want("VER 0 MSNP2\r\n")
			go c.Send(fmt.Sprintf("MSG %d N %d\r\n", i, size) + strings.Repeat("x", size))
			head := fmt.Sprintf("MSG %d N %d\r\n", i, size)
			if _, err := io.CopyN(io.Discard, s.Conn, int64(len(head)+size)); err != nil {
				t.Fatal(err)
			}
		}
		if held := inUse() - before; held > most {
			t.Errorf("%d silent clients hold %d MB, want at most %d", clients, held>>20, most>>20)
		} else {
			t.Logf("%d silent clients hold %d MB", clients, held>>20)
		}
	})
}
