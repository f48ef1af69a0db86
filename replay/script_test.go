package replay

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/memnet"
)

// A script is a session in lines, over all its connections:
//
//	1 open 10.0.0.1:1863     connection 1 to that server
//	1 C VER 0 MSNP2          a client's command; after | comes its payload, quoted like the inside
//	                         of a Go string
//	1 c VER 0 MSNP2          the same with a bare line feed
//	1 S VER 0 MSNP2          a server's command
//	1 close server           the server closes; "client" likewise
//	1 shut server            the server half-closes; "client" likewise
//	1 gap                    bytes that are missing
//	1 wait 100ms             the server takes its time
//
// It is a recording to be replayed, and what a server does that expects exactly those bytes.
type scriptLine struct {
	conn int
	op   string
	text string
	raw  []byte
}

func parseScript(t *testing.T, script string) []scriptLine {
	t.Helper()
	var lines []scriptLine
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		number, rest, _ := strings.Cut(line, " ")
		op, text, _ := strings.Cut(rest, " ")
		conn, err := strconv.Atoi(number)
		if err != nil {
			t.Fatalf("script line %q: %v", line, err)
		}
		command, payload, _ := strings.Cut(text, "|")
		end := "\r\n"
		if op == "c" {
			op, end = "C", "\n"
		}
		payload, err = strconv.Unquote(`"` + payload + `"`)
		if err != nil {
			t.Fatalf("script line %q: %v", line, err)
		}
		lines = append(lines, scriptLine{conn, op, text, []byte(command + end + payload)})
	}
	return lines
}

// recording is a script as a log: each line 10 ms after the one before.
type recording []*session.Event

func (r recording) Len() int                { return len(r) }
func (r recording) At(i int) *session.Event { return r[i] }

func record(t *testing.T, script string) recording {
	t.Helper()
	var graph session.Graph
	var log recording
	conns := map[int]*session.Conn{}
	at := time.Date(2001, 5, 4, 12, 0, 0, 0, time.UTC)
	for _, l := range parseScript(t, script) {
		at = at.Add(10 * time.Millisecond)
		c := conns[l.conn]
		if c == nil && l.op != "open" {
			t.Fatalf("script: connection %d is not open", l.conn)
		}
		switch l.op {
		case "wait":
		case "open":
			var e *session.Event
			conns[l.conn], e = graph.Open(at, fmt.Sprintf("192.0.2.7:%d", 1024+l.conn), l.text)
			log = append(log, e)
		case "close":
			log = append(log, c.Close(at, "closed by the "+l.text))
		case "shut":
			dir := map[string]decode.Dir{"client": decode.FromClient, "server": decode.FromServer}[l.text]
			log = append(log, c.HalfClose(at, dir))
		case "gap":
			log = append(log, c.Gap(at, decode.FromServer, "27 bytes"))
		default:
			dir := decode.Dir(l.op[0])
			r := decode.NewReader(dir, c.Grammar())
			r.Feed(l.raw)
			var m decode.Message
			if !r.Next(&m) && !r.Flush(&m) {
				t.Fatalf("script: %q is no command", l.raw)
			}
			log = append(log, c.Track(dir, &m, at))
		}
	}
	return log
}

// serve plays the servers of a script on a network, and fails the test where a client says anything
// else. It ends with the script or when the client goes away, and closes what is open when the
// test's function returns.
func serve(t *testing.T, network *memnet.Network, script string) (stop func()) {
	t.Helper()
	s := &scripted{
		t: t, listeners: map[string]net.Listener{}, conns: map[int]net.Conn{},
		readers: map[int]*bufio.Reader{},
	}
	lines := parseScript(t, script)
	for _, l := range lines {
		if l.op == "open" && s.listeners[l.text] == nil {
			listener, err := network.Listen(l.text)
			if err != nil {
				t.Fatal(err)
			}
			s.listeners[l.text] = listener
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, l := range lines {
			if !s.play(l) {
				return
			}
		}
	}()
	return func() {
		for _, l := range s.listeners {
			l.Close()
		}
		<-done
		for _, c := range s.conns {
			c.Close()
		}
	}
}

type scripted struct {
	t         *testing.T
	listeners map[string]net.Listener
	conns     map[int]net.Conn
	readers   map[int]*bufio.Reader
}

func (s *scripted) play(l scriptLine) bool {
	c := s.conns[l.conn]
	switch l.op {
	case "wait":
		d, err := time.ParseDuration(l.text)
		if err != nil {
			s.t.Error(err)
		}
		time.Sleep(d) // of the bubble's time
	case "open":
		c, err := s.listeners[l.text].Accept()
		if err != nil {
			return false
		}
		s.conns[l.conn], s.readers[l.conn] = c, bufio.NewReader(c)
	case "close", "shut":
		if l.text == "server" && l.op == "shut" {
			return c.(*memnet.Conn).CloseWrite() == nil
		}
		if l.text == "server" {
			return c.Close() == nil
		}
		rest, _ := io.ReadAll(s.readers[l.conn])
		if len(rest) > 0 {
			s.t.Errorf("connection %d: the client says %q before it closes, want nothing", l.conn, rest)
		}
	case "S":
		if _, err := c.Write(l.raw); err != nil {
			return false
		}
	case "C":
		got := make([]byte, len(l.raw))
		n, err := io.ReadFull(s.readers[l.conn], got)
		if !bytes.Equal(got[:n], l.raw) && (n > 0 || err == nil) {
			s.t.Errorf("connection %d: the client says %q, want %q", l.conn, got[:n], l.raw)
		}
		return err == nil
	}
	return true
}

// replayed replays a recorded script against the servers of a live one. It must be called in a
// bubble.
func replayed(t *testing.T, recorded, live string, o Options) *Result {
	t.Helper()
	return replayedLog(t, record(t, recorded), live, o)
}

func replayedLog(t *testing.T, log Log, live string, o Options) *Result {
	t.Helper()
	var network memnet.Network
	stop := serve(t, &network, live)
	defer stop()
	plan, err := NewPlan(log)
	if err != nil {
		t.Fatal(err)
	}
	o.To, o.Dial = "10.9.0.1", network.DialContext
	if o.Password == nil {
		o.Password = passwords
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // of the bubble's time: a hang fails
	defer cancel()
	r, err := Run(ctx, plan, o)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return r
}

func passwords(handle string) (string, bool) {
	name, _, _ := strings.Cut(handle, "@")
	return name + "pw", true
}

// troubles returns the outcomes that are not as recorded, one a line: conn, verdict, command,
// differences.
func troubles(r *Result) string {
	var b strings.Builder
	for _, o := range r.Outcomes {
		if o.Good() {
			continue
		}
		fmt.Fprintf(&b, "%d %s %s", o.Conn, o.Verdict, o.Command)
		for _, d := range o.Diffs {
			fmt.Fprintf(&b, " [%s: want %s, got %s]", d.Field, d.Want, d.Got)
		}
		if o.Why != "" {
			fmt.Fprintf(&b, " (%s)", o.Why)
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}
