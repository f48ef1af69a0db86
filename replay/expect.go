package replay

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/compare"
	"github.com/msnscope/msnscope/internal/redact"
)

// expect waits for the live counterpart of the recorded command e. It accepts at once a command
// that is the same, and an answer to the same request about the same thing; any other candidate
// only when nothing better came for a moment.
func (p *player) expect(ctx context.Context, c *liveConn, s *step, e *session.Event) error {
	rest := p.next(s)
	var want *compare.Key
	var begun time.Time
	for {
		p.drain()
		if i := c.exact(e.In.Raw); i >= 0 {
			p.acceptExact(c, s, e, i)
			return nil
		}
		if want == nil {
			key := compare.KeyOf(e)
			want, begun = &key, time.Now()
		}
		until, done := p.look(c, s, want, rest, begun)
		if done {
			return nil
		}
		if err := p.receive(ctx, until); err != nil {
			return err
		}
	}
}

// look compares what has arrived with the command of step s, which has been waited for since begun.
// It reports whether the step is done, and if not until when to wait for more.
func (p *player) look(
	c *liveConn, s *step, want *compare.Key, rest *queue, begun time.Time,
) (until time.Time, done bool) {
	e, now := want.Event(), time.Now()
	until = p.deadline(c, s, begun)
	i, rank := p.best(c, want, rest)
	if i >= 0 {
		until = earlier(until, later(c.pending[i].event.Time, begun).Add(p.o.settle()))
		if rank == compare.Exact || rank == compare.Strong && want.Answer() || c.closed || !now.Before(until) {
			p.accept(c, s, want, i)
			return until, true
		}
	} else if at, yes := p.overtaken(c, want, rest); yes {
		until = earlier(until, later(at, begun).Add(p.o.settle()))
	}
	free := p.free(c, s)
	switch {
	case free && (c.closed && (c.left || c.half) || !c.closed && !now.Before(until)):
		p.lose(e)
		p.pardon(c, e)
	case c.closed && c.conn != nil && p.isLast(s): // the end is as recorded
		p.lose(e)
		p.add(p.began(c, e, Missing))
	case c.closed:
		p.fail(c, e, c.cause)
	case p.failed[e.ReplyTo]:
		p.fail(c, e, "its request was not sent")
	case !now.Before(until):
		c.misses++
		p.lose(e)
		p.add(p.began(c, e, Missing))
	default:
		return until, false
	}
	return until, true
}

// isLast reports whether nothing but the end of the connection follows the step.
func (p *player) isLast(s *step) bool {
	for i := p.now + 1; i < len(p.circle.steps); i++ {
		if next := &p.circle.steps[i]; next.conn == s.conn {
			return slices.Contains([]action{closeServer, closeClient, shutServer, shutClient}, next.do)
		}
	}
	return false
}

// free reports whether it is a matter of chance that the command of a step comes: news of another
// user after the client's last word or half-close, or when that user acted just then, and a
// presence that a later one overtakes.
func (p *player) free(c *liveConn, s *step) bool {
	switch {
	case s.is&answers == 0 && c.left, p.plan.wants[int(s.index)].optional:
		return true
	case s.is&news == 0:
		return false
	}
	return c.half || p.circle.racing(s.conn, s.about, int32(p.now), false) || p.merged(s)
}

// merged reports whether a later presence of the same user follows, before any client says more:
// servers that batch such news send only the latest.
func (p *player) merged(s *step) bool {
	if s.is&present == 0 {
		return false
	}
	for i := p.now + 1; i < len(p.circle.steps); i++ {
		switch next := &p.circle.steps[i]; {
		case next.do == send || next.do == open:
			return false
		case next.conn == s.conn && next.about == s.about && next.is&present != 0:
			return true
		}
	}
	return false
}

// deadline returns until when the command of a step is waited for.
func (p *player) deadline(c *liveConn, s *step, begun time.Time) time.Time {
	if p.circle.racing(s.conn, s.about, int32(p.now), false) && s.is&news != 0 || p.plan.wants[int(s.index)].optional {
		return begun.Add(p.o.settle())
	}
	until := begun.Add(c.patience(p.o.timeout()))
	if p.o.Speed > 0 && !p.sent.IsZero() {
		wait := min(time.Duration(s.at-p.sentAt), maxPause) + p.o.late()
		until = later(until, p.sent.Add(wait))
	}
	return until
}

// maxPause is the longest recorded pause before a command of the server that a replay waits for.
const maxPause = time.Minute

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// acceptExact takes pending command i, which has the bytes of the recorded one.
func (p *player) acceptExact(c *liveConn, s *step, e *session.Event, i int) {
	live := c.pending[i].event
	if p.o.Brief && i == 0 && c.pending[i].seq >= c.watched && p.o.Speed <= 0 {
		c.remove(i)
		c.misses = min(c.misses, 1)
		p.learn(e, live)
		p.count(Same)
		return
	}
	want := compare.KeyOf(e)
	p.accept(c, s, &want, i)
}

// accept takes pending command i as the counterpart of the recorded one, compares them and learns
// from it.
func (p *player) accept(c *liveConn, s *step, want *compare.Key, i int) {
	got := c.remove(i)
	c.misses = min(c.misses, 1)
	e, live := want.Event(), got.event
	p.learn(e, live)
	diffs := compare.Message(e, live, p.compare)
	if s.is&news != 0 && e.In.Verb == live.In.Verb && e.In.Payload() == nil &&
		p.circle.racing(s.conn, 0, int32(p.now), false) {
		diffs = nil // how many there were already, say
	}
	if i > 0 || got.seq < c.watched { // else it is in order, and nothing can come before it any more
		diffs = append(diffs, c.watch.Check(want, got.seq, p.compare)...)
		c.watched = max(c.watched, got.seq)
	}
	diffs = p.wanted(s, diffs)
	verdict := Same
	if late := p.lateness(s, live.Time); len(late) > 0 {
		diffs, verdict = append(diffs, late...), Late
	}
	if len(diffs) > 0 && (verdict != Late || len(diffs) > 1) {
		verdict = Differs
	}
	if verdict == Same && p.o.Brief {
		p.count(Same)
		return
	}
	out := p.began(c, e, verdict)
	if len(diffs) > 0 {
		out.Diffs = printableDiffs(diffs)
		out.Got = printable(redact.Line(&live.In, live.Row))
	}
	out.LiveRTT = live.RTT
	p.add(out)
}

// wanted returns the differences that count for a command of a scenario: none of an argument that
// is a word in braces there, and no order where any is right.
func (p *player) wanted(s *step, diffs []compare.Diff) []compare.Diff {
	w, is := p.plan.wants[int(s.index)]
	if !is || len(diffs) == 0 {
		return diffs
	}
	e := p.plan.log.At(int(s.index))
	pattern := decode.Parse([]byte(w.pattern), e.Dir, session.Table(e.Dialect).At(e.Role))
	return slices.DeleteFunc(diffs, func(d compare.Diff) bool {
		if d.Field == compare.FieldOrder && w.anyOrder {
			return true
		}
		for i := range pattern.NumArgs() {
			if name := argumentName(e, i); name == d.Field && wordForm.Match(pattern.Arg(i)) {
				return true
			}
		}
		return false
	})
}

// argumentName returns the name of an argument as differences have it.
func argumentName(e *session.Event, i int) string {
	if e.Row != nil {
		if a, ok := e.Row.Arg(i); ok {
			return a.Name
		}
	}
	return fmt.Sprintf("argument %d", i+1)
}

// pardon reports a command that did not come, and need not, as Free.
func (p *player) pardon(c *liveConn, e *session.Event) {
	if p.o.Brief {
		p.count(Free)
		return
	}
	out := p.began(c, e, Free)
	out.Why = "it crossed with what somebody else did, or with a later one, and need not come"
	p.add(out)
}

// began returns the outcome for a recorded command, which the caller completes.
func (p *player) began(c *liveConn, e *session.Event, v Verdict) Outcome {
	out := outcome(c.id, c.plan, e.Dir, v)
	out.N, out.RecordedRTT, out.Request = e.N, e.RTT, e.ReplyTo
	if e.Dir == decode.FromClient {
		out.Request = e.N
	}
	out.Command = printable(redact.Line(&e.In, e.Row))
	if e.ReplyTo == 0 && e.Dir == decode.FromServer && e.Row != nil {
		out.contact = printable(string(e.Row.Find(&e.In, dialect.Handle)))
	}
	return out
}

// fail reports a step as failed.
func (p *player) fail(c *liveConn, e *session.Event, why string) {
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
func (p *player) expectClose(ctx context.Context, c *liveConn, e *session.Event) error {
	deadline := time.Now().Add(c.patience(p.o.timeout()))
	for !c.closed && time.Now().Before(deadline) {
		if err := p.receive(ctx, deadline); err != nil {
			return err
		}
	}
	if c.conn == nil {
		return nil // it was never open, which another outcome has reported
	}
	out := outcome(c.id, c.plan, decode.FromServer, Same)
	out.N, out.Command = e.N, closes
	if !c.closed {
		out.Verdict = Missing
	}
	p.surplus(c)
	if p.o.Brief && out.Verdict == Same {
		p.count(Same)
		return nil
	}
	p.add(out)
	return nil
}

// shut half-closes the connection from the client's side, after a moment for what else the server
// sends to a client that still speaks. A connection that cannot be half-closed stays open until it
// is closed.
func (p *player) shut(ctx context.Context, c *liveConn) error {
	if err := p.linger(ctx, c); err != nil {
		return err
	}
	c.half = c.halfClose()
	return nil
}

// halfClose ends the client's side of the connection. It reports whether that is possible.
func (c *liveConn) halfClose() bool {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if ok {
		_ = half.CloseWrite() // one that is gone says no more either
	}
	return ok
}

// hangUp ends the client's side of a connection that the client closed, and waits a moment for the
// server to close it too: then the server has noticed.
func (p *player) hangUp(ctx context.Context, c *liveConn, s *step) error {
	if err := p.pace(ctx, s); err != nil {
		return err
	}
	if !c.left && !c.closed {
		if err := p.linger(ctx, c); err != nil {
			return err
		}
	}
	c.parts()
	c.hung = s.at
	if c.conn != nil && c.halfClose() {
		return p.linger(ctx, c)
	}
	return nil
}

// linger waits a moment for what else the server says.
func (p *player) linger(ctx context.Context, c *liveConn) error {
	end := time.Now().Add(p.o.settle())
	for !c.closed && time.Now().Before(end) {
		if err := p.receive(ctx, end); err != nil {
			return err
		}
	}
	return nil
}

// surplus reports the commands that belong to no step. It leaves out news that came because it
// crossed with something, and what came just in time although it was too late in the recording, or
// the other way round.
func (p *player) surplus(c *liveConn) {
	for len(c.pending) > 0 {
		first := &c.pending[0]
		if !c.plan.spoke { // the recording does not show what the server should say
			c.remove(0)
			continue
		}
		late := c.left && first.seq > c.heard && !first.answer() && first.event.In.Verb != c.last
		if late || c.tooLate(first) || p.chance(c, first) {
			c.remove(0)
			continue
		}
		p.extra(c)
	}
}

// tooLate reports whether a command is the answer to a request after which the recorded client hung
// up at once, without waiting for one.
func (c *liveConn) tooLate(a *arrived) bool {
	at, open := c.open[a.event.In.TrID]
	return open && a.answer() && c.hung != 0 && c.hung-at <= int64(time.Second)
}

// chance reports whether a command that nobody expected is news that is a matter of chance.
func (p *player) chance(c *liveConn, a *arrived) bool {
	if a.event.Row == nil || p.plan.among == nil {
		return false
	}
	switch a.event.Row.Effect(a.event.Role) {
	case dialect.ContactPresent, dialect.ContactGone, dialect.IsThere, dialect.Leaves:
	default:
		return false
	}
	who := p.plan.among.known(a.event.Row.Find(&a.event.In, dialect.Handle))
	return who != 0 && p.circle.racing(int32(c.id), who, int32(a.step), true)
}

// extra reports the oldest command that belongs to no step.
func (p *player) extra(c *liveConn) {
	a := c.remove(0)
	out := outcome(c.id, c.plan, decode.FromServer, Extra)
	out.Command = printable(redact.Line(&a.event.In, a.event.Row))
	p.add(out)
}
