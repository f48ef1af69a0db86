package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/compare"
)

// Caps of the commands of one connection that are kept for later steps; the oldest beyond them is a surplus one. No server
// says so much that was recorded in so different an order. Two payloads of the greatest size always have room.
const (
	maxPending      = 256
	maxPendingBytes = 4 << 20
)

// peer is one live connection, to the server that a recorded one went to. Only its reader runs beside the player.
type peer struct {
	id   int // the recorded connection's number
	plan *connPlan

	conn      net.Conn
	release   func() bool // ends the watch over the context
	sess      *session.Conn
	reader    *decode.Reader
	challenge string // the server's last one

	pending []arrived // what came and belongs to no step yet
	size    int       // its bytes
	came    int       // how many commands came
	watch   compare.Watch
	misses  int // expected commands in a row that did not come

	left   bool   // the client has said OUT (§7.10): it depends on who is quicker what news it still hears
	heard  int    // how many commands came before that
	absent bool   // it could not be opened, and its steps are passed over
	closed bool   // nothing more comes, nothing can be sent
	cause  string // why
}

// arrived is a command that the live server sent.
type arrived struct {
	key compare.Key
	at  time.Time
	seq int
}

// input is what one read brought.
type input struct {
	from *peer
	data []byte
	err  error
	at   time.Time
}

// begin makes c a live connection.
func (p *player) begin(ctx context.Context, c *peer, conn net.Conn, address string) {
	c.conn = conn
	c.release = context.AfterFunc(ctx, func() {
		_ = conn.SetDeadline(time.Unix(1, 0)) // an error means that it has ended already
	})
	client := ""
	if a := conn.LocalAddr(); a != nil {
		client = a.String()
	}
	c.sess, _ = p.graph.Open(time.Now(), client, address)
	c.sess.To(address, c.plan.role)
	c.reader = decode.NewReader(decode.FromServer, c.sess.Framing())
	p.readers.Add(1)
	go p.read(c, conn)
}

// read hands on what comes until the connection or the replay ends.
func (p *player) read(c *peer, conn net.Conn) {
	defer p.readers.Done()
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		select {
		case p.inbox <- input{c, bytes.Clone(buf[:n]), err, time.Now()}:
		case <-p.done:
			return
		}
		if err != nil {
			return
		}
	}
}

// receive waits for one input until the given time.
func (p *player) receive(ctx context.Context, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case in := <-p.inbox:
		p.take(in)
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// drain takes all input that is there.
func (p *player) drain() {
	for {
		select {
		case in := <-p.inbox:
			p.take(in)
		default:
			return
		}
	}
}

func (p *player) take(in input) {
	c := in.from
	if c.closed {
		return
	}
	var m decode.Message
	c.reader.Feed(in.data)
	for c.reader.Next(&m) {
		p.arrive(c, &m, in.at)
		c.reader.Grammar = c.sess.Framing()
	}
	if in.err == nil {
		return
	}
	for c.reader.Next(&m) || c.reader.Flush(&m) {
		p.arrive(c, &m, in.at)
	}
	if errors.Is(in.err, io.EOF) {
		c.end("the server closed the connection")
	} else {
		c.end(fmt.Sprintf("read from the server: %v", in.err))
	}
}

// arrive keeps one command for the step that expects it.
func (p *player) arrive(c *peer, m *decode.Message, at time.Time) {
	e := c.sess.Track(decode.FromServer, m, at)
	if e.Row != nil {
		if challenge := e.Row.Find(&e.In, dialect.Secret); challenge != nil {
			c.challenge = string(challenge)
		}
	}
	for len(c.pending) > 0 && (len(c.pending) >= maxPending || c.size+len(m.Raw) > maxPendingBytes) {
		p.extra(c)
	}
	c.came++
	c.size += len(m.Raw)
	c.pending = append(c.pending, arrived{compare.KeyOf(e), at, c.came})
}

// end marks the connection as ended; the first cause stays.
func (c *peer) end(cause string) {
	if !c.closed {
		c.closed, c.cause = true, cause
	}
}

// leave closes the connection from this side.
func (c *peer) leave() {
	c.end("this side had closed the connection")
	if c.conn != nil {
		c.release()
		_ = c.conn.Close() // nothing depends on how it ends
		c.conn = nil
	}
}

// patience returns how long an expected command is waited for.
func (c *peer) patience(timeout time.Duration) time.Duration {
	switch {
	case c.misses == 0:
		return timeout
	case c.misses < 5:
		return timeout / 10
	}
	return timeout / 100
}

// remove takes the command i out of pending.
func (c *peer) remove(i int) arrived {
	a := c.pending[i]
	c.pending = slices.Delete(c.pending, i, i+1)
	c.size -= len(a.key.Event().In.Raw)
	return a
}

// best returns the index in pending of what can best stand for want, -1 for nothing. What fits a later step better is left
// to it.
func (c *peer) best(want *compare.Key, later []compare.Key, o compare.Options) (int, compare.Rank) {
	found, rank := -1, compare.Unrelated
	for i := range c.pending {
		got := &c.pending[i].key
		if r := want.Rank(got, o); r > rank && !fitsBetter(got, r, later, o) {
			found, rank = i, r
		}
	}
	return found, rank
}

func fitsBetter(got *compare.Key, rank compare.Rank, later []compare.Key, o compare.Options) bool {
	for i := range later {
		if later[i].Rank(got, o) > rank {
			return true
		}
	}
	return false
}

// overtaken reports when an answer came that the recording has only after want: servers answer in order, so that want will
// hardly come any more.
func (c *peer) overtaken(want *compare.Key, later []compare.Key, o compare.Options) (time.Time, bool) {
	if !want.Answer() {
		return time.Time{}, false
	}
	for i := range c.pending {
		got := &c.pending[i].key
		if got.Answer() && fitsBetter(got, compare.Weak, later, o) {
			return c.pending[i].at, true
		}
	}
	return time.Time{}, false
}
