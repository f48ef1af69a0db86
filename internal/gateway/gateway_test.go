package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/memnet"
)

const at = "10.0.0.8:80"

// lab is a gateway with the sessions that it made.
type lab struct {
	t    *testing.T
	net  memnet.Network
	g    *Gateway
	mu   sync.Mutex
	made []*Conn
	open []Open
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t}
	l.g = &Gateway{Accept: func(c *Conn, o Open) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.made, l.open = append(l.made, c), append(l.open, o)
	}}
	on, err := l.net.Listen(at)
	if err != nil {
		t.Fatal(err)
	}
	web := l.g.Server()
	go func() { _ = web.Serve(on) }()
	t.Cleanup(func() {
		l.g.Close()
		web.Close()
	})
	return l
}

// session returns the latest session.
func (l *lab) session() *Conn {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.made) == 0 {
		l.t.Fatal("no session was made")
	}
	return l.made[len(l.made)-1]
}

// caller is a TCP connection to the gateway.
type caller struct {
	t  *testing.T
	nc net.Conn
	in *bufio.Reader
}

func (l *lab) call() *caller {
	l.t.Helper()
	nc, err := l.net.DialContext(l.t.Context(), "tcp", at)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { nc.Close() })
	return &caller{l.t, nc, bufio.NewReader(nc)}
}

// send sends text, and does not wait.
func (c *caller) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.nc, text); err != nil {
		c.t.Fatal(err)
	}
}

// read reads an answer.
func (c *caller) read() (status int, s Session, body string) {
	c.t.Helper()
	a, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	b, err := io.ReadAll(a.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if a.StatusCode == http.StatusOK && (len(a.TransferEncoding) > 0 || a.ContentLength < 0 || a.Close) {
		c.t.Errorf("an answer that clients do not take: %+v", a)
	}
	return a.StatusCode, SessionOf(a.Header), string(b)
}

func (c *caller) ask(query, body string) (status int, s Session, answer string) {
	c.t.Helper()
	c.send(request(query, body))
	return c.read()
}

func request(query, body string) string {
	return fmt.Sprintf("POST /gateway/gateway.dll?%s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", query,
		len(body), body)
}

// TestSession: what a session says and hears, and how it ends.
func TestSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		c := l.call()
		began := time.Now()
		c.send(request("Action=open&Server=SB&IP=b.example", "PNG\r\n"))
		synctest.Wait()
		s := l.session()
		if o := l.open[0]; o.Role != dialect.SB || o.IP != "b.example" {
			t.Errorf("opened %+v", o)
		}
		heard := make([]byte, 10)
		if n, err := s.Read(heard); string(heard[:n]) != "PNG\r\n" {
			t.Errorf("the session read %q, %v", heard[:n], err)
		}
		_, _ = io.WriteString(s, "QNG\r\nMSG a b 5\r\nhe")
		_, id, body := c.read()
		if body != "QNG\r\n" || id.GWIP != "10.0.0.8" || !strings.Contains(id.ID, ".") {
			t.Errorf("answer %q of %+v, want the whole command alone", body, id)
		}
		if took := time.Since(began); took > 50*time.Millisecond {
			t.Errorf("the answer took %v", took)
		}
		_, _ = io.WriteString(s, "llo")
		first := id
		if _, id, body = c.ask("Action=poll&SessionID="+id.ID, ""); body != "MSG a b 5\r\nhello" || id.ID == first.ID {
			t.Errorf("poll: %q of %+v", body, id)
		}
		// The request before may be sent again; ids that nobody was given are refused.
		if status, _, _ := c.ask("Action=poll&SessionID="+first.ID, ""); status != http.StatusOK {
			t.Errorf("the previous id: %d", status)
		}
		for _, guess := range []string{"", "1.1", strings.Split(id.ID, ".")[0] + ".7", first.ID} {
			if status, _, _ := c.ask("SessionID="+guess, "OUT\r\n"); status != http.StatusBadRequest {
				t.Errorf("the id %q: %d, want 400", guess, status)
			}
		}
	})
}

// TestPolls: a poll is answered at once, or kept for news as long as it says; another request, two
// at once, ends that wait.
func TestPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		c := l.call()
		_, id, _ := c.ask("Action=open&Server=NS", "")
		s := l.session()
		began := time.Now()
		_, id, _ = c.ask("Action=poll&SessionID="+id.ID, "")
		if took := time.Since(began); took > 0 {
			t.Errorf("a poll took %v", took)
		}
		c.send(request("Action=poll&Lifespan=50&SessionID="+id.ID, ""))
		synctest.Wait()
		time.Sleep(40 * time.Second) // longer than any request may take to arrive
		_, _ = io.WriteString(s, "QNG\r\n")
		var body string
		if _, id, body = c.read(); body != "QNG\r\n" || time.Since(began) > 41*time.Second {
			t.Errorf("the poll brought %q after %v", body, time.Since(began))
		}
		c.send(request("Action=poll&Lifespan=60&SessionID="+id.ID, ""))
		synctest.Wait()
		began = time.Now()
		d := l.call()
		d.send(request("SessionID="+id.ID, "PNG\r\n"))
		status, second, _ := c.read()
		if status != http.StatusOK || time.Since(began) > time.Second {
			t.Errorf("the poll that was overtaken: %d after %v", status, time.Since(began))
		}
		if status, _, _ = d.read(); status != http.StatusOK {
			t.Errorf("the request beside a poll: %d", status)
		}
		// Two polls at once are answered both.
		c.send(request("Action=poll&Lifespan=60&SessionID="+second.ID, ""))
		d.send(request("Action=poll&Lifespan=2&SessionID="+second.ID, ""))
		for _, x := range []*caller{c, d} {
			if status, _, _ := x.read(); status != http.StatusOK {
				t.Errorf("two polls at once: %d", status)
			}
		}
	})
}

// TestSessionEnds: with the server, or with silence.
func TestSessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		c := l.call()
		_, id, _ := c.ask("Action=open", "OUT\r\n")
		s := l.session()
		_, _ = io.WriteString(s, "OUT SSD\r\n")
		s.Close()
		_, id, body := c.ask("Action=poll&SessionID="+id.ID, "")
		if body != "OUT SSD\r\n" || !id.Close {
			t.Errorf("the last answer: %q, %+v", body, id)
		}
		if status, _, _ := c.ask("Action=poll&SessionID="+id.ID, ""); status != http.StatusBadRequest {
			t.Errorf("after it: %d", status)
		}
	})
}

func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		c := l.call()
		_, id, _ := c.ask("Action=open", "")
		s := l.session()
		time.Sleep(Silence - time.Second)
		_, id, _ = c.ask("Action=poll&SessionID="+id.ID, "")
		time.Sleep(Silence + time.Second)
		if n, err := s.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the session read %d, %v after a minute without requests, want its end", n, err)
		}
		if _, err := s.Write([]byte("OUT\r\n")); err == nil {
			t.Error("it can still be written to")
		}
		if status, _, _ := c.ask("Action=poll&SessionID="+id.ID, ""); status != http.StatusBadRequest {
			t.Errorf("a poll: %d", status)
		}
		if l.g.open != 0 || len(l.g.sessions) != 0 {
			t.Errorf("%d sessions, %d ids are left", l.g.open, len(l.g.sessions))
		}
	})
}

// TestForms: whatever HTTP allows reaches the session, and the rest is refused with a reason.
func TestForms(t *testing.T) {
	const to = "POST http://gateway.messenger.hotmail.com/gateway/gateway.dll?Action=open&Server=NS HTTP/1.1\r\n" +
		"Host: x\r\n"
	const chunks = "Transfer-Encoding: chunked\r\n\r\n"
	for name, tc := range map[string]struct {
		sent   string
		then   string // once 100 Continue has come
		status int
		heard  string
	}{
		"absolute URI": {sent: to + "Content-Length: 5\r\n\r\nPNG\r\n", status: 200, heard: "PNG\r\n"},
		"chunked":      {sent: to + chunks + "5\r\nPNG\r\n\r\n0\r\n\r\n", status: 200, heard: "PNG\r\n"},
		"expects": {
			sent: to + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", then: "PNG\r\n", status: 200,
			heard: "PNG\r\n",
		},
		"CONNECT":       {sent: "CONNECT messenger.hotmail.com:1863 HTTP/1.1\r\nHost: x\r\n\r\n", status: 405},
		"GET":           {sent: "GET /gateway/gateway.dll?Action=open HTTP/1.1\r\nHost: x\r\n\r\n", status: 404},
		"another page":  {sent: "POST /index.html HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", status: 404},
		"over the cap":  {sent: to + fmt.Sprintf("Content-Length: %d\r\n\r\n", MaxBody+1), then: "", status: 413},
		"a bad length":  {sent: to + "Content-Length: x\r\n\r\n", status: 400},
		"no such id":    {sent: request("SessionID=1.2", "PNG\r\n"), status: 400},
		"no id at all":  {sent: request("", "PNG\r\n"), status: 400},
		"half a chunk,": {sent: to + chunks + "zz\r\n", status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				c := l.call()
				c.send(tc.sent)
				if tc.status == http.StatusRequestEntityTooLarge {
					go io.Copy(c.nc, io.LimitReader(zeros{}, MaxBody+1))
				}
				if tc.then != "" {
					if line, err := c.in.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
						t.Fatalf("%q, %v", line, err)
					}
					_, _ = c.in.ReadString('\n')
					c.send(tc.then)
				}
				status, _, _ := c.read()
				if status != tc.status {
					t.Errorf("status %d, want %d", status, tc.status)
				}
				if tc.heard != "" {
					b := make([]byte, 20)
					if n, err := l.session().Read(b); string(b[:n]) != tc.heard {
						t.Errorf("the session read %q, %v", b[:n], err)
					}
				} else if len(l.made) > 0 {
					t.Error("a session was made")
				}
				c.nc.Close()
				time.Sleep(time.Second) // net/http lingers after a refusal
			})
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestPipelined: requests that come together are answered in their order.
func TestPipelined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		c := l.call()
		c.send(request("Action=open&Server=NS", "") + request("Action=open&Server=SB", "") + request("SessionID=1", ""))
		for _, want := range []int{200, 200, 400} {
			if status, _, _ := c.read(); status != want {
				t.Errorf("status %d, want %d", status, want)
			}
		}
		if len(l.open) != 2 || l.open[0].Role != dialect.NS || l.open[1].Role != dialect.SB {
			t.Errorf("opened %+v", l.open)
		}
	})
}

// TestConnBlocks: whoever says more than its client takes waits, and goes on once that is taken.
func TestConnBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewConn(nil, nil, decode.FromServer)
		line := []byte(strings.Repeat("QNG\r\n", 1000))
		done := 0
		go func() {
			for range 200 {
				if _, err := c.Write(line); err != nil {
					t.Error(err)
				}
				done++
			}
			c.Close()
		}()
		synctest.Wait()
		if most := maxUnsent/len(line) + 1; done > most {
			t.Errorf("%d writes of %d bytes did not wait, want %d at most", done, len(line), most)
		}
		taken := 0
		for ended := false; !ended; ended, _ = c.Ended() {
			taken += len(c.Take())
			synctest.Wait()
		}
		if taken != 200*len(line) {
			t.Errorf("%d bytes were taken, want %d", taken, 200*len(line))
		}
		_ = c.SetReadDeadline(time.Now().Add(-time.Second))
	})
}

// TestConnDeadlines: a session's reads and writes end at their deadlines.
func TestConnDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewConn(nil, nil, decode.FromServer)
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		began := time.Now()
		if _, err := c.Read(make([]byte, 1)); !isTimeout(err) || time.Since(began) != time.Minute {
			t.Errorf("Read: %v after %v", err, time.Since(began))
		}
		_ = c.SetDeadline(time.Time{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go func() {
			<-ctx.Done()
			c.Feed([]byte("x"))
		}()
		if n, err := c.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Errorf("Read: %d, %v", n, err)
		}
		c.Close()
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("Read after Close succeeds")
		}
	})
}

func isTimeout(err error) bool {
	ne, ok := err.(net.Error)
	return ok && ne.Timeout()
}
