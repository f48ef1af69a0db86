package proxy

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

// soakTime is how long TestSoak goes on: go test ./proxy -run Soak -soak 30m -timeout 40m
var soakTime = flag.Duration("soak", time.Second, "how long TestSoak goes on, at least one round")

// TestSoak lets clients and servers come, talk and vanish at random, and counts at both ends:
// nothing that was said while the other side lived is lost, nothing altered. After each round, when
// nobody is connected, the process is as small as after the first.
func TestSoak(t *testing.T) {
	s := newSoak(t)
	defer s.proxy.Close()
	end := time.Now().Add(*soakTime)
	base := measure()
	var first footprint
	for round := 1; ; round++ {
		s.round(min(*soakTime, 5*time.Second))
		now := s.quiet(base)
		if round == 1 {
			first = now
		}
		if now.goroutines > base.goroutines+2 || now.files > base.files || now.heap > first.heap+first.heap/2+8<<20 {
			t.Errorf("round %d leaves %+v; before all %+v, after the first round %+v", round, now, base, first)
		}
		if t.Failed() || !time.Now().Before(end) {
			t.Logf("%d rounds, %d talks, %d whole on both sides, %d cut by the client, %d by resets, %d refused; "+
				"%d events, %d gaps; %+v",
				round, s.talks.Load(), s.whole.Load(), s.cut.Load(), s.reset.Load(), s.refused.Load(),
				s.events.Load(), s.gaps.Load(), now)
			break
		}
	}
	if s.whole.Load() == 0 || s.gaps.Load() > 0 || s.opened.Load() != s.closed.Load() {
		t.Errorf("%d whole talks, %d gaps, %d connections opened and %d closed", s.whole.Load(), s.gaps.Load(),
			s.opened.Load(), s.closed.Load())
	}
}

// footprint is what a process holds.
type footprint struct {
	goroutines, files int
	heap              uint64
}

func measure() footprint {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, _ := os.ReadDir("/proc/self/fd") // elsewhere none are counted
	return footprint{runtime.NumGoroutine(), len(files), m.HeapAlloc}
}

// soak is a proxy with servers behind it.
type soak struct {
	t        *testing.T
	proxy    *Proxy
	at       string
	upstream net.Listener
	plans    sync.Map // seed -> *plan

	talks, whole, cut, reset, refused    atomic.Int64
	events, gaps, opened, closed, served atomic.Int64
}

func newSoak(t *testing.T) *soak {
	s := &soak{t: t}
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	s.upstream = listen()
	front := listen()
	s.at = front.Addr().String()
	s.proxy = New(Options{Upstream: s.upstream.Addr().String(), Publish: s.publish, Dial: s.dial})
	go s.proxy.Serve(front)
	go s.accept()
	return s
}

func (s *soak) publish(e *session.Event) {
	s.events.Add(1)
	switch e.Kind {
	case session.Open:
		s.opened.Add(1)
	case session.Close:
		s.closed.Add(1)
	case session.Gap:
		s.gaps.Add(1)
	}
}

// dial finds the server down now and then.
func (s *soak) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if rand.IntN(50) == 0 {
		return nil, syscall.ECONNREFUSED
	}
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

// round lets 30 clients talk for a while, and waits for them.
func (s *soak) round(d time.Duration) {
	end := time.Now().Add(d)
	var clients sync.WaitGroup
	for range 30 {
		clients.Go(func() {
			for time.Now().Before(end) && !s.t.Failed() {
				s.talk(rand.Uint64())
			}
		})
	}
	clients.Wait()
}

// quiet waits until nothing of the round is left, and measures.
func (s *soak) quiet(base footprint) footprint {
	now := measure()
	for range 100 {
		if now.goroutines <= base.goroutines && now.files <= base.files && s.served.Load() == 0 {
			break
		}
		<-time.After(50 * time.Millisecond)
		now = measure()
	}
	return now
}

// plan is a talk: what both sides say, and how far they come.
type plan struct {
	said, answered, heard []byte // heard is answered as the client should get it
	ends                  int    // who ends it, and how
	stop                  int    // after how many bytes
	got                   chan int
}

// The ways in which a talk ends.
const (
	bothDone    = iota
	clientStops // it says no more after stop bytes, in the middle of something
	clientResets
	serverResets
	numEnds
)

func (s *soak) plan(seed uint64) *plan {
	r := rand.New(rand.NewPCG(seed, 1))
	p := &plan{got: make(chan int, 1), ends: bothDone}
	var in, out, heard bytes.Buffer
	fmt.Fprintf(&in, "VER 1 MSNP2\r\nUSR 2 MD5 I soak-%d@h.com\r\n", seed)
	for i := range 1 + r.IntN(200) {
		switch r.IntN(4) {
		case 0:
			fmt.Fprintf(&in, "MSG %d N %d\r\n", i, i*7)
			in.Write(bytes.Repeat([]byte{byte('a' + i%26)}, i*7))
		case 1:
			fmt.Fprintf(&in, "CHG %d NLN\n", i)
		case 2:
			fmt.Fprintf(&in, "what is this %d\r\n", i)
		default:
			fmt.Fprintf(&in, "CAL %d b%d@h.com\r\n", i, i)
		}
		var line string
		switch r.IntN(3) {
		case 0:
			line = fmt.Sprintf("MSG a@b.c A %d\r\n%s", i*5, strings.Repeat("y", i*5))
		case 1:
			line = fmt.Sprintf("NLN NLN a%d@b.c A\r\n", i)
		default:
			line = fmt.Sprintf("XFR %d SB 10.0.0.9:1864 CKI %d.%d\r\n", i, seed, i)
		}
		out.WriteString(line)
		heard.WriteString(strings.Replace(line, "10.0.0.9:1864", s.at, 1))
	}
	p.said, p.answered, p.heard, p.stop = in.Bytes(), out.Bytes(), heard.Bytes(), in.Len()
	if r.IntN(3) == 0 {
		p.ends = 1 + r.IntN(numEnds-1)
		p.stop = min(in.Len(), 60+r.IntN(in.Len()))
	}
	return p
}

// talk is one client.
func (s *soak) talk(seed uint64) {
	p := s.plan(seed)
	s.plans.Store(seed, p)
	defer s.plans.Delete(seed)
	s.talks.Add(1)
	c, err := net.Dial("tcp", s.at)
	if err != nil {
		s.t.Errorf("the proxy is gone: %v", err)
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	answers := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(c)
		answers <- b
	}()
	sent := dribble(c, p.said[:p.stop])
	if p.ends == clientResets {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
		s.reset.Add(1)
		<-answers
		return
	}
	c.(*net.TCPConn).CloseWrite()
	heard := <-answers
	if p.ends == serverResets { // half a referral is no referral, and not rewritten
		heard = heard[:bytes.LastIndexByte(heard, '\n')+1]
	}
	if !bytes.HasPrefix(p.heard, heard) {
		i := differAt(heard, p.heard)
		s.t.Errorf("talk %d: the client heard what nobody said: %.60q, want %.60q", seed, heard[i:], p.heard[i:])
	}
	if p.ends == serverResets {
		s.reset.Add(1)
		return
	}
	patience := 30 * time.Second
	if len(heard) == 0 {
		patience = time.Second / 2 // the proxy found the server down
	}
	select {
	case got := <-p.got:
		if sent != p.stop || got != sent || len(heard) != len(p.heard) {
			s.t.Errorf("talk %d: of %d bytes %d were sent and %d came; of %d answers %d", seed, p.stop, sent, got,
				len(p.heard), len(heard))
		}
		if p.ends == bothDone {
			s.whole.Add(1)
		} else {
			s.cut.Add(1)
		}
	case <-time.After(patience):
		s.refused.Add(1)
		if len(heard) > 0 {
			s.t.Errorf("talk %d: answers, and no server that ended", seed)
		}
	}
}

// dribble writes in pieces of any size, and returns how much it could.
func dribble(c net.Conn, all []byte) (done int) {
	for done < len(all) {
		n, err := c.Write(all[done:min(len(all), done+1+rand.IntN(1<<rand.IntN(14)))])
		done += n
		if err != nil {
			break
		}
		if rand.IntN(20) == 0 {
			<-time.After(time.Duration(rand.IntN(3)) * time.Millisecond)
		}
	}
	return done
}

func (s *soak) accept() {
	for {
		c, err := s.upstream.Accept()
		if err != nil {
			return
		}
		s.served.Add(1)
		go func() {
			defer s.served.Add(-1)
			defer c.Close()
			s.serve(c.(*net.TCPConn))
		}()
	}
}

// serve is one server: it learns from the first lines which talk it is in.
func (s *soak) serve(c *net.TCPConn) {
	c.SetDeadline(time.Now().Add(time.Minute))
	var all []byte
	var p *plan
	var wrote sync.WaitGroup
	defer wrote.Wait()
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		all = append(all, buf[:n]...)
		if p == nil && bytes.Count(all, []byte("\n")) >= 2 {
			if p = s.planOf(all); p == nil {
				return // a client that has gone already
			}
			wrote.Go(func() { dribble(c, p.answered) })
		}
		if p != nil && !bytes.HasPrefix(p.said, all) {
			i := differAt(all, p.said)
			s.t.Errorf("a server heard what nobody said: %.60q, want %.60q", all[i:], p.said[i:])
			return
		}
		switch {
		case p != nil && p.ends == serverResets && len(all) >= p.stop/2:
			c.SetLinger(0)
			return
		case err != nil:
			if p != nil {
				wrote.Wait()
				p.got <- len(all)
			}
			return
		}
	}
}

// planOf finds the talk that the second line names.
func (s *soak) planOf(said []byte) *plan {
	var seed uint64
	_, line, _ := strings.Cut(string(said), "\n")
	if _, err := fmt.Sscanf(line, "USR 2 MD5 I soak-%d@h.com", &seed); err != nil {
		s.t.Errorf("a server heard %.80q first", said)
		return nil
	}
	p, ok := s.plans.Load(seed)
	if !ok {
		return nil
	}
	return p.(*plan)
}
