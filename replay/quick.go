package replay

import (
	"bytes"
	"context"
	"time"

	"github.com/msnscope/msnscope/decode"
)

// quick plays a step without reading its event from the log, as is possible for most steps when the
// outcomes of what went as recorded are not wanted: a plain command is sent, or has arrived with
// the recorded bytes in the recorded order. It reports whether that completed the step; if not it
// has only waited.
func (p *player) quick(ctx context.Context, c *liveConn, s *step) (done bool, err error) {
	if !p.o.Brief || s.length == 0 || p.o.Speed > 0 || c == nil || c.conn == nil || c.closed {
		return false, nil
	}
	p.drain()
	switch {
	case c.closed:
		return false, nil
	case s.do == send && p.o.Step == nil && s.is&leaves == 0 && s.is&answered != 0:
		return p.quickSend(c, s), nil
	case s.do == expect && s.is&itself == 0:
		if len(c.pending) == 0 {
			if err := p.receive(ctx, time.Now().Add(p.o.settle())); err != nil {
				return false, err
			}
		}
		return p.quickExpect(c, s), nil
	}
	return false, nil
}

// quickSend sends a plain command. It reports false if that failed, before anything was sent.
func (p *player) quickSend(c *liveConn, s *step) bool {
	raw := p.plan.raw(s)
	m := decode.Parse(raw, decode.FromClient, c.sess.Framing())
	now := time.Now()
	if c.conn.SetWriteDeadline(now.Add(p.o.timeout())) != nil {
		return false
	}
	p.sent, p.sentAt = now, s.at
	p.track(c, decode.FromClient, &m, now)
	if _, err := c.conn.Write(raw); err != nil {
		e := p.plan.log.At(int(s.index))
		c.end("write to the server: " + err.Error())
		p.fail(c, e, c.cause)
		return true
	}
	p.count(Sent)
	return true
}

// quickExpect takes the first command that has arrived, if its bytes are those of the step.
func (p *player) quickExpect(c *liveConn, s *step) bool {
	if len(c.pending) == 0 || c.pending[0].seq < c.watched || !bytes.Equal(c.pending[0].event.In.Raw, p.plan.raw(s)) {
		return false
	}
	p.next(s)
	c.remove(0)
	c.misses = min(c.misses, 1)
	p.count(Same)
	return true
}
