package replay

import (
	"context"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

const (
	// lag is the time by which Follow trails the log: within it a client usually acts on a
	// referral, which decides to which referral the next connection belongs.
	lag = 500 * time.Millisecond
	// glance is the time between two looks for new events.
	glance = 50 * time.Millisecond
	// maxKnown is how many cookies, referrals and logons are remembered, and how many completed
	// steps are kept.
	maxKnown = 1 << 14
)

// Follow plays a log that grows, a moment after its events, until ended is closed and everything
// that the log then has is played, or until ctx ends: another server gets what the clients sent,
// and its answers are compared. The result has only the counts of the outcomes; Options.Report gets
// all of them, including the failure of a logon whose password is unknown. Follow tries to open
// each connection of the log; of one that it cannot open nothing is compared, see
// [Result.Unopened]. The error is that of ctx.
func Follow(ctx context.Context, log Log, ended <-chan struct{}, o Options) (*Result, error) {
	f := newFollower(log, o)
	err := f.follow(ctx, ended)
	f.player.close()
	return &f.player.result, err
}

func newFollower(log Log, o Options) *follower {
	plan := emptyPlan(log)
	plan.grows = true
	c := &circle{}
	plan.circles = []*circle{c}
	f := &follower{player: newPlayer(newRun(plan, o), c), survey: newSurveyor(plan), opened: map[int]bool{}}
	f.result.countsOnly = true
	return f
}

// follower extends a plan and plays it at the same time.
type follower struct {
	*player
	survey   *surveyor
	surveyed int // events
	planned  int // events
	opened   map[int]bool
}

func (f *follower) follow(ctx context.Context, ended <-chan struct{}) error {
	for {
		over := false
		select {
		case <-ended:
			over = true
		default:
		}
		f.extend(over)
		if err := f.playOn(ctx); err != nil {
			return err
		}
		if over && f.planned == f.plan.log.Len() {
			return f.finish(ctx)
		}
		if err := f.receive(ctx, time.Now().Add(glance)); err != nil {
			return err
		}
	}
}

// extend adds steps for the events that are old enough, or for all of them if over says that there
// will be no more.
func (f *follower) extend(over bool) {
	log, now := f.plan.log, time.Now()
	for n := log.Len(); f.surveyed < n; f.surveyed++ {
		f.survey.take(f.surveyed, log.At(f.surveyed))
	}
	for ; f.planned < f.surveyed; f.planned++ {
		e := log.At(f.planned)
		if !over && now.Sub(e.Time) < lag {
			return
		}
		f.add(f.planned, e)
	}
}

// add adds the step of one event, if it has one. Events of a connection before its client speaks
// are skipped; the first one after that is preceded by a step that opens the connection.
func (f *follower) add(i int, e *session.Event) {
	c := f.plan.conns[e.Conn]
	if c == nil || f.unspoken(e) {
		return
	}
	next := step{index: int32(i), conn: int32(e.Conn), cause: -1, at: e.Time.UnixNano()}
	if !f.opened[e.Conn] {
		f.opened[e.Conn] = true
		first := next
		first.do = open
		f.circle.add(first, c.who)
	}
	if !next.set(e, c, f.survey) || next.do == open {
		return
	}
	before := len(f.circle.steps)
	f.circle.add(next, c.who)
	f.expectLater(&next, before)
}

// unspoken reports whether the client of the event's connection has not spoken before it, and does
// not with it either.
func (f *follower) unspoken(e *session.Event) bool { return !f.opened[e.Conn] && !fromClient(e) }

// playOn plays the steps that have not been played.
func (f *follower) playOn(ctx context.Context) error {
	for c := f.circle; c.played < len(c.steps); c.played++ {
		f.now = c.played
		if err := f.step(ctx, &c.steps[c.played]); err != nil {
			return err
		}
	}
	if f.circle.played >= maxKnown {
		f.forget()
	}
	return nil
}

// forget drops what is no longer needed, so that memory does not grow with time: completed steps,
// connections that have ended, and the oldest remembered names beyond maxKnown.
func (f *follower) forget() {
	f.circle.steps, f.circle.played = nil, 0
	for id, c := range f.plan.conns {
		if f.finished(id, c.over) {
			delete(f.conns, id)
			delete(f.plan.conns, id)
			delete(f.opened, id)
			delete(f.upcoming, int32(id))
			delete(f.survey.opened, id)
			delete(f.survey.challenges, id)
		}
	}
	if len(f.survey.among.parent) > maxKnown {
		f.survey.among = newAmong()
		for _, c := range f.plan.conns {
			c.node, c.who = f.survey.among.add(), f.survey.among.person([]byte(c.user))
		}
	}
	limit(f.failed)
	limit(f.unheard)
	limit(f.addresses)
	limit(f.servers)
	limit(f.values)
	limit(f.plan.referred)
	limit(f.plan.logons)
	limit(f.plan.proofs)
	limit(f.survey.referrals)
}

// finished reports whether a connection has no more steps. over says that it has ended in the log.
func (f *follower) finished(id int, over bool) bool {
	p := f.conns[id]
	if p == nil { // nothing was played on it
		return over
	}
	if !p.closed || len(p.pending) > 0 {
		return false
	}
	return over || !p.shut
}

func limit[K comparable, V any](m map[K]V) {
	if len(m) > maxKnown {
		clear(m)
	}
}
