package replay

import (
	"context"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/compare"
)

// expect waits for what stands for the recorded command e. At once it takes what is the same, and an answer to the same
// request about the same thing; anything else that might do is taken when nothing better came for a moment.
func (p *player) expect(ctx context.Context, c *peer, e *session.Event) error {
	want, later := p.next(c.id)
	deadline := time.Now().Add(c.patience(p.o.timeout()))
	for {
		p.drain()
		now := time.Now()
		i, rank := c.best(&want, later, p.compare)
		until := deadline
		if i >= 0 {
			until = earlier(until, c.pending[i].at.Add(p.o.settle()))
			if rank == compare.Exact || rank == compare.Strong && want.Answer() || c.closed || !now.Before(until) {
				p.accept(c, &want, i)
				return nil
			}
		} else if at, yes := c.overtaken(&want, later, p.compare); yes {
			until = earlier(until, at.Add(p.o.settle()))
		}
		switch {
		case c.closed && c.left && e.ReplyTo == 0:
			return nil // news that came too late here, and just in time there
		case c.closed:
			p.fail(c, e, c.cause)
			return nil
		case p.failed[e.ReplyTo]:
			p.fail(c, e, "its request was not sent")
			return nil
		case !now.Before(until):
			c.misses++
			p.lose(e)
			p.add(p.began(c, e, Missing))
			return nil
		}
		if err := p.receive(ctx, until); err != nil {
			return err
		}
	}
}

// next takes the connection's next expected command, and returns those that follow it.
func (p *player) next(conn int) (want compare.Key, later []compare.Key) {
	all := p.upcoming[conn]
	p.upcoming[conn] = all[1:]
	return all[0], all[1:]
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// accept takes the pending command i for the recorded one, compares them and learns from it.
func (p *player) accept(c *peer, want *compare.Key, i int) {
	got := c.remove(i)
	c.misses = min(c.misses, 1)
	e, live := want.Event(), got.key.Event()
	p.learn(e, live)
	diffs := append(compare.Message(e, live, p.compare), c.watch.Check(want, got.seq, p.compare)...)
	out := p.began(c, e, Same)
	if len(diffs) > 0 {
		out.Verdict, out.Diffs = Differs, printableDiffs(diffs)
		out.Got = printable(string(live.In.Line()))
	}
	out.LiveRTT = live.RTT
	p.add(out)
}

// began begins the outcome of a recorded command.
func (p *player) began(c *peer, e *session.Event, v Verdict) Outcome {
	out := outcome(c.id, c.plan, e.Dir, v)
	out.N, out.RecordedRTT = e.N, e.RTT
	out.Command = printable(string(e.In.Line()))
	return out
}

// fail gives a step up.
func (p *player) fail(c *peer, e *session.Event, why string) {
	if e.Dir == decode.FromClient {
		p.failed[e.N] = true
	} else {
		p.lose(e)
	}
	out := p.began(c, e, Failed)
	out.Why = printable(why)
	p.add(out)
}

// expectClose waits for the server to close the connection.
func (p *player) expectClose(ctx context.Context, c *peer, e *session.Event) error {
	deadline := time.Now().Add(c.patience(p.o.timeout()))
	for !c.closed && time.Now().Before(deadline) {
		if err := p.receive(ctx, deadline); err != nil {
			return err
		}
	}
	if c.conn == nil {
		return nil // it never was open: that was said
	}
	out := outcome(c.id, c.plan, decode.FromServer, Same)
	out.N, out.Command = e.N, "(closes)"
	if !c.closed {
		out.Verdict = Missing
	}
	p.surplus(c)
	p.add(out)
	return nil
}

// linger waits a moment for what else the server says before the client closes.
func (p *player) linger(ctx context.Context, c *peer) error {
	end := time.Now().Add(p.o.settle())
	for !c.closed && time.Now().Before(end) {
		if err := p.receive(ctx, end); err != nil {
			return err
		}
	}
	return nil
}

// surplus reports what came and belongs to no step.
func (p *player) surplus(c *peer) {
	for len(c.pending) > 0 {
		if first := &c.pending[0]; c.left && first.seq > c.heard && !first.key.Answer() {
			c.remove(0) // news that came just in time here, and too late there
			continue
		}
		p.extra(c)
	}
}

// extra reports the oldest command that belongs to no step.
func (p *player) extra(c *peer) {
	a := c.remove(0)
	out := outcome(c.id, c.plan, decode.FromServer, Extra)
	out.Command = printable(string(a.key.Event().In.Line()))
	p.add(out)
}
