package intercept

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/steer"
	"github.com/msnscope/msnscope/proxy"
)

// Limits of a Desk.
const (
	// maxHeld is more than a person can look at; each is a command of at most 1 MB that waits in a direction of its own.
	maxHeld = 1000
	// maxWait is when a command goes on by itself: clients of the time gave up after a minute or two, and a person who went
	// away shall not end everybody's session.
	maxWait = 5 * time.Minute
)

// DeskOptions say how long and how much a Desk holds. Its zero value works.
type DeskOptions struct {
	// MaxHeld is how many commands wait at most, 1000 if 0; what comes then goes on at once.
	MaxHeld int
	// MaxWait is how long a command waits at most, 5 minutes if 0.
	MaxWait time.Duration
	// Now is the clock for what people see, nil for the real one.
	Now func() time.Time
	// Log is told when a limit let commands go on.
	Log *slog.Logger
}

// Desk holds the commands that an expression matches until somebody says what shall become of them. It is a link of a chain; its
// methods are safe for concurrent use.
type Desk struct {
	o     DeskOptions
	match atomic.Pointer[filter.Filter]

	mu     sync.Mutex
	expr   string
	held   []*waiting // the oldest first
	lastID uint64
	full   bool // said so
}

// waiting is a command that is held.
type waiting struct {
	steer.Held
	decided chan [][]byte // what to send instead; one value that is release for as it is
}

// release is the decision to change nothing.
var release = [][]byte{{}}

// NewDesk returns a desk that holds nothing.
func NewDesk(o DeskOptions) *Desk {
	if o.MaxHeld == 0 {
		o.MaxHeld = maxHeld
	}
	if o.MaxWait == 0 {
		o.MaxWait = maxWait
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Desk{o: o}
}

// Intercept holds what matches.
func (d *Desk) Intercept(ctx context.Context, x *proxy.Exchange) {
	f := d.match.Load()
	if f == nil || !f.Match(x.In) {
		return
	}
	w := d.admit(x)
	if w == nil {
		return
	}
	x.Flush()
	x.Flags |= session.Held
	gone, stop := x.Watch()
	defer stop()
	timer := time.NewTimer(d.o.MaxWait)
	defer timer.Stop()
	for {
		select {
		case decision := <-w.decided:
			apply(x, decision)
		case <-gone:
			d.abandoned(w)
			gone = nil
			continue
		case <-timer.C:
			d.expire(x, w)
		case <-ctx.Done():
			d.remove(w.ID)
		}
		return
	}
}

// abandoned notes that nobody waits for the command to go on.
func (d *Desk) abandoned(w *waiting) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w.Gone = true
}

// expire lets a command go on that nobody decided about in time.
func (d *Desk) expire(x *proxy.Exchange, w *waiting) {
	if d.remove(w.ID) == nil { // somebody was just as quick
		apply(x, <-w.decided)
		return
	}
	x.By(fmt.Sprintf("held %s, then it went on by itself", d.o.MaxWait))
	d.o.Log.Warn("a command was held too long and went on", "connection", x.In.Conn, "command", x.In.In.Verb.String(), "limit", d.o.MaxWait)
}

// apply does what was decided.
func apply(x *proxy.Exchange, decision [][]byte) {
	switch {
	case len(decision) == 0, len(decision) == 1 && len(decision[0]) == 0 && &decision[0] != &release[0]:
		x.Drop = true
	case &decision[0] == &release[0]:
	default:
		x.Out = decision[0]
		x.After = append(x.After, decision[1:]...)
	}
}

// admit makes a command wait, unless too many do, or nobody holds anything any more: then it returns nil.
func (d *Desk) admit(x *proxy.Exchange) *waiting {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.expr == "" {
		return nil
	}
	if len(d.held) >= d.o.MaxHeld {
		x.By(fmt.Sprintf("not held: %d others are", d.o.MaxHeld))
		if !d.full {
			d.full = true
			d.o.Log.Warn("too many commands are held: others go on", "limit", d.o.MaxHeld)
		}
		return nil
	}
	d.full = false
	d.lastID++
	now := d.o.Now()
	e := *x.In
	e.In = e.In.Clone()
	if e.Out = nil; string(x.Out) != string(e.In.Raw) {
		e.Out = append([]byte(nil), x.Out...)
	}
	w := &waiting{
		Held:    steer.Held{ID: d.lastID, Event: &e, Since: now, Until: now.Add(d.o.MaxWait)},
		decided: make(chan [][]byte, 1),
	}
	d.held = append(d.held, w)
	return w
}

// remove takes a command off the desk; nil when it waits no longer.
func (d *Desk) remove(id uint64) *waiting {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, w := range d.held {
		if w.ID == id {
			d.held = append(d.held[:i:i], d.held[i+1:]...)
			return w
		}
	}
	return nil
}

func (d *Desk) decide(id uint64, decision [][]byte) error {
	w := d.remove(id)
	if w == nil {
		return steer.ErrGone
	}
	w.decided <- decision
	return nil
}

// Held returns the commands that wait, the oldest first.
func (d *Desk) Held() []steer.Held {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]steer.Held, len(d.held))
	for i, w := range d.held {
		all[i] = w.Held
	}
	return all
}

// Release lets a command go on as it is.
func (d *Desk) Release(id uint64) error { return d.decide(id, release) }

// Replace sends other bytes in place of a command: nothing drops it, more than one sends the others behind the first.
func (d *Desk) Replace(id uint64, raw ...[]byte) error {
	return d.decide(id, append([][]byte{}, raw...))
}

// ReleaseAll lets everything go on, and holds nothing more: whoever held it is gone.
func (d *Desk) ReleaseAll() {
	_ = d.Intercepts("") // nothing can be wrong with it
	for _, h := range d.Held() {
		_ = d.Release(h.ID) // or it went on meanwhile
	}
}

// Intercepts holds what the expression matches from now on; "" holds nothing. What waits already goes on waiting.
func (d *Desk) Intercepts(expr string) error {
	var f *filter.Filter
	if expr != "" {
		var err error
		if f, err = filter.Compile(expr); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expr = expr
	d.match.Store(f)
	return nil
}

// Intercepting returns the expression of what is held.
func (d *Desk) Intercepting() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.expr
}

// Idle implements [Link].
func (d *Desk) Idle() bool { return d.match.Load() == nil }
