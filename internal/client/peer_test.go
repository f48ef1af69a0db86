package client_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/memnet"
)

// These are the addresses of the peers.
const (
	dsAddr = "10.0.0.1:1863"
	nsAddr = "10.0.0.5:1863"
	sbAddr = "10.0.0.9:1863"
)

// world is a network of scripted peers.
type world struct {
	t   *testing.T
	net memnet.Network
	all sync.WaitGroup
}

// newWorld must be called in a synctest bubble. At the end of the test all scripts must have been
// played to their ends.
func newWorld(t *testing.T) *world {
	w := &world{t: t}
	t.Cleanup(w.all.Wait)
	return w
}

// peer listens on addr and plays one script a connection, in the order of connecting. A script's
// lines are
//
//	C: line     what the client must send now; a MSG with the payload of the | lines that follow
//	S: line     what is sent, likewise
//	| text      a line of payload, each but the last one with CRLF at its end
//	LF          from here on the client's lines end in a bare LF
//	EOF         the client must close
//	ANY         whatever the client sends before it closes
//	CLOSE       the peer closes; a script that ends without a word closes too
//	STALL       nothing is read any more until the test ends
func (w *world) peer(addr string, scripts ...string) {
	w.t.Helper()
	ln, err := w.net.Listen(addr)
	if err != nil {
		w.t.Fatal(err)
	}
	stop := context.AfterFunc(w.t.Context(), func() { _ = ln.Close() })
	w.all.Go(func() {
		defer stop()
		defer ln.Close()
		for _, script := range scripts {
			conn, err := ln.Accept()
			if err != nil {
				w.t.Errorf("%s: nobody came for the script\n%s", addr, script)
				return
			}
			w.all.Go(func() { w.play(addr, conn, script) })
		}
	})
}

func (w *world) play(addr string, conn net.Conn, script string) {
	defer conn.Close()
	p := &player{conn: conn, r: bufio.NewReader(conn), end: "\r\n", test: w.t.Context()}
	lines := strings.Split(strings.TrimSpace(script), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		var payload []string
		for i+1 < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i+1]), "|") {
			i++
			payload = append(payload, strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(lines[i]), "|"), " "))
		}
		if err := p.step(line, strings.Join(payload, "\r\n"), payload != nil); err != nil {
			w.t.Errorf("%s, line %q: %v", addr, line, err)
			return
		}
	}
}

type player struct {
	conn net.Conn
	r    *bufio.Reader
	end  string
	test context.Context
}

func (p *player) step(line, payload string, hasPayload bool) error {
	word, rest, _ := strings.Cut(line, " ")
	if hasPayload {
		rest += " " + strconv.Itoa(len(payload))
	}
	switch word {
	case "":
	case "C:":
		want := rest + p.end + payload
		got := make([]byte, len(want))
		n, err := io.ReadFull(p.r, got)
		if string(got[:n]) != want {
			return errors.New("the client sent " + strconv.Quote(string(got[:n])) + ", want " + strconv.Quote(want))
		}
		return err
	case "S:":
		_, err := io.WriteString(p.conn, rest+"\r\n"+payload)
		return err
	case "LF":
		p.end = "\n"
	case "EOF":
		if b, err := io.ReadAll(p.r); err != nil || len(b) > 0 {
			return errors.New("the client sent " + strconv.Quote(string(b)) + " in place of the end")
		}
	case "ANY":
		_, err := io.Copy(io.Discard, p.r)
		return err
	case "CLOSE":
		return p.conn.Close()
	case "STALL":
		<-p.test.Done()
	default:
		return errors.New("no such step")
	}
	return nil
}

// options returns alice's options, with her events going to the log.
func (w *world) options(log *log) client.Options {
	return client.Options{
		Server: dsAddr, Dial: w.net.DialContext, Handle: "alice@hotmail.com", Password: "password", OnEvent: log.add,
	}
}

// online logs alice on at a notification server that plays the script after the logon.
func (w *world) online(log *log, script string) *client.Client {
	w.t.Helper()
	w.peer(dsAddr, logonScript+script)
	c, err := client.Login(w.t.Context(), w.options(log))
	if err != nil {
		w.t.Fatalf("Login: %v", err)
	}
	w.t.Cleanup(c.Close)
	return c
}

// logonScript is a logon without a dispatch server.
const logonScript = `
	C: VER 1 MSNP2 CVR0
	S: VER 1 MSNP2 CVR0
	C: INF 2
	S: INF 2 MD5
	C: USR 3 MD5 I alice@hotmail.com
	S: USR 3 MD5 S 1013928519.693957190
	C: USR 4 MD5 S 7f919fab309532df353c901430df36fa
	S: USR 4 OK alice@hotmail.com Alice%20L
`

// log collects events.
type log struct {
	mu     sync.Mutex
	events []client.Event
}

func (l *log) add(e client.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// of returns the events of type T.
func of[T client.Event](l *log) (all []T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e, ok := e.(T); ok {
			all = append(all, e)
		}
	}
	return all
}

// one returns the only event of type T.
func one[T client.Event](t *testing.T, l *log) (e T) {
	t.Helper()
	all := of[T](l)
	if len(all) != 1 {
		t.Fatalf("got %d events %T, want 1: %v", len(all), e, all)
	}
	return all[0]
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code int) {
	t.Helper()
	var p *client.ProtocolError
	if !errors.As(err, &p) || p.Code != code {
		t.Errorf("error = %v, want code %d", err, code)
	}
}
