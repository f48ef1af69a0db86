package lint_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
)

// stage plays a script: connections with their commands, of which it makes events as a capture
// would, by real Readers.
//
//	NS            a new connection to a server of that role, at 10.0.0.1:1863
//	FT            one to the client that sends a file
//	@2            go on with connection 2
//	C: line       what an end sends, escaped as decode.Quote does; a line gets its CRLF
//	S: line => x  what is sent on in its place is x
//	middle NS     a connection that was open before the capture began
//	gap           bytes of the server are missing
//	lost          events of all connections are missing
//	close C       an end closes the connection
type stage struct {
	t       *testing.T
	graph   session.Graph
	conns   []*link
	now     *link
	checker *lint.Checker
	found   []session.Finding
}

type link struct {
	conn    *session.Conn
	readers [2]*decode.Reader
}

var start = time.Date(1999, 7, 21, 12, 0, 0, 0, time.UTC)

// check plays a script and returns what the rules find in it.
func check(t *testing.T, script string, o lint.Options) []session.Finding {
	t.Helper()
	s := &stage{t: t, checker: lint.New(o)}
	for line := range strings.Lines(script) {
		if line = strings.TrimRight(strings.TrimLeft(line, "\t"), "\n"); line != "" {
			s.play(line)
		}
	}
	return s.found
}

func (s *stage) play(line string) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "DS", "NS", "SB", "FT":
		s.open(dialect.ParseRole(word), "")
	case "middle":
		s.open(dialect.ParseRole(rest), session.BegunBefore)
	case "gap":
		s.event(s.now.conn.Gap(start, decode.FromServer, "bytes are missing"))
	case "lost":
		s.event(&session.Event{Kind: session.Gap, Flags: session.Missing})
	case "C:", "S:":
		s.say(decode.Dir(word[0]), rest)
	case "close":
		s.close(decode.Dir(rest[0]))
	default:
		var n int
		if _, err := fmt.Sscanf(word, "@%d", &n); err != nil {
			s.t.Fatalf("what is %q?", line)
		}
		s.now = s.conns[n-1]
	}
}

func (s *stage) open(role dialect.Role, text string) {
	c, e := s.graph.Open(start, "192.0.2.1:1024", "10.0.0.1:1863")
	c.To("10.0.0.1:1863", role)
	e.Role, e.Text = role, text
	s.now = &link{conn: c}
	for i, dir := range []decode.Dir{decode.FromClient, decode.FromServer} {
		s.now.readers[i] = decode.NewReader(dir, c.Framing())
	}
	s.conns = append(s.conns, s.now)
	s.event(e)
}

func (s *stage) say(dir decode.Dir, text string) {
	text, out, changed := strings.Cut(text, " => ")
	raw := s.bytes(text)
	r := s.reader(dir)
	r.Feed(raw)
	var m decode.Message
	for r.Grammar = s.now.conn.Framing(); r.Next(&m); r.Grammar = s.now.conn.Framing() {
		e := s.now.conn.Track(dir, &m, start)
		if changed {
			e.Out, e.Flags = s.bytes(out), e.Flags|session.Rewritten
		}
		s.event(e)
	}
}

// bytes returns what a text of the script stands for.
func (s *stage) bytes(text string) []byte {
	raw, err := decode.Unquote(text)
	if err != nil {
		s.t.Fatal(err)
	}
	if !strings.Contains(text, `\n`) && !strings.HasSuffix(text, "…") {
		raw = append(raw, "\r\n"...)
	}
	return raw
}

func (s *stage) reader(dir decode.Dir) *decode.Reader {
	if dir == decode.FromServer {
		return s.now.readers[1]
	}
	return s.now.readers[0]
}

func (s *stage) close(by decode.Dir) {
	s.event(s.now.conn.HalfClose(start, by))
	var m decode.Message
	for _, r := range s.now.readers {
		for r.Flush(&m) {
			s.event(s.now.conn.Track(r.Dir, &m, start))
		}
	}
	s.event(s.now.conn.Close(start, "closed"))
}

func (s *stage) event(e *session.Event) { s.found = append(s.found, s.checker.Check(e)...) }
