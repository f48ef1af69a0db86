package proxy

import (
	"context"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// answerTime is how long a server may take to answer; then the next command is sent all the same.
const answerTime = time.Second

// pace spaces out commands to a server that takes what one read brings for one command: the next
// one leaves when the server has answered, or after a pause if it never answers that command. What
// the server says is never delayed. Its methods are safe for concurrent use, and do nothing on a
// nil pace.
type pace struct {
	pause time.Duration

	mu       sync.Mutex
	next     time.Time     // when the next command may leave at the latest
	answered chan struct{} // closed when it may leave before; nil: it may not
	row      *dialect.Row  // of the request whose answer is waited for, nil for none
	trid     uint32
	hasTrID  bool
}

// newPace returns nil for a pause of 0.
func newPace(pause time.Duration) *pace {
	if pause <= 0 {
		return nil
	}
	return &pace{pause: pause}
}

// wait blocks until the next command may leave, or ctx ends.
func (p *pace) wait(ctx context.Context) {
	if p == nil {
		return
	}
	p.mu.Lock()
	answered, left := p.answered, time.Until(p.next)
	p.mu.Unlock()
	if left <= 0 {
		return
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-answered:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// sends records that the command m is about to be written. row describes it; nil for one of no
// known form. It comes before the write, because the answer may arrive before the write returns.
func (p *pace) sends(row *dialect.Row, m *decode.Message) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.row, p.answered, p.next = nil, nil, time.Now().Add(p.pause)
	if row != nil && session.WantsAnswer(row, m) {
		p.row, p.trid, p.hasTrID = row, m.TrID, m.HasTrID
		p.answered, p.next = make(chan struct{}), time.Now().Add(answerTime)
	}
}

// sent records that the command has been written: the time until the next one begins now, unless
// the answer has come already.
func (p *pace) sent() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.row != nil:
		p.next = time.Now().Add(answerTime)
	case !p.next.IsZero():
		p.next = time.Now().Add(p.pause)
	}
}

// heard records a command of the server, which may be the awaited answer.
func (p *pace) heard(m *decode.Message) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.row == nil || m.HasTrID && p.hasTrID && m.TrID != p.trid || m.Verb.Code() == 0 && !p.row.AnsweredBy(m.Verb) {
		return
	}
	close(p.answered)
	p.row, p.answered, p.next = nil, nil, time.Time{}
}

// restart forgets what is awaited: the connection goes to another server.
func (p *pace) restart() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.row != nil {
		close(p.answered)
	}
	p.row, p.answered, p.next = nil, nil, time.Time{}
}

// paced returns the pace of the direction, nil for none.
func (s *receiver) paced() *pace {
	if s.dir == decode.FromServer {
		return nil
	}
	return s.c.pace
}

// sendPaced adds the items to the journal and writes them, each command in its turn. s.write is
// held.
func (s *receiver) sendPaced(items []passed, write func(out []byte) error) error {
	for i := range items {
		it := &items[i]
		if it.flags&session.Dropped == 0 && !s.part {
			s.c.pace.wait(s.c.ctx)
		}
		s.c.p.journal.add(s.c, items[i:i+1])
		if it.flags&session.Dropped != 0 {
			continue
		}
		s.c.sendsPaced(it.sent())
		if err := write(it.sent()); err != nil {
			return err
		}
		s.c.pace.sent()
	}
	return nil
}

// sendsPaced records that a command is about to be written.
func (c *Conn) sendsPaced(raw []byte) {
	info := c.Info()
	m := decode.Parse(raw, decode.FromClient, info.Table.At(info.Role))
	role := info.Role
	if role == 0 {
		role = dialect.Any
	}
	c.pace.sends(info.Table.Match(decode.FromClient, role, &m), &m)
}

// repeat sends the prelude to another upstream.
func (c *Conn) repeat(up *upstream) error {
	if c.pace == nil {
		_, err := up.Write(c.prelude)
		return err
	}
	r := decode.NewReader(decode.FromClient, c.grammar())
	r.Feed(c.prelude)
	var m decode.Message
	for r.Next(&m) {
		c.pace.wait(c.ctx)
		c.sendsPaced(m.Raw)
		if _, err := up.Write(m.Raw); err != nil {
			return err
		}
		c.pace.sent()
	}
	return nil
}
