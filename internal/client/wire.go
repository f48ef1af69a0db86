package client

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// command is what a client sends. The arguments are as they go over the wire.
type command struct {
	verb    string
	args    []string
	payload []byte // nil for none
	bare    bool   // no TrID: OUT (§7.10)
}

func cmd(verb string, args ...string) command { return command{verb: verb, args: args} }

// call is a request that waits for its reply.
type call struct {
	verb string
	id   uint32
	// take is offered what has the call's TrID, on the goroutine that reads. The message is valid during the call only.
	take func(m *decode.Message) verdict
	done chan error // gets one value
}

// verdict is what a call makes of a message.
type verdict int

const (
	notMine verdict = iota // goes on to the receiver of the rest
	more                   // taken, and more will come
	done                   // taken, and the call is over
)

// wire is one connection: it numbers and writes commands, reads, and pairs replies with calls.
type wire struct {
	conn   net.Conn
	bareLF bool
	rest   func(*decode.Message) // gets what no call took, on the goroutine that reads

	sending chan struct{} // holds one token while a command is numbered and written: so TrIDs increase on the wire
	enc     decode.Encoder
	last    uint32 // the last TrID given

	mu    sync.Mutex
	calls []*call // oldest first, at most maxCalls
	err   error   // why the connection ended

	ended chan struct{} // closed when nothing more will be read
}

func newWire(conn net.Conn, bareLF bool) *wire {
	return &wire{conn: conn, bareLF: bareLF, sending: make(chan struct{}, 1), ended: make(chan struct{})}
}

// read is the connection's goroutine. It returns when the connection has ended, and leaves no call waiting.
func (w *wire) read() {
	r := decode.NewReader(decode.FromServer, dialect.MSNP2)
	var m decode.Message
	for {
		_, err := r.Fill(w.conn)
		for r.Next(&m) {
			w.receive(&m)
		}
		if err != nil {
			w.end(err)
			return
		}
	}
}

// end notes why the connection ended and wakes all who wait.
func (w *wire) end(err error) {
	_ = w.conn.Close() // it ends because of err, which says more
	w.mu.Lock()
	w.err = fmt.Errorf("%w: %w", ErrClosed, err)
	w.calls = nil
	w.mu.Unlock()
	close(w.ended)
}

// close ends the connection; read then returns.
func (w *wire) close() { _ = w.conn.Close() }

// receive gives a message to the call that it answers, else to rest.
func (w *wire) receive(m *decode.Message) {
	c := w.waiting(m)
	if c == nil {
		w.rest(m)
		return
	}
	if code := m.Verb.Code(); code != 0 {
		w.forget(c)
		c.done <- &ProtocolError{Code: code, Command: c.verb, Info: info(m)}
		return
	}
	switch c.take(m) {
	case done:
		w.forget(c)
		c.done <- nil
	case notMine:
		w.rest(m)
	}
}

// waiting returns the oldest call with the message's TrID. A reply without one, which some servers send for ANS, goes to the
// oldest call of its verb.
func (w *wire) waiting(m *decode.Message) *call {
	if m.Opaque() {
		return nil
	}
	verb := m.Verb.String()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if m.HasTrID && c.id == m.TrID || !m.HasTrID && c.verb == verb {
			return c
		}
	}
	return nil
}

func (w *wire) forget(c *call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = slices.DeleteFunc(w.calls, func(o *call) bool { return o == c })
}

// request sends a command and waits until take says that the reply is complete, the server answers with an error, the
// connection or ctx ends. After an error take may still be running: what it stores must not be looked at.
func (w *wire) request(ctx context.Context, co command, take func(*decode.Message) verdict) error {
	c := &call{verb: co.verb, take: take, done: make(chan error, 1)}
	if err := w.send(ctx, co, c); err != nil {
		return err
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		w.forget(c)
		return fmt.Errorf("%s: %w", co.verb, ctx.Err())
	case <-w.ended:
	}
	select {
	case err := <-c.done: // came together with the end
		return err
	default:
		return fmt.Errorf("%s: %w", co.verb, w.err)
	}
}

// ask is request for a reply of one message with one of the given verbs, which it returns.
func (w *wire) ask(ctx context.Context, co command, verbs ...string) (decode.Message, error) {
	var reply decode.Message
	err := w.request(ctx, co, func(m *decode.Message) verdict {
		if !slices.Contains(verbs, m.Verb.String()) {
			return notMine
		}
		reply = m.Clone()
		return done
	})
	if err != nil {
		return decode.Message{}, err
	}
	return reply, nil
}

// over reports whether nothing more will be read.
func (w *wire) over() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}
