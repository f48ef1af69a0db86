package conformance

import (
	"net"
	"strings"
	"sync"
	"time"
)

// peer is one connection of a script. A goroutine reads all that comes.
type peer struct {
	net.Conn
	name   string
	expect bool // that it is closed is known to the script

	mu     sync.Mutex
	in     []byte        // what came
	seen   int           // how much of it the script has looked at
	closed bool          // nothing more will come
	news   chan struct{} // holds a token when one of these changed
}

func newPeer(name string, nc net.Conn) *peer {
	p := &peer{Conn: nc, name: name, news: make(chan struct{}, 1)}
	go p.read()
	return p
}

func (p *peer) read() {
	buf := make([]byte, 4096)
	for {
		n, err := p.Conn.Read(buf)
		p.mu.Lock()
		p.in = append(p.in, buf[:n]...)
		p.closed = err != nil
		p.mu.Unlock()
		select {
		case p.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// unread returns what the script has not looked at, and whether that is all that will come.
func (p *peer) unread() (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.in[p.seen:]), p.closed
}

func (p *peer) skip(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen += n
}

// all returns everything that came.
func (p *peer) all() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.in)
}

// await returns when enough says that what is unread is enough, when nothing more can come, or after that time.
func (p *peer) await(patience time.Duration, enough func(unread string, closed bool) bool) {
	if patience == 0 {
		return
	}
	late := time.After(patience)
	for {
		unread, closed := p.unread()
		if closed || enough(unread, closed) {
			return
		}
		select {
		case <-p.news:
		case <-late:
			return
		}
	}
}

// user returns the name of the user whose connection it is.
func (p *peer) user() string { return userOf(p.name) }

func userOf(conn string) string {
	user, _, _ := strings.Cut(conn, ".")
	return user
}
