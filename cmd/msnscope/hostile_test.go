package main

import (
	"bytes"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/msntest"
)

// upstream is a server that is none of MSN's: handle has each connection.
type upstreamServer struct {
	net.Listener
	conns sync.WaitGroup
}

func upstream(t *testing.T, handle func(net.Conn)) *upstreamServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &upstreamServer{Listener: l}
	s.conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.conns.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.conns.Wait()
	})
	return s
}

// proxyTo starts a proxy before an upstream.
func proxyTo(t *testing.T, s *upstreamServer) *program {
	t.Helper()
	return launch(t, "--headless", "-T", "jsonl", "--listen", "127.0.0.1:0", "--upstream", s.Addr().String())
}

// of returns the lines of the connection that came from the address.
func of(all []line, client string) []line {
	return slices.DeleteFunc(slices.Clone(all), func(l line) bool { return l.Client != client })
}

// joined returns all bytes of a direction.
func joined(t *testing.T, all []line, dir string) string {
	t.Helper()
	var b bytes.Buffer
	for _, l := range commands(all) {
		if l.Dir == dir {
			b.Write(l.onWire(t))
		}
	}
	return b.String()
}

// TestUpstreamThatRefuses: the client is closed, the lines say why, and who is connected stays so.
func TestUpstreamThatRefuses(t *testing.T) {
	up := upstream(t, func(c net.Conn) { _, _ = io.Copy(c, c) })
	p, w := proxyTo(t, up), &taps{}
	early := connect(t, w, p.address())
	early.Say("VER 1 MSNP2")
	early.Hear("VER 1 MSNP2")
	up.Close()
	late := connect(t, w, p.address())
	late.Say("VER 2 MSNP2")
	if rest := late.Rest(); rest != "" {
		t.Errorf("the client heard %q", rest)
	}
	early.Say("INF 3")
	early.Hear("INF 3")
	early.Conn.Close()
	p.end(exitOK)

	lines := of(parse(t, p.stdout.String()), late.Conn.LocalAddr().String())
	if got := joined(t, lines, "C"); got != "VER 2 MSNP2\r\n" {
		t.Errorf("what the client said is given as %q", got)
	}
	last := lines[len(lines)-1]
	if last.Event != "close" || !strings.Contains(last.Text, up.Addr().String()) ||
		!strings.Contains(last.Text, "refused") {
		t.Errorf("the last line is %+v", last)
	}
	if !strings.Contains(p.stderr.String(), "error: cannot reach the server") {
		t.Errorf("nobody said so: %s", p.stderr)
	}
}

// TestUpstreamThatIsNotMSN: bytes pass both ways as they are, and the lines hold them all.
func TestUpstreamThatIsNotMSN(t *testing.T) {
	const (
		hello  = "SSH-2.0-client\r\n"
		banner = "SSH-2.0-server\r\n\x00\x01\xff\xfe binary \n\r\n\r\x80 and no end"
	)
	up := upstream(t, func(c net.Conn) {
		if _, err := io.ReadFull(c, make([]byte, len(hello))); err == nil {
			_, _ = io.WriteString(c, banner)
		}
	})
	p, w := proxyTo(t, up), &taps{}
	ssh := connect(t, w, p.address())
	ssh.Send(hello)
	if got := ssh.Rest(); got != banner {
		t.Errorf("the client received %q", got)
	}
	p.end(exitOK)
	lines := parse(t, p.stdout.String())
	if diff := cmp.Diff([]string{hello, banner}, []string{joined(t, lines, "C"), joined(t, lines, "S")}); diff != "" {
		t.Errorf("the lines hold (-want +got):\n%s", diff)
	}
	for _, l := range commands(lines) {
		if l.Cmd != "" || !l.flagged("opaque") || l.Text == "" {
			t.Errorf("line %d: %+v", l.N, l)
		}
	}
}

// rubbish is what clients should not send.
var rubbish = map[string]string{
	"words":     "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
	"binary":    "\x00\x01\x02\xff\xfe\xfd\x80\n\x00\x00\n\xc3\x28",
	"no end":    strings.Repeat("x", 20<<10),
	"a verb":    "VER 1 " + strings.Repeat("MSNP2 ", 4<<10),
	"no length": "MSG 1 N many\r\nMSG 1 N -5\r\nMSG 1 N 99999999999999999999\r\n",
	"half":      "MSG 1 N 500\r\nnot so much",
}

// TestRubbish goes through as it came, to the last byte, and is in the lines.
func TestRubbish(t *testing.T) {
	for name, sent := range rubbish {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arrived := make(chan []byte, 1)
			up := upstream(t, func(c net.Conn) {
				b, _ := io.ReadAll(c)
				arrived <- b
				_, _ = c.Write(b)
			})
			p, w := proxyTo(t, up), &taps{}
			c := connect(t, w, p.address())
			c.Send(sent)
			await(t, "the client's half of the connection to close", func() bool {
				return c.Conn.(*tap).Conn.(*net.TCPConn).CloseWrite() == nil
			})
			if got := <-arrived; string(got) != sent {
				t.Errorf("the server received %d bytes, want %d: %.60q", len(got), len(sent), got)
			}
			if got := c.Rest(); got != sent {
				t.Errorf("the client received %d bytes, want %d: %.60q", len(got), len(sent), got)
			}
			p.end(exitOK)
			lines := parse(t, p.stdout.String())
			for _, dir := range []string{"C", "S"} {
				if got := joined(t, lines, dir); got != sent {
					t.Errorf("the lines of %s hold %d bytes, want %d: %.60q", dir, len(got), len(sent), got)
				}
			}
			if !slices.ContainsFunc(lines, func(l line) bool { return l.flagged("opaque") }) {
				t.Error("no line is marked opaque")
			}
		})
	}
}

// TestRubbishDisturbsNobody: while others misbehave, or say nothing at all, people chat.
func TestRubbishDisturbsNobody(t *testing.T) {
	p, w := launch(t, "--headless", "-T", "jsonl", "--listen", "127.0.0.1:0"), &taps{}
	connect(t, w, p.address()) // says nothing, and stays
	gone := connect(t, w, p.address())
	gone.Conn.Close()
	var bad []*msntest.Peer
	for _, sent := range rubbish {
		c := connect(t, w, p.address())
		c.Send(sent)
		bad = append(bad, c)
	}
	o := client.Options{Server: p.address()}
	alice, bob := signIn(t, "alice", o), signIn(t, "bob", o)
	chat(t, alice, bob)
	alice.logout()
	bob.logout()
	for _, c := range bad {
		c.Conn.Close()
	}
	p.end(exitOK)
	lines := parse(t, p.stdout.String())
	silent := of(lines, gone.Conn.LocalAddr().String())
	if len(silent) != 2 || silent[0].Event != "open" || silent[1].Event != "close" ||
		!strings.Contains(silent[1].Text, "client") {
		t.Errorf("of a client that said nothing the lines say %+v", silent)
	}
}
