package server

import (
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
)

// restless returns a server on sockets that parks silent connections at once, with user 0 online.
func restless(t *testing.T) (*Server, *msntest.Peer, *conn) {
	t.Helper()
	s := onTCP(t, Options{Store: manyUsers(3)})
	s.rest = time.Millisecond
	p := online(t, s, 0)
	c := s.userConn(userName(0))
	untilParked(c)
	return s, p, c
}

func untilParked(c *conn) {
	for !c.parked.Load() {
		runtime.Gosched()
	}
}

// TestParkedClients: a connection without a goroutine answers its client, gets what others send, is
// parked again and again, and notices every kind of end.
func TestParkedClients(t *testing.T) {
	t.Run("answers", func(t *testing.T) {
		_, p, c := restless(t)
		for range 20 {
			p.Send("CHG 5 B")
			for c.parked.Load() { // the rest is waited for with a deadline
				runtime.Gosched()
			}
			p.Send("SY\r\nCHG 6 NLN\r\n")
			p.Want("CHG 5 BSY\r\nCHG 6 NLN\r\n")
			untilParked(c)
		}
	})
	t.Run("hears others", func(t *testing.T) {
		s, p, c := restless(t)
		p.Must("ADD 5 FL "+userName(1)+" B", "ADD 5 FL")
		untilParked(c)
		online(t, s, 1)
		p.Must("", "NLN NLN "+userName(1))
	})
	t.Run("client closes", func(t *testing.T) {
		s, p, _ := restless(t)
		p.Conn.Close()
		for s.connections() > 0 {
			runtime.Gosched()
		}
	})
	t.Run("second logon", func(t *testing.T) {
		s, p, _ := restless(t)
		online(t, s, 0)
		p.Want("OUT OTH\r\n")
		p.WantEnd()
	})
	t.Run("kick", func(t *testing.T) {
		s, p, _ := restless(t)
		if !s.Kick(userName(0)) {
			t.Error("no connection was ended")
		}
		p.Want("OUT\r\n")
		p.WantEnd()
	})
	t.Run("kill", func(t *testing.T) {
		s, p, c := restless(t)
		c.kill(errHoard)
		_, _ = io.Copy(io.Discard, p)
		for s.connections() > 0 {
			runtime.Gosched()
		}
	})
	t.Run("referral", func(t *testing.T) {
		s, p, c := restless(t)
		if n, err := s.Drain(s.o.Notification[0], "127.0.0.9:1863"); n != 1 || err != nil {
			t.Errorf("%d users were referred, %v", n, err)
		}
		p.Must("", "XFR 0 NS 127.0.0.9:1863")
		for c.parked.Load() { // it must wait with a deadline from now on
			runtime.Gosched()
		}
	})
	t.Run("shutdown", func(t *testing.T) {
		s, p, _ := restless(t)
		go s.Close()
		p.Want("OUT SSD\r\n")
		p.WantEnd()
	})
}

// TestParkedCost: a parked connection has no goroutine.
func TestParkedCost(t *testing.T) {
	s, _, _ := restless(t)
	before := runtime.NumGoroutine()
	for i := range 2 {
		online(t, s, 1+i)
		untilParked(s.userConn(userName(1 + i)))
	}
	for runtime.NumGoroutine() > before { // the last one is about to end
		runtime.Gosched()
	}
}
