package conformance

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// maxReceived is how many bytes may come on one connection of a case: no case needs a fiftieth of
// it, and a server that sends without end must not fill the memory.
const maxReceived = 1 << 20

// scriptConn is one connection of a script. A goroutine reads all that comes.
type scriptConn struct {
	net.Conn
	name   string
	expect bool   // the script expects it to be closed
	asked  string // verb of the command that was sent last
	inside bool   // what was sent last did not end its line
	// segments is the cause to report if the server cannot cope with how the last commands were
	// split into segments, "" where each had one of its own; heard is whether anything has been
	// answered since.
	segments string
	heard    bool

	mu      sync.Mutex
	in      []byte        // what came
	seen    int           // how much of it the script has consumed
	closed  bool          // nothing more will come
	flooded bool          // because too much came
	news    chan struct{} // holds a token when one of these fields has changed
}

func newScriptConn(name string, nc net.Conn) *scriptConn {
	p := &scriptConn{Conn: nc, name: name, asked: verb(""), news: make(chan struct{}, 1)}
	go p.read()
	return p
}

func (p *scriptConn) read() {
	buf := make([]byte, 4096)
	for {
		n, err := p.Conn.Read(buf)
		p.mu.Lock()
		p.in = append(p.in, buf[:n]...)
		p.flooded = len(p.in) > maxReceived
		p.closed = err != nil || p.flooded
		end := p.closed
		p.mu.Unlock()
		select {
		case p.news <- struct{}{}:
		default:
		}
		if end {
			return
		}
	}
}

// write sends bytes in one segment, and records which command they begin.
func (p *scriptConn) write(bytes string, patience time.Duration) error {
	if !p.inside {
		p.asked = verb(bytes)
	}
	p.inside = !strings.HasSuffix(bytes, "\n")
	if patience > 0 {
		// a connection without deadlines needs none
		_ = p.SetWriteDeadline(time.Now().Add(patience))
	}
	_, err := io.WriteString(p.Conn, bytes)
	return err
}

// shape records how commands are split into segments.
func (p *scriptConn) shape(segments []string) {
	p.segments, p.heard = "", false
	for _, s := range segments {
		if line, more, _ := strings.Cut(s, "\n"); more != "" && verb(line) != "MSG" {
			p.segments = several
		}
	}
	if len(segments) > 1 && p.segments == "" {
		p.segments = pieces
	}
}

// These are the causes for servers that cannot cope with how commands are split into segments.
const (
	several = "several commands in one segment are not all answered"
	pieces  = "a command in several segments is not answered"
)

// unread returns what the script has not consumed, and whether nothing more will come.
func (p *scriptConn) unread() (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.in[p.seen:]), p.closed
}

// skip consumes n bytes.
func (p *scriptConn) skip(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen += n
}

// offset returns how many bytes the script has consumed.
func (p *scriptConn) offset() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// since returns what came from the offset on.
func (p *scriptConn) since(offset int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.in[offset:])
}

// all returns everything that came.
func (p *scriptConn) all() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.in)
}

// overflow returns a deviation if too much came on the connection, else nil.
func (p *scriptConn) overflow() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.flooded {
		return nil
	}
	return deviates("the server sends too much",
		"%s: more than %d bytes came, at the end %s", p.name, maxReceived, quote(string(p.in[len(p.in)-100:])))
}

// await waits until enough returns true, nothing more can come, the deadline passes or ctx ends. A
// zero deadline means that everything is here already.
func (p *scriptConn) await(ctx context.Context, deadline time.Time, enough func() bool) {
	if deadline.IsZero() {
		return
	}
	late := time.After(time.Until(deadline))
	for !p.over() && !enough() {
		select {
		case <-p.news:
		case <-late:
			return
		case <-ctx.Done():
			return
		}
	}
}

// over reports whether nothing more can come.
func (p *scriptConn) over() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// line returns the next line without its end, and whether it is complete.
func (p *scriptConn) line() (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	line, _, whole := bytes.Cut(p.in[p.seen:], []byte("\r\n"))
	if !whole {
		return "", false
	}
	return string(line), true
}

// has reports whether at least n bytes are unread.
func (p *scriptConn) has(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.in)-p.seen >= n
}

// user returns the name of the connection's user.
func (p *scriptConn) user() string { return userOf(p.name) }

func userOf(conn string) string {
	user, _, _ := strings.Cut(conn, ".")
	return user
}
