package replay

import (
	"context"
	"time"

	"github.com/msnscope/msnscope/internal/compare"
)

const (
	// lag is how far behind the log Follow plays: what a client does with a referral, which tells whether the connection that
	// comes belongs to it, it does within that time as a rule.
	lag = 500 * time.Millisecond
	// glance is how often it looks for new events.
	glance = 50 * time.Millisecond
	// maxKnown is how many cookies, referrals and logons are remembered, and how many steps that are done.
	maxKnown = 1 << 14
)

// Follow plays a log that grows, a moment behind it, until ended is closed and all that the log then has is played, or ctx ends:
// another server gets what the clients said, and what it answers is compared. Of the outcomes the result has the counts only;
// Options.Report sees them all, the failure of a logon whose password nobody knows among them. Each connection of the log is tried; of
// one that cannot be opened nothing is compared, see [Result.Unopened]. The error is that of ctx.
func Follow(ctx context.Context, log Log, ended <-chan struct{}, o Options) (*Result, error) {
	plan := emptyPlan(log)
	plan.grows = true
	f := &follower{player: newPlayer(plan, o), survey: newSurveyor(plan), opened: map[int]bool{}}
	err := f.run(ctx, ended)
	f.player.close()
	return &f.player.result, err
}

// follower plays a plan while it makes it.
type follower struct {
	*player
	survey   *surveyor
	surveyed int // events
	planned  int // events
	opened   map[int]bool
}

func (f *follower) run(ctx context.Context, ended <-chan struct{}) error {
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

// extend makes steps of the events that are old enough, of all when there will be no more.
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
		f.plan.add(f.planned, e, f.opened)
	}
}

// playOn plays the steps that there are.
func (f *follower) playOn(ctx context.Context) error {
	for ; f.plan.played < len(f.plan.steps); f.plan.played++ {
		f.lookAhead(f.plan.played)
		if err := f.step(ctx, f.plan.steps[f.plan.played]); err != nil {
			return err
		}
		f.result.Outcomes = f.result.Outcomes[:0]
	}
	if f.plan.played >= maxKnown {
		f.forget()
	}
	return nil
}

// forget lets go of what is done, so that memory does not grow with time: steps, connections that have ended, and what is known
// by names of which there are too many.
func (f *follower) forget() {
	f.plan.steps, f.plan.played, f.ahead = nil, 0, 0
	for id, c := range f.plan.conns {
		// Of one that nobody said anything on there is no peer.
		if p := f.peers[id]; p == nil && c.over || p != nil && p.closed && len(p.pending) == 0 {
			delete(f.peers, id)
			delete(f.plan.conns, id)
			delete(f.opened, id)
			delete(f.upcoming, id)
			delete(f.survey.opened, id)
			delete(f.survey.challenges, id)
		}
	}
	limit(f.failed)
	limit(f.addresses)
	limit(f.servers)
	limit(f.values)
	limit(f.plan.referred)
	limit(f.plan.logons)
	limit(f.plan.proofs)
	limit(f.survey.referrals)
}

func limit[K comparable, V any](m map[K]V) {
	if len(m) > maxKnown {
		clear(m)
	}
}

// newPlayer returns what plays a plan. Close it.
func newPlayer(plan *Plan, o Options) *player {
	return &player{
		plan: plan, o: o, compare: o.compare(), report: o.Report,
		peers: map[int]*peer{}, upcoming: map[int][]compare.Key{}, failed: map[uint64]bool{},
		addresses: map[uint64]string{}, servers: map[string]string{}, values: map[string]string{},
		inbox: make(chan input, inboxCap), done: make(chan struct{}),
	}
}

// close ends all connections and goroutines.
func (p *player) close() {
	close(p.done)
	for _, c := range p.peers {
		c.leave()
	}
	p.readers.Wait()
}
