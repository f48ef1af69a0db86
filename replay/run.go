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
	// lookahead is how many later commands of a connection are searched for the one that an answer
	// belongs to: more than the longest list that a server sends for one request.
	lookahead = 512
	// inboxCap is how many reads, of up to 4 KB each, may wait for the player: room for what
	// servers send while it writes.
	inboxCap = 64
)

// run is the state that the players of one plan share.
type run struct {
	plan    *Plan
	o       Options
	compare compare.Options
	begun   time.Time

	mu      sync.Mutex
	result  Result
	graph   session.Graph     // of the live connections
	servers map[string]string // recorded addresses in referrals -> the live ones
}

func newRun(plan *Plan, o Options) *run {
	return &run{plan: plan, o: o, compare: o.compare(), begun: time.Now(), servers: map[string]string{}}
}

// player plays one circle. Everything except the readers runs on one goroutine.
type player struct {
	*run
	circle *circle
	now    int // the step that is played

	conns     map[int]*liveConn // by the recorded connection's number
	upcoming  map[int32]*queue
	failed    map[uint64]bool   // recorded requests that could not be sent
	unheard   map[uint64]bool   // recorded commands of servers on connections that were unreached
	addresses map[uint64]string // where a recorded referral leads now
	// values maps cookies and session numbers of the recording to the live ones, "" for those that
	// never came.
	values map[string]string

	// sent is when the last client's command was sent, and sentAt when it was sent in the
	// recording, in nanoseconds since 1970. lag is the time by which the replay trails the
	// recording's clock.
	sent   time.Time
	sentAt int64
	lag    time.Duration

	inbox   chan input
	done    chan struct{}
	readers sync.WaitGroup
}

// newPlayer returns a player of a circle. The caller closes it.
func newPlayer(r *run, c *circle) *player {
	return &player{
		run: r, circle: c,
		conns: map[int]*liveConn{}, upcoming: map[int32]*queue{},
		failed: map[uint64]bool{}, unheard: map[uint64]bool{},
		addresses: map[uint64]string{}, values: map[string]string{},
		inbox: make(chan input, inboxCap), done: make(chan struct{}),
	}
}

// close ends all connections and waits for their goroutines.
func (p *player) close() {
	close(p.done)
	for _, id := range slices.Sorted(maps.Keys(p.conns)) {
		p.leave(p.conns[id])
	}
	p.readers.Wait()
}

// Run plays the plan and returns the result. The error concerns the replay itself: a missing
// password ([ErrPassword]), no connection to the server at all, or the end of the context; the
// result then holds what was done before. Whether the answers were the same is for
// [Result.Verdict]. All connections and goroutines have ended when Run returns.
func Run(ctx context.Context, plan *Plan, o Options) (*Result, error) {
	if err := o.checkPasswords(plan); err != nil {
		return &Result{Notes: plan.Notes}, err
	}
	r := newRun(plan, o)
	r.result.Notes = slices.Clone(plan.Notes)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	places := make(chan struct{}, o.atOnce())
	var players sync.WaitGroup
	for _, c := range plan.circles {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		players.Go(func() {
			defer func() { <-places }()
			if err := r.play(ctx, c); err != nil {
				cancel(err)
			}
		})
	}
	players.Wait()
	r.result.sort()
	return &r.result, context.Cause(ctx)
}

// play plays one circle.
func (r *run) play(ctx context.Context, c *circle) error {
	p := newPlayer(r, c)
	defer p.close()
	for i := range c.steps {
		p.expectLater(&c.steps[i], i)
	}
	for p.now = range c.steps {
		if err := p.step(ctx, &c.steps[p.now]); err != nil {
			return err
		}
	}
	return p.finish(ctx)
}

func (p *player) step(ctx context.Context, s *step) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	c := p.conns[int(s.conn)]
	if done, err := p.quick(ctx, c, s); done || err != nil {
		return err
	}
	e := p.plan.log.At(int(s.index))
	if c != nil && c.absent {
		p.pass(c, s, e)
		return nil
	}
	switch s.do {
	case open:
		return p.connect(ctx, s, e)
	case send:
		return p.send(ctx, c, s, e)
	case expect:
		if s.is&itself != 0 {
			p.act(ctx, c, e)
		}
		return p.expect(ctx, c, s, e)
	case shutServer:
		c.shut = true
		return p.expectClose(ctx, c, e)
	case shutClient:
		return p.shut(ctx, c)
	case closeServer:
		if err := p.expectClose(ctx, c, e); err != nil {
			return err
		}
	case closeClient:
		if err := p.hangUp(ctx, c, s); err != nil {
			return err
		}
	}
	p.surplus(c)
	p.leave(c)
	return nil
}

// act has the server do what the recorded one did by itself.
func (p *player) act(ctx context.Context, c *liveConn, e *session.Event) {
	if p.o.Do == nil {
		return
	}
	d := deed(e)
	d.Server = c.address
	if d.What.ToAll() && !p.first(d.What) {
		return
	}
	_ = p.o.Do(ctx, d) // what does not happen is reported as missing
}

// first reports whether no step since the last one of a client has asked the server for the same
// thing, which it does to all users at once.
func (p *player) first(d dialect.Deed) bool {
	for i := p.now - 1; i >= 0; i-- {
		switch s := &p.circle.steps[i]; {
		case s.do == send || s.do == open:
			return true
		case s.is&itself != 0 && deedOf(p.plan.log.At(int(s.index))) == d:
			return false
		}
	}
	return true
}

// pass skips a step of a connection that could not be opened, which one outcome has reported.
func (p *player) pass(c *liveConn, s *step, e *session.Event) {
	switch s.do {
	case send:
		p.failed[e.N] = true
	case expect:
		p.next(s)
		p.lose(e)
		if c.unreached {
			p.unheard[e.N] = true
		}
	}
}

// connect opens the live counterpart of a recorded connection. If the first connection fails that
// is an error; if a later one does its steps fail. For a log that grows each connection is tried,
// and if one fails its steps are skipped: the server may come back.
func (p *player) connect(ctx context.Context, s *step, e *session.Event) error {
	if err := p.pace(ctx, s); err != nil {
		return err
	}
	c := &liveConn{id: e.Conn, plan: p.plan.conns[e.Conn]}
	p.conns[e.Conn] = c
	address, why := p.address(c.plan)
	tried := why == ""
	if tried {
		conn, err := p.o.dial(ctx, address)
		switch {
		case err == nil:
			p.begin(ctx, c, conn, address)
			if c.plan.logon == "" {
				return nil
			}
			if err = p.signIn(ctx, c); err == nil {
				return nil
			}
			p.leave(c)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case p.isFirst():
			return fmt.Errorf("connect to %s: %w", address, err)
		}
		if why = err.Error(); c.conn == nil && c.sess == nil {
			why = fmt.Sprintf("connect to %s: %v", address, err)
		}
	}
	c.end("not connected")
	p.mu.Lock()
	if c.absent = p.plan.grows; c.absent {
		p.result.Unopened++
	}
	p.mu.Unlock()
	out := outcome(c.id, c.plan, decode.FromClient, Failed)
	out.N, out.Command, out.Why = e.N, connects, printable(why)
	c.unreached = tried && address == p.entry() || p.unheard[c.plan.referral]
	out.unreached = c.unreached
	p.add(out)
	return nil
}

// isFirst reports whether no connection has been opened yet and that is an error, as it is except
// for a log that grows.
func (r *run) isFirst() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result.Opened == 0 && !r.plan.grows
}

// address returns the address for a connection: that of the live referral in place of the recorded
// one. A connection that followed none goes to the live counterpart of its server if a referral
// named that server, otherwise to Options.To. If there is no address, why says why.
func (p *player) address(c *connPlan) (address, why string) {
	if c.referral == 0 {
		recorded, _ := referral.Normalize(c.server)
		p.mu.Lock()
		live, ok := p.servers[recorded]
		p.mu.Unlock()
		if ok && c.role != dialect.DS {
			return p.o.Routes.To(live), ""
		}
		return p.entry(), ""
	}
	if address = p.addresses[c.referral]; address == "" {
		return "", fmt.Sprintf("the server gave no address in place of that in #%d", c.referral)
	}
	return p.o.Routes.To(address), ""
}

// entry returns the address for connections that followed no referral.
func (r *run) entry() string {
	if full, ok := referral.Normalize(r.o.To); ok {
		return full
	}
	return r.o.To
}

// finish waits a moment for what else the servers send, and closes what is still open.
func (p *player) finish(ctx context.Context) error {
	end := time.Now().Add(p.o.settle())
	for time.Now().Before(end) && p.anyOpen() {
		if err := p.receive(ctx, end); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.conns)) { // in the order of the recording
		p.surplus(p.conns[id])
		p.leave(p.conns[id])
	}
	return nil
}

func (p *player) anyOpen() bool {
	for _, c := range p.conns {
		if !c.closed {
			return true
		}
	}
	return false
}

func (r *run) add(o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.add(o)
	if r.o.Report != nil {
		r.o.Report(o)
	}
}

// count counts an outcome that went as recorded and is not reported.
func (r *run) count(v Verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Counts.add(v)
}

// publish passes a live event to Options.Publish. r.mu is held.
func (r *run) publish(e *session.Event) {
	if r.o.Publish != nil {
		r.o.Publish(e)
	}
}
