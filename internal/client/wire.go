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

// command is a command to be sent. The arguments are given as on the wire.
type command struct {
	verb    string
	args    []string
	payload []byte // nil for none
	bare    bool   // has no TrID: OUT (§7.10)
}

func cmd(verb string, args ...string) command { return command{verb: verb, args: args} }

// call is a request that waits for its reply.
type call struct {
	verb string
	id   uint32
	// take is called, on the goroutine that reads, with each message that has the call's TrID. The
	// message is valid only during the call.
	take func(m *decode.Message) verdict
	done chan error // receives one value
}

// verdict is what a call's take decides about a message.
type verdict int

const (
	notMine verdict = iota // not part of the reply: passed to rest
	more                   // part of the reply, and more will come
	done                   // the last part of the reply
)

// wire is one connection: it numbers and writes commands, reads messages, and pairs replies with
// calls.
type wire struct {
	conn   net.Conn
	bareLF bool
	rest   func(*decode.Message) // called, on the goroutine that reads, with what no call took

	// Holds one token while a command is numbered and written, so that TrIDs increase on the wire.
	sending chan struct{}
	enc     decode.Encoder
	last    uint32 // the last TrID assigned

	mu    sync.Mutex
	calls []*call // the oldest first, at most maxCalls
	err   error   // why the connection ended

	ended chan struct{} // closed when nothing more will be read
}

func newWire(conn net.Conn, bareLF bool) *wire {
	return &wire{conn: conn, bareLF: bareLF, sending: make(chan struct{}, 1), ended: make(chan struct{})}
}

// read is the connection's goroutine. When it returns, the connection has ended and no call is
// waiting.
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

// end records why the connection ended and wakes all who wait.
func (w *wire) end(err error) {
	_ = w.conn.Close() // err, the cause, says more
	w.mu.Lock()
	w.err = fmt.Errorf("%w: %w", ErrClosed, err)
	w.calls = nil
	w.mu.Unlock()
	close(w.ended)
}

// close closes the connection, which makes read return.
func (w *wire) close() { _ = w.conn.Close() }

// receive passes a message to the call that it answers, or to rest if there is none.
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

// waiting returns the oldest call with the message's TrID, nil if there is none. A reply without a
// TrID, which some servers send to ANS, belongs to the oldest call of its verb.
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

// forget removes a call from those that wait.
func (w *wire) forget(c *call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = slices.DeleteFunc(w.calls, func(o *call) bool { return o == c })
}

// request sends a command and waits until take returns done, the server answers with an error, or
// the connection or ctx ends. After an error take may still be running: the caller must not read
// what it stores.
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
	case err := <-c.done: // came just before the end
		return err
	default:
		return fmt.Errorf("%s: %w", co.verb, w.err)
	}
}

// ask is request for a reply of a single message, with one of the given verbs, and returns it.
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

// over reports whether the connection has ended.
func (w *wire) over() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}
