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

// Caps of the commands of one connection that are kept for later steps; beyond them the oldest one
// counts as extra. No server sends so many in an order that differs so much from the recorded one.
// Two payloads of the greatest size always have room.
const (
	maxPending      = 256
	maxPendingBytes = 4 << 20
)

// liveConn is one live connection, to the server to which a recorded one went. Only its reader runs
// concurrently with the player, which owns all fields.
type liveConn struct {
	id   int // the recorded connection's number
	plan *connPlan

	address   string // the live server's
	conn      net.Conn
	release   func() bool // stops watching the context
	sess      *session.Conn
	reader    *decode.Reader
	challenge string // the last one that the server sent

	pending []arrived // commands that arrived and belong to no step yet
	size    int       // bytes in pending
	came    int       // commands that arrived
	watch   compare.Watch
	watched int // seq of the latest command that watch knows
	misses  int // number of expected commands in a row that did not come

	// left is whether the client has said OUT (§7.10) or hung up: which news it still gets depends
	// on who is quicker.
	left  bool
	heard int         // commands that had arrived by then
	last  decode.Verb // the client's last word, which may have an answer without a TrID
	// open has the requests to which no answer was recorded: when they were sent then, by TrID.
	// hung is when the client closed the connection then.
	open   map[uint32]int64
	hung   int64
	absent bool // it could not be opened, and its steps are skipped
	// unreached is whether that is so because nobody took a connection at Options.To: for this one,
	// or for one that brought the referral it would have followed.
	unreached bool
	shut      bool   // the recorded server has half-closed it
	half      bool   // the client has half-closed it
	closed    bool   // nothing more arrives; nothing can be sent unless shut
	cause     string // why it is closed
}

// arrived is a command that the live server sent.
type arrived struct {
	event *session.Event
	key   *compare.Key // nil until it is needed
	seq   int
	step  int // the step that was played when it arrived
}

// keyed returns the key of the command.
func (a *arrived) keyed() *compare.Key {
	if a.key == nil {
		key := compare.KeyOf(a.event)
		a.key = &key
	}
	return a.key
}

// answer reports whether the command is an answer: whether it has a TrID other than 0.
func (a *arrived) answer() bool { return a.event.In.HasTrID && a.event.In.TrID != 0 }

// input is the result of one read.
type input struct {
	from *liveConn
	conn net.Conn // on which it came: from may have had another one before
	data []byte
	err  error
	at   time.Time
}

// begin makes conn the connection of c and starts its reader.
func (p *player) begin(ctx context.Context, c *liveConn, conn net.Conn, address string) {
	c.conn, c.address = conn, address
	c.release = context.AfterFunc(ctx, func() {
		_ = conn.SetDeadline(time.Unix(1, 0)) // an error means that it has ended already
	})
	client := ""
	if a := conn.LocalAddr(); a != nil {
		client = a.String()
	}
	p.mu.Lock()
	p.result.Opened++
	var opened *session.Event
	c.sess, opened = p.graph.Open(time.Now(), client, address)
	c.sess.To(address, c.plan.role)
	p.publish(opened)
	p.mu.Unlock()
	c.reader = decode.NewReader(decode.FromServer, c.sess.Framing())
	p.readers.Add(1)
	go p.read(c, conn)
}

// read passes on what arrives until the connection or the replay ends.
func (p *player) read(c *liveConn, conn net.Conn) {
	defer p.readers.Done()
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		select {
		case p.inbox <- input{c, conn, bytes.Clone(buf[:n]), err, time.Now()}:
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

// drain handles all input that has arrived, but not what comes meanwhile: a server that talks
// without end must not keep a step from its deadline.
func (p *player) drain() {
	for range len(p.inbox) {
		p.take(<-p.inbox)
	}
}

func (p *player) take(in input) {
	c := in.from
	if c.closed || in.conn != c.conn {
		return
	}
	frame(c.reader, c.sess, in.data, in.err != nil, func(m *decode.Message) { p.arrive(c, m, in.at) })
	if in.err == nil {
		return
	}
	if errors.Is(in.err, io.EOF) {
		c.end("the server closed the connection")
	} else {
		c.end(fmt.Sprintf("read from the server: %v", in.err))
	}
}

// frame gives each command that a read completes to take, and at the end of the stream what is left
// of an incomplete one too.
func frame(r *decode.Reader, c *session.Conn, data []byte, end bool, take func(*decode.Message)) {
	var m decode.Message
	r.Feed(data)
	for r.Next(&m) || end && r.Flush(&m) {
		take(&m)
		r.Grammar = c.Framing()
	}
}

// track makes an event of a live command.
func (p *player) track(c *liveConn, dir decode.Dir, m *decode.Message, at time.Time) *session.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := c.sess.Track(dir, m, at)
	p.publish(e)
	return e
}

// arrive adds one command to pending, for the step that expects it.
func (p *player) arrive(c *liveConn, m *decode.Message, at time.Time) {
	e := p.track(c, decode.FromServer, m, at)
	if e.Row != nil && e.Row.Kinds()&secrets != 0 {
		if challenge := e.Row.Find(&e.In, dialect.Secret); challenge != nil {
			c.challenge = string(challenge)
		}
	}
	for len(c.pending) > 0 && (len(c.pending) >= maxPending || c.size+len(m.Raw) > maxPendingBytes) {
		p.extra(c)
	}
	c.came++
	c.size += len(m.Raw)
	c.pending = append(c.pending, arrived{event: e, seq: c.came, step: p.now})
}

var secrets = dialect.KindsOf(dialect.Secret)

// end marks the connection as ended; the first cause is kept.
func (c *liveConn) end(cause string) {
	if !c.closed {
		c.closed, c.cause = true, cause
	}
}

// leave closes the connection.
func (p *player) leave(c *liveConn) {
	by := "closed by the client"
	if c.closed {
		by = "closed by the server"
	}
	c.end("this side had closed the connection")
	if c.conn == nil {
		return
	}
	c.release()
	_ = c.conn.Close() // nothing depends on how it ends
	c.conn = nil
	p.mu.Lock()
	defer p.mu.Unlock()
	p.publish(c.sess.Close(time.Now(), by))
}

// patience returns how long to wait for an expected command.
func (c *liveConn) patience(timeout time.Duration) time.Duration {
	switch {
	case c.misses == 0:
		return timeout
	case c.misses < 5:
		return timeout / 10
	}
	return timeout / 100
}

// remove takes the command i out of pending.
func (c *liveConn) remove(i int) arrived {
	a := c.pending[i]
	c.pending = slices.Delete(c.pending, i, i+1)
	c.size -= len(a.event.In.Raw)
	return a
}

// queue is the commands that a connection expects, in their order.
type queue struct {
	steps []int32
	keys  map[int32]*compare.Key // of those that were looked at
}

// expectLater adds a step to the queue of its connection, if it expects a command.
func (p *player) expectLater(s *step, i int) {
	if s.do != expect {
		return
	}
	q := p.upcoming[s.conn]
	if q == nil {
		q = &queue{}
		p.upcoming[s.conn] = q
	}
	q.steps = append(q.steps, int32(i))
}

// next removes the next expected command of the connection, which is that of step s, and returns
// those that follow it.
func (p *player) next(s *step) *queue {
	q := p.upcoming[s.conn]
	delete(q.keys, q.steps[0])
	q.steps = q.steps[1:]
	return q
}

// key returns the key of an expected command.
func (p *player) key(q *queue, at int32) *compare.Key {
	if key := q.keys[at]; key != nil {
		return key
	}
	if q.keys == nil {
		q.keys = map[int32]*compare.Key{}
	}
	key := compare.KeyOf(p.plan.log.At(int(p.circle.steps[at].index)))
	q.keys[at] = &key
	return &key
}

// exact returns the index in pending of the first command with these very bytes, -1 if there is
// none.
func (c *liveConn) exact(raw []byte) int {
	for i := range c.pending {
		if bytes.Equal(c.pending[i].event.In.Raw, raw) {
			return i
		}
	}
	return -1
}

// best returns the index in pending of the command that matches want best, and how well; -1 if none
// does. A command that matches a later step better is left for that step.
func (p *player) best(c *liveConn, want *compare.Key, later *queue) (int, compare.Rank) {
	found, rank := -1, compare.Unrelated
	for i := range c.pending {
		got := c.pending[i].keyed()
		r := want.Rank(got, p.compare)
		if r > rank && (r == compare.Exact || !p.fitsBetter(got, r, later)) {
			found, rank = i, r
		}
	}
	return found, rank
}

func (p *player) fitsBetter(got *compare.Key, rank compare.Rank, later *queue) bool {
	for _, at := range later.steps[:min(len(later.steps), lookahead)] {
		if p.key(later, at).Rank(got, p.compare) > rank {
			return true
		}
	}
	return false
}

// overtaken returns when an answer arrived that comes after want in the recording, and whether one
// did. Servers answer in order, so want will hardly come any more then.
func (p *player) overtaken(c *liveConn, want *compare.Key, later *queue) (time.Time, bool) {
	if !want.Answer() {
		return time.Time{}, false
	}
	for i := range c.pending {
		if c.pending[i].answer() && p.fitsBetter(c.pending[i].keyed(), compare.Weak, later) {
			return c.pending[i].event.Time, true
		}
	}
	return time.Time{}, false
}
