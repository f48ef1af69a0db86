package server

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/memnet"
)

// TestRefusalsAreLoggedOnceASecond: a thousand connections that are refused at once make two log
// lines, the second with their number, and a later one makes a line of its own again.
func TestRefusalsAreLoggedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := New(Options{MaxConns: 1, Log: slog.New(slog.NewTextHandler(&log, nil))})
		defer s.Close()
		knock := func() {
			near, far := memnet.Pipe(
				&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 3), Port: 1863})
			t.Cleanup(func() { near.Close() })
			s.accept(dialect.NS, "127.0.0.3:1863", far)
		}
		for range 1001 {
			knock()
		}
		time.Sleep(refusalPause)
		synctest.Wait()
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 2 || !strings.Contains(lines[0], "too many connections") ||
			!strings.Contains(lines[1], "count=999") {
			t.Errorf("the log is %q, want one refusal, and 999 more", lines)
		}
		time.Sleep(refusalPause / 2)
		knock()
		time.Sleep(2 * refusalPause)
		synctest.Wait()
		if n := strings.Count(log.String(), "\n"); n != 3 {
			t.Errorf("the log has %d lines after one more refusal, want 3: %s", n, &log)
		}
	})
}

// TestStrangersMakeRoom: connections without a logon, from however many addresses, keep out neither
// users who log on nor the switchboard connections of users who have; logged-on users are never
// displaced.
func TestStrangersMakeRoom(t *testing.T) {
	synctestScript(t, Options{MaxConns: 4, Settings: with(Lenient, "address-connections=0")}, func(p *script) {
		p.run(`
			alice.ns -- online
			x.ns@10.0.0.2 C: VER 1 MSNP2
			x.ns@10.0.0.2 S: VER 1 MSNP2
			y.ds@10.0.0.3 C: VER 1 MSNP2
			y.ds@10.0.0.3 S: VER 1 MSNP2
			-- wait 1s
			z.sb@10.0.0.4 -- raw "U"`)
		refused := func(why string) {
			t.Helper()
			from := netip.MustParseAddrPort("10.0.0.9:9")
			_, err := p.s.DialFrom(t.Context(), from, "tcp", "127.0.0.3:1863")
			if !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s: %v, want that it is refused", why, err)
			}
		}
		refused("the others have had no time to log on")
		p.run(`
			-- wait 1s
			bob.ns -- online
			x.ns@10.0.0.2 S: (closed)
			y.ds@10.0.0.3 S: (nothing)
			alice.sb -- chat
			y.ds@10.0.0.3 S: (closed)
			-- wait 2s
			bob.sb -- chat
			z.sb@10.0.0.4 S: (closed)
			-- wait 2s`)
		refused("all are logged on")
		if n := p.s.shares.newcomers.list.Len(); n != 0 {
			t.Errorf("%d connections count as newcomers, want none", n)
		}
	})
}
