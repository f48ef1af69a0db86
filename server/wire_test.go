package server

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/memnet"
)

// TestPiecesMakeNoDifference sends one client's whole stream in different pieces, with either line
// end, and expects the same answers.
func TestPiecesMakeNoDifference(t *testing.T) {
	const crlf = "VER 007 MSNP2\r\nINF 00\r\nSYN 1 0\r\nUSR  4294967295\tMD5 I alice@hotmail.com \r\n\r\nMSG 3 N " +
		"4\r\nhi\n\nPNG\r\nOUT\r\n"
	const want = "VER 007 MSNP2\r\nINF 00 MD5\r\n302 1\r\nUSR 4294967295 MD5 S {c}\r\n715 3\r\nQNG\r\nOUT\r\n"
	lf := strings.ReplaceAll(crlf, "\r\n", "\n")
	for name, pieces := range map[string][]string{
		"all in one":          {crlf},
		"byte for byte":       strings.Split(crlf, ""),
		"line by line":        strings.SplitAfter(crlf, "\n"),
		"between CR and LF":   strings.SplitAfter(crlf, "\r"),
		"bare LF, all in one": {lf},
		"bare LF, by bytes":   strings.Split(lf, ""),
	} {
		t.Run(name, func(t *testing.T) {
			synctestScript(t, Options{}, func(p *script) {
				for _, piece := range pieces {
					p.run(fmt.Sprintf("a.ns -- raw %q", piece))
				}
				for l := range strings.SplitSeq(strings.TrimSuffix(want, "\r\n"), "\r\n") {
					p.run("a.ns S: " + l)
				}
				p.run("a.ns S: (closed)")
			})
		})
	}
}

// TestEndOfInputIsServed: a client that closes its sending side after the last command still gets
// the answers.
func TestEndOfInputIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		defer s.Close()
		nc, err := s.Dial(t.Context(), "tcp", "127.0.0.3:1863")
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		_, _ = io.WriteString(nc, "VER 0 MSNP2\r\nINF 1\r\nINF")
		_ = nc.(*memnet.Conn).CloseWrite()
		if got, err := io.ReadAll(nc); string(got) != "VER 0 MSNP2\r\nINF 1 MD5\r\n" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// counting is a connection that records what each Write was called with.
type counting struct {
	net.Conn
	mu     sync.Mutex
	writes []string
}

func (c *counting) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes = append(c.writes, string(p))
	return c.Conn.Write(p)
}

// TestMessagesLeaveWhole: several clients take one read for one message, so the line and the body
// must leave in one write. Commands that came in one read may leave together.
func TestMessagesLeaveWhole(t *testing.T) {
	synctestScript(t, Options{}, func(p *script) {
		near, far := memnet.Pipe(nil, nil)
		wire := &counting{Conn: far}
		if err := p.s.start(dialect.SB, p.s.o.Switchboard, wire); err != nil {
			t.Fatal(err)
		}
		c := &scripted{Conn: near, role: dialect.SB}
		go c.pump()
		p.conns["bob.sb"], p.names = c, append(p.names, "bob.sb")
		p.run(`
			alice.ns -- online
			bob.ns -- online
			alice.sb -- chat bob
			alice.sb -- raw "MSG 1 U 3\r\noneMSG 2 U 3\r\ntwo"
			alice.sb -- raw "MSG 3 U 5\r\nth"
			alice.sb -- raw "ree"`)
		p.drop("bob.sb")
		wire.mu.Lock()
		defer wire.mu.Unlock()
		got := fmt.Sprintf("%q", wire.writes[len(wire.writes)-2:])
		want := fmt.Sprintf("%q", []string{
			"MSG alice@hotmail.com alice 3\r\noneMSG alice@hotmail.com alice 3\r\ntwo",
			"MSG alice@hotmail.com alice 5\r\nthree",
		})
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}
