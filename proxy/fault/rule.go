package fault

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/proxy"
)

// fault is one way to disturb. It is called for one command at a time of each direction of each connection, from several
// goroutines for several. It may wait, as an interceptor of the proxy may.
type fault interface {
	do(ctx context.Context, h *hit)
}

// A fault that keeps something back until more comes has pass too: it gets the commands of the direction that the rule does not
// hit.
type passer interface {
	pass(ctx context.Context, h *hit)
}

// hit is a command that a rule hits.
type hit struct {
	*proxy.Exchange
	rule *Rule
	rand *rand.Rand // of this rule in this direction of this connection, the same in each run with the same seed
	key  way
}

// way is one direction of one connection.
type way struct {
	conn int
	dir  decode.Dir
}

// through makes send write the command: behind what faults before this one do with it, in the pieces that they make.
func (h *hit) through(send func(w io.Writer, out []byte) error) {
	before := h.Send
	if before == nil {
		h.Send = send
		return
	}
	h.Send = func(w io.Writer, out []byte) error {
		return before(writer(func(p []byte) (int, error) { return len(p), send(w, p) }), out)
	}
}

// writer is a function that writes.
type writer func([]byte) (int, error)

func (f writer) Write(p []byte) (int, error) { return f(p) }

// wait lets time pass, while what the sender says waits too. It reports false when the connection ended meanwhile.
func (h *hit) wait(ctx context.Context, d time.Duration) bool {
	h.Flush()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Rule is one fault with its conditions. It is safe for concurrent use.
type Rule struct {
	text  string
	match *filter.Filter // nil for every command
	fault fault

	p                    float64
	n, nth, after, every int
	apart                bool // what is counted is counted in each direction of a connection for itself
	from, until          time.Duration

	seed  uint64
	began time.Time

	mu      sync.Mutex
	total   count
	streams map[way]*stream
}

// count is what n, nth, after and every go by.
type count struct {
	matched int // commands that the filter matched
	hits    int
}

// stream is what a rule remembers of one direction of one connection.
type stream struct {
	dice *rand.Rand
	count
}

// String returns the rule as it was written.
func (r *Rule) String() string { return r.text }

// Hits returns how often the rule hit.
func (r *Rule) Hits() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.total.hits
}

// maxStreams bounds how many directions a rule remembers: twice as many as the proxy has connections at a time. When
// there are more, all begin anew.
const maxStreams = 1 << 15

// apply does to the command what the rule says.
func (r *Rule) apply(ctx context.Context, x *proxy.Exchange, now time.Time) {
	h := &hit{Exchange: x, rule: r, key: way{x.In.Conn, x.In.Dir}}
	if !r.hit(h, now) {
		if p, ok := r.fault.(passer); ok {
			p.pass(ctx, h)
		}
		return
	}
	x.Flags |= session.Fault
	x.By(r.text)
	r.fault.do(ctx, h)
}

// hit reports whether the rule hits this command, and counts.
func (r *Rule) hit(h *hit, now time.Time) bool {
	matches := r.match == nil || r.match.Match(h.In)
	r.mu.Lock()
	defer r.mu.Unlock()
	own := r.stream(h.key)
	h.rand = own.dice
	if since := now.Sub(r.began); !matches || since < r.from || r.until > 0 && since >= r.until {
		return false
	}
	c := &r.total
	if r.apart {
		c = &own.count
	}
	c.matched++
	k := c.matched - r.after
	switch {
	case k <= 0, r.n > 0 && c.hits >= r.n, r.nth > 0 && k != r.nth, r.every > 1 && k%r.every != 0:
		return false
	case r.p < 1 && h.rand.Float64() >= r.p:
		return false
	}
	c.hits++
	if r.apart {
		r.total.hits++
	}
	return true
}

// stream returns what is remembered of one direction: its dice show the same in each run, whatever other connections do meanwhile.
func (r *Rule) stream(w way) *stream {
	if s := r.streams[w]; s != nil {
		return s
	}
	if r.streams == nil || len(r.streams) == maxStreams {
		r.streams = make(map[way]*stream)
	}
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%s %d %c", r.text, w.conn, w.dir)
	s := &stream{dice: rand.New(rand.NewPCG(r.seed, sum.Sum64()))}
	r.streams[w] = s
	return s
}

// Rules are all rules of a proxy, in the order in which they are applied. Its methods are safe for concurrent use.
type Rules struct {
	now func() time.Time

	mu    sync.Mutex
	rules []*Rule
}

// NewRules returns no rules; now is the clock, nil for the real one.
func NewRules(now func() time.Time) *Rules {
	if now == nil {
		now = time.Now
	}
	return &Rules{now: now}
}

// Add parses a rule and applies it from now on. Seed decides what its dice show.
func (rs *Rules) Add(text string, seed uint64) (*Rule, error) {
	r, err := Parse(text)
	if err != nil {
		return nil, err
	}
	r.seed, r.began = seed, rs.now()
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.rules = append(rs.rules[:len(rs.rules):len(rs.rules)], r)
	return r, nil
}

// Remove takes rule i out, counted from 0 as [Rules.List] has them; it reports whether there was one. What it keeps back goes on.
func (rs *Rules) Remove(i int) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if i < 0 || i >= len(rs.rules) {
		return false
	}
	rest := append([]*Rule{}, rs.rules[:i]...)
	rs.rules = append(rest, rs.rules[i+1:]...)
	return true
}

// List returns the rules. The slice does not change.
func (rs *Rules) List() []*Rule {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.rules
}

// Intercept applies the rules, each to what those before it left.
func (rs *Rules) Intercept(ctx context.Context, x *proxy.Exchange) {
	for _, r := range rs.List() {
		if x.Drop {
			return
		}
		r.apply(ctx, x, rs.now())
	}
}

// Ended sends what is kept back of a direction in which no more comes: it is disturbed, not lost.
func (rs *Rules) Ended(c *proxy.Conn, dir decode.Dir) {
	for _, r := range rs.List() {
		if f, ok := r.fault.(interface{ ended(way) }); ok {
			f.ended(way{c.ID(), dir})
		}
	}
}

// Closed forgets what was remembered of a connection.
func (rs *Rules) Closed(c *proxy.Conn) {
	for _, r := range rs.List() {
		r.mu.Lock()
		for _, dir := range [...]decode.Dir{decode.FromClient, decode.FromServer} {
			delete(r.streams, way{c.ID(), dir})
		}
		r.mu.Unlock()
		if f, ok := r.fault.(interface{ closed(conn int) }); ok {
			f.closed(c.ID())
		}
	}
}

// Parse reads a rule, as doc.go shows it. The error says what is wrong, and what could stand there.
func Parse(text string) (*Rule, error) {
	head, expr, filtered := strings.Cut(text, "@")
	r := &Rule{text: strings.TrimSpace(text), p: 1}
	name, keys, _ := strings.Cut(strings.TrimSpace(head), ":")
	kind := kindOf(strings.TrimSpace(name))
	if kind == nil {
		return nil, fmt.Errorf("fault %q: there is none of that name: %s", name, strings.Join(Names(), ", "))
	}
	ks, err := readKeys(keys)
	if err != nil {
		return nil, fmt.Errorf("fault %s: %w", name, err)
	}
	r.common(ks)
	r.fault = kind.make(ks)
	if err := ks.end(kind); err != nil {
		return nil, fmt.Errorf("fault %s: %w", name, err)
	}
	if expr = strings.TrimSpace(expr); !filtered {
		expr = kind.filter
	}
	if expr != "" {
		if r.match, err = filter.Compile(expr); err != nil {
			return nil, fmt.Errorf("fault %s: in the filter: %w", name, err)
		}
	}
	return r, nil
}

// common reads the keys that every kind has.
func (r *Rule) common(ks *keys) {
	r.p = ks.float("p", 1, 0, 1)
	r.n = ks.int("n", 0, 0)
	r.nth = ks.int("nth", 0, 0)
	r.after = ks.int("after", 0, 0)
	r.every = ks.int("every", 0, 0)
	r.apart = ks.word("per", "proxy", "connection") == "connection"
	r.from = ks.duration("from", 0)
	r.until = ks.duration("until", 0)
}

// Sent returns the command as it would go on now.
func (h *hit) Sent() decode.Message {
	e := *h.In
	e.Out = h.Out
	return e.Sent()
}

// Idle reports whether there are no rules.
func (rs *Rules) Idle() bool { return len(rs.List()) == 0 }
