package loadgen

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/internal/client"
)

var errUnnoticed = errors.New("not noticed by all in time")

// group is a number of users: the first acts and the others notice.
type group struct {
	r       *run
	leader  *member
	others  []*member
	session *client.Switchboard // in modes Chat and Group

	mu     sync.Mutex
	act    int       // the number of the last act
	expect string    // what the others are to notice: a state, or a text
	since  time.Time // when the act was due
	left   int       // how many of the others have not noticed yet
	done   chan int  // receives the number of an act when all have noticed it
}

// inGroups signs all users in, forms the groups and has them act until the time is over.
func (r *run) inGroups(ctx context.Context) {
	groups := r.groups()
	r.gather(ctx)
	var mu sync.Mutex
	var ready []*group
	each(ctx, groups, func(g *group) {
		if g.form(ctx) {
			mu.Lock()
			defer mu.Unlock()
			ready = append(ready, g)
		}
	})
	r.measured = time.Now()
	ctx, cancel := context.WithTimeout(ctx, r.o.Duration)
	defer cancel()
	r.pace.start(r.o.Rate)
	var wg sync.WaitGroup
	for _, g := range ready {
		wg.Go(func() { g.run(ctx) })
	}
	wg.Wait()
}

// groups divides the users into groups.
func (r *run) groups() (all []*group) {
	for i := 0; i+1 < len(r.members); i += r.o.GroupSize {
		some := r.members[i:min(i+r.o.GroupSize, len(r.members))]
		g := &group{r: r, leader: some[0], others: some[1:], done: make(chan int, 1)}
		for _, m := range some {
			m.group = g
		}
		all = append(all, g)
	}
	return all
}

// form makes the others watch the leader, or join its session, and reports whether the group can
// act.
func (g *group) form(ctx context.Context) bool {
	for _, m := range append([]*member{g.leader}, g.others...) {
		if m.client == nil {
			return false // could not sign in, which was counted
		}
	}
	if g.r.o.Mode == Presence {
		for _, m := range g.others {
			if !g.r.step(ctx, "add to the forward list",
				func(ctx context.Context) error { return watch(ctx, m.client, g.leader.user.Handle) }) {
				return false
			}
		}
		return true
	}
	return g.r.step(ctx, "open a session", g.open)
}

// watch adds a handle to the forward list. It is no error if the handle is on it already.
func watch(ctx context.Context, c *client.Client, handle string) error {
	err := c.AddContact(ctx, "FL", handle, handle)
	var p *client.ProtocolError
	if errors.As(err, &p) && p.Code == 215 {
		return nil
	}
	return err
}

// open invites the others to a session, one by one: servers treat many calls at once as a flood.
func (g *group) open(ctx context.Context) error {
	s, err := g.leader.client.Call(ctx)
	if err != nil {
		return err
	}
	g.session = s
	for _, m := range g.others {
		if err := s.Invite(ctx, m.user.Handle); err != nil {
			return err
		}
		if err := s.Await(ctx, m.user.Handle); err != nil {
			return err
		}
	}
	return nil
}

// run has the leader act until ctx ends or all acts are done.
func (g *group) run(ctx context.Context) {
	for n := 0; g.r.o.Messages == 0 || n < g.r.o.Messages; n++ {
		at, err := g.r.pace.wait(ctx)
		if err != nil {
			return
		}
		what := fmt.Sprintf("message %d of %s", n+1, g.leader.user.Handle)
		if g.r.o.Mode == Presence {
			what = []string{"BSY", "NLN"}[n%2]
		}
		if !g.do(ctx, at, what) {
			return
		}
	}
}

// do performs one act, which was due at the time at, and waits until all have noticed. It reports
// whether the group can go on.
func (g *group) do(ctx context.Context, at time.Time, what string) bool {
	number := g.begin(at, what)
	late := time.NewTimer(noticeTime)
	defer late.Stop()
	ok := true
	if g.r.o.Mode == Presence {
		if ok = g.r.step(ctx, "change",
			func(ctx context.Context) error { return g.leader.client.SetState(ctx, what) }); ok {
			g.r.times[change].add(time.Since(at))
		}
	} else {
		ok = g.r.step(ctx, "message", func(ctx context.Context) error { return g.session.Send(ctx, what) })
	}
	for ok {
		select {
		case n := <-g.done:
			if n == number {
				return true
			}
		case <-late.C:
			g.r.fail(string(g.r.o.Mode), errUnnoticed)
			return true
		case <-g.leader.client.Done():
			return false // already counted
		case <-ctx.Done():
			return false
		}
	}
	return g.r.o.Mode == Presence && g.leader.alive() // a session that takes no message has ended
}

func (g *group) begin(at time.Time, what string) (number int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.act++
	g.expect, g.since, g.left = what, at, len(g.others)
	return g.act
}

// notice handles a notification to m, which counts if it is about the last act. It runs on the
// goroutine that reads m's connection.
func (g *group) notice(m *member, from, what string) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if m == g.leader || m.noticed == g.act || what != g.expect || !strings.EqualFold(from, g.leader.user.Handle) {
		return
	}
	m.noticed = g.act
	took := now.Sub(g.since)
	one, all := message, messageToAll
	if g.r.o.Mode == Presence {
		one, all = seen, seenByAll
	}
	g.r.times[one].add(took)
	if g.left--; g.left > 0 {
		return
	}
	if g.r.o.Mode != Chat { // in Chat both are the same
		g.r.times[all].add(took)
	}
	select {
	case <-g.done: // an earlier act, noticed too late
	default:
	}
	g.done <- g.act // does not block: nobody else sends
}
