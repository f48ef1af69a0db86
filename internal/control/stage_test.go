package control

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/intercept"
)

// TestMain checks for leaked goroutines. One of net/http sleeps for half a second after hanging up
// and then ends by itself.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// stage is a control API on a socket, for a proxy in front of a server that only listens, with one
// client.
type stage struct {
	t        testing.TB
	log      *eventlog.Log
	controls *intercept.Controls
	server   *Server
	socket   string
	http     *http.Client
	client   net.Conn // of the proxy
}

const secret = "open-sesame"

func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{t: t, socket: filepath.Join(t.TempDir(), "c")}
	s.log = eventlog.New(eventlog.Options{MemoryCap: 16 << 20, Dir: t.TempDir()})
	backend, clients := listen(t), listen(t)
	var backends sync.WaitGroup
	backends.Go(func() {
		for c, err := backend.Accept(); err == nil; c, err = backend.Accept() {
			backends.Go(func() {
				defer c.Close()
				_, _ = io.Copy(io.Discard, c) // until the proxy closes
			})
		}
	})
	opened := make(chan struct{})
	p := proxy.New(proxy.Options{Upstream: backend.Addr().String(), Publish: func(e *session.Event) {
		s.log.Append(e)
		if e.N == 1 {
			close(opened)
		}
	}})
	go p.Serve(clients)
	s.controls = intercept.NewControls(p, intercept.ControlsOptions{})
	s.server = NewServer(Options{Log: s.log, Proxy: p, Controls: s.controls, Token: secret})
	l, err := Listen(s.socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(ctx, l) }()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.socket)
	}
	s.http = &http.Client{Transport: &http.Transport{DialContext: dial}}
	if s.client, err = net.Dial("tcp", clients.Addr().String()); err != nil {
		t.Fatal(err)
	}
	<-opened // the log begins with this connection
	t.Cleanup(func() {
		s.client.Close()
		s.http.CloseIdleConnections()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		s.server.reading.Wait()
		p.Close()
		backend.Close()
		backends.Wait()
		s.log.Close()
	})
	return s
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// say has the client send something.
func (s *stage) say(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s.client, text); err != nil {
		s.t.Fatal(err)
	}
}

// ask sends a request with the token, and returns the status and the answer.
func (s *stage) ask(method, path, body string) (int, string) {
	s.t.Helper()
	return s.askAs(secret, method, path, strings.NewReader(body))
}

func (s *stage) askAs(token, method, path string, body io.Reader) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://msnscope"+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, string(text)
}

// want sends a request, and checks the status and that the answer contains a text.
func (s *stage) want(status int, text, method, path, body string) {
	s.t.Helper()
	if got, answer := s.ask(method, path, body); got != status || !strings.Contains(answer, text) {
		s.t.Errorf("%s %s %.100s: %d %.300s, want %d and %q", method, path, body, got, answer, status, text)
	}
}

// holds has the client send PNG, waits until it is held, and returns the command's ID.
func (s *stage) holds() uint64 {
	s.t.Helper()
	s.say("PNG\r\n")
	var id uint64
	await(s.t, "the command to be held", func() bool {
		held := s.controls.Held()
		if len(held) == 1 {
			id = held[0].ID
		}
		return len(held) == 1
	})
	return id
}

// open begins a request on a connection of its own, with a token or without, and reads nothing of
// the answer.
func (s *stage) open(token, path string) net.Conn {
	s.t.Helper()
	c, err := net.Dial("unix", s.socket)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	if path != "" {
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: msnscope\r\nAuthorization: Bearer %s\r\n\r\n", path, token)
	}
	return c
}

// patience is how long anything may take on a slow machine under load.
const patience = 30 * time.Second

func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(patience); !ok(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
