package replay

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/compare"
)

const (
	// lookahead is how many steps further an answer is recognised that belongs to a later command: more than the longest
	// list that a server sends for one request.
	lookahead = 512
	// inboxCap is how many reads of up to 4 KB wait for the player: what servers say while it writes.
	inboxCap = 256
)

// player plays one plan. All but the readers is done by the goroutine of Run.
type player struct {
	plan    *Plan
	o       Options
	compare compare.Options
	report  func(Outcome)
	result  Result

	graph     session.Graph // of the live connections
	peers     map[int]*peer // by the recorded connection's number
	ahead     int           // steps before it are in upcoming
	upcoming  map[int][]compare.Key
	failed    map[uint64]bool   // recorded requests that could not be sent
	addresses map[uint64]string // where a recorded referral leads now
	servers   map[string]string // recorded addresses in referrals -> the live ones
	values    map[string]string // cookies and session numbers of the recording -> the live ones; "" for one that never came

	inbox   chan input
	done    chan struct{}
	readers sync.WaitGroup
}

// Run plays the plan and returns how it went. The error is about the replay itself: a password that is missing
// ([ErrPassword]), no connection to the server at all, or the context's end; the result then holds what was done before.
// Whether the answers were the same is [Result.Verdict]'s to say. All connections and goroutines have ended when Run returns.
func Run(ctx context.Context, plan *Plan, o Options) (*Result, error) {
	if err := o.checkPasswords(plan); err != nil {
		return &Result{Notes: plan.Notes}, err
	}
	p := newPlayer(plan, o)
	p.result.Notes = slices.Clone(plan.Notes)
	err := p.play(ctx)
	p.close()
	return &p.result, err
}

func (p *player) play(ctx context.Context) error {
	for i, s := range p.plan.steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.lookAhead(i)
		if err := p.step(ctx, s); err != nil {
			return err
		}
	}
	return p.finish(ctx)
}

func (p *player) step(ctx context.Context, s step) error {
	e := p.plan.log.At(s.index)
	c := p.peers[s.conn]
	if c != nil && c.absent {
		p.pass(c, s, e)
		return nil
	}
	switch s.do {
	case open:
		return p.connect(ctx, e)
	case send:
		return p.send(ctx, c, e)
	case expect:
		return p.expect(ctx, c, e)
	case closeServer:
		if err := p.expectClose(ctx, c, e); err != nil {
			return err
		}
	case closeClient:
		if err := p.linger(ctx, c); err != nil {
			return err
		}
	}
	p.surplus(c)
	c.leave()
	return nil
}

// lookAhead notes what each connection expects in the next steps.
func (p *player) lookAhead(now int) {
	for ; p.ahead < len(p.plan.steps) && p.ahead < now+lookahead; p.ahead++ {
		if s := p.plan.steps[p.ahead]; s.do == expect {
			p.upcoming[s.conn] = append(p.upcoming[s.conn], compare.KeyOf(p.plan.log.At(s.index)))
		}
	}
}

// pass does without a step of a connection that could not be opened: one outcome said so.
func (p *player) pass(c *peer, s step, e *session.Event) {
	switch s.do {
	case send:
		p.failed[e.N] = true
	case expect:
		p.next(c.id)
		p.lose(e)
	}
}

// connect opens the live counterpart of a recorded connection. That the very first one fails is an error; that a later one
// does fails its steps. Where the log grows each one is tried, and if it fails its steps are passed over: the server may come again.
func (p *player) connect(ctx context.Context, e *session.Event) error {
	c := &peer{id: e.Conn, plan: p.plan.conns[e.Conn]}
	first := len(p.peers) == 0
	p.peers[e.Conn] = c
	address, why := p.address(c.plan)
	if why == "" {
		conn, err := p.o.dial(ctx, address)
		switch {
		case err == nil:
			p.begin(ctx, c, conn, address)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case first && !p.plan.grows:
			return fmt.Errorf("connect to %s: %w", address, err)
		}
		why = fmt.Sprintf("connect to %s: %v", address, err)
	}
	c.end("not connected")
	if c.absent = p.plan.grows; c.absent {
		p.result.Unopened++
	}
	out := outcome(c.id, c.plan, decode.FromClient, Failed)
	out.N, out.Command, out.Why = e.N, connects, printable(why)
	p.add(out)
	return nil
}

// address returns where a connection goes: where the live referral says that stands for the recorded one. One that followed
// none goes to what stands for its server where a referral named that server, else to Options.To. Otherwise address says why
// there is no address.
func (p *player) address(c *connPlan) (address, why string) {
	if c.referral == 0 {
		recorded, _ := referral.Normalize(c.server)
		if live, ok := p.servers[recorded]; ok && c.role != dialect.DS {
			return live, ""
		}
		if full, ok := referral.Normalize(p.o.To); ok {
			return full, ""
		}
		return p.o.To, ""
	}
	if address = p.addresses[c.referral]; address == "" {
		return "", fmt.Sprintf("the server gave no address in place of that in #%d", c.referral)
	}
	return address, ""
}

// finish waits a moment for what else the servers say, and closes what is open still.
func (p *player) finish(ctx context.Context) error {
	end := time.Now().Add(p.o.settle())
	for time.Now().Before(end) && p.anyOpen() {
		if err := p.receive(ctx, end); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.peers)) { // in the order of the recording
		p.surplus(p.peers[id])
		p.peers[id].leave()
	}
	return nil
}

func (p *player) anyOpen() bool {
	for _, c := range p.peers {
		if !c.closed {
			return true
		}
	}
	return false
}

func (p *player) add(o Outcome) {
	p.result.add(o)
	if p.report != nil {
		p.report(o)
	}
}
