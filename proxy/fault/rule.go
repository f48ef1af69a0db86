package fault

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/proxy"
)

// fault is one way to disturb. do is called with one command at a time of each direction of each
// connection, from several goroutines for several directions. It may wait, as an interceptor of the
// proxy may.
type fault interface {
	do(ctx context.Context, h *hit)
}

// passer is a fault that keeps commands back until more come: pass gets the commands of the
// direction that the rule does not hit.
type passer interface {
	pass(ctx context.Context, h *hit)
}

// chooser is a fault that only some commands can have: the others do not match its rule, whatever
// the filter says, so that they are neither counted nor marked.
type chooser interface {
	can(h *hit) bool
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

// through makes send write the command. If faults before this one write it in pieces, send gets
// each of these.
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

// writer is a function as an [io.Writer].
type writer func([]byte) (int, error)

func (f writer) Write(p []byte) (int, error) { return f(p) }

// wait waits for d, and what the sender says next waits with it. It reports false if ctx ended
// first.
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
	apart                bool // each direction of each connection counts by itself
	from, until          time.Duration

	seed  uint64
	began time.Time

	mu      sync.Mutex
	total   count
	streams map[way]*stream
}

// count is what n, nth, after and every are compared with.
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

// maxStreams bounds the directions that a rule remembers: twice as many as the proxy has
// connections at a time. Beyond it, all are forgotten.
const maxStreams = 1 << 15

// apply applies the rule to a command.
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

// hit reports whether the rule hits this command, and counts it.
func (r *Rule) hit(h *hit, now time.Time) bool {
	matches := r.match == nil || r.match.Match(h.In)
	if c, ok := r.fault.(chooser); ok && matches {
		matches = c.can(h)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	own := r.stream(h.key)
	h.rand = own.dice
	if !matches || !r.active(now) {
		return false
	}
	c := &r.total
	if r.apart {
		c = &own.count
	}
	c.matched++
	if !r.due(c) || !r.wins(own.dice) {
		return false
	}
	c.hits++
	if r.apart {
		r.total.hits++
	}
	return true
}

// active reports whether now is within the rule's time.
func (r *Rule) active(now time.Time) bool {
	since := now.Sub(r.began)
	return since >= r.from && (r.until <= 0 || since < r.until)
}

// wins reports whether the rule hits by its probability. It throws the dice only if the outcome is
// open, so that a rule that always hits leaves the later random choices alone.
func (r *Rule) wins(dice *rand.Rand) bool { return r.p >= 1 || dice.Float64() < r.p }

// due reports whether after, nth, every and n let the rule hit the last command that c has counted.
func (r *Rule) due(c *count) bool {
	number := c.matched - r.after
	switch {
	case number <= 0:
		return false
	case r.nth > 0 && number != r.nth:
		return false
	case r.every > 1 && number%r.every != 0:
		return false
	}
	return r.n == 0 || c.hits < r.n
}

// stream returns what is remembered of one direction. Its random choices are the same in each run,
// whatever other connections do. r.mu is held.
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

// Rules are all rules of a proxy, in the order in which they are applied. Its methods are safe for
// concurrent use.
type Rules struct {
	now  func() time.Time
	room room // for what they keep back

	mu    sync.Mutex
	rules []*Rule
}

// MaxRules is the greatest number of rules. Each command is compared with all of them.
const MaxRules = 1000

// NewRules returns an empty list; now is the clock, nil for time.Now.
func NewRules(now func() time.Time) *Rules {
	if now == nil {
		now = time.Now
	}
	return &Rules{now: now}
}

// Add parses a rule as [Parse] does, and applies it after the others from now on. seed makes its
// random choices repeatable.
func (rs *Rules) Add(text string, seed uint64) (*Rule, error) {
	r, err := parse(text, &rs.room)
	if err != nil {
		return nil, err
	}
	r.seed, r.began = seed, rs.now()
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if len(rs.rules) >= MaxRules {
		return nil, fmt.Errorf("there are %d faults already, and no more are possible", MaxRules)
	}
	rs.rules = append(rs.rules[:len(rs.rules):len(rs.rules)], r)
	return r, nil
}

// Remove removes the rule with the index i in [Rules.List], and reports whether there was one.
// Commands that it keeps back are sent when their time comes.
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

// List returns the rules. The caller must not change the slice.
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

// Ended sends the commands that rules keep back in a direction in which no more come: they are
// disturbed, not lost.
func (rs *Rules) Ended(c *proxy.Conn, dir decode.Dir) {
	for _, r := range rs.List() {
		if f, ok := r.fault.(interface{ ended(way) }); ok {
			f.ended(way{c.ID(), dir})
		}
	}
}

// Closed forgets everything that the rules remember of a connection.
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

// Parse parses a rule, in the form that the package comment shows. The error says what is wrong and
// what would be valid there.
func Parse(text string) (*Rule, error) { return parse(text, new(room)) }

// parse is Parse for a rule that shares a room with others.
func parse(text string, all *room) (*Rule, error) {
	head, expr, filtered := strings.Cut(text, "@")
	r := &Rule{text: strings.TrimSpace(text), p: 1}
	name, keys, _ := strings.Cut(strings.TrimSpace(head), ":")
	kind := kindOf(strings.TrimSpace(name))
	if kind == nil {
		like := filter.Closest(strings.TrimSpace(name), Names())
		if like != "" {
			like = fmt.Sprintf("did you mean %s? ", like)
		}
		return nil, fmt.Errorf("fault %q: there is no such fault; %sthere are %s", name, like,
			strings.Join(Names(), ", "))
	}
	ks, err := readKeys(keys)
	if err != nil {
		return nil, fmt.Errorf("fault %s: %w", name, err)
	}
	ks.room = all
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
	switch {
	case r.until > 0 && r.until <= r.from:
		ks.fail("until", r.until.String(), fmt.Sprintf("later than from=%v, or the rule would never hit", r.from))
	case r.every > 1 && r.nth%r.every != 0:
		ks.fail("nth", strconv.Itoa(r.nth), fmt.Sprintf("a multiple of every=%d, or the rule would never hit", r.every))
	}
}

// Sent returns the command as it would be sent on now.
func (h *hit) Sent() decode.Message {
	e := *h.In
	e.Out = h.Out
	return e.Sent()
}

// Idle reports whether there are no rules.
func (rs *Rules) Idle() bool { return len(rs.List()) == 0 }
