package intercept

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/proxy"
)

// Limits of a HoldQueue.
const (
	// maxHeld is more commands than a person can look at; each waits in a direction of its own.
	maxHeld = 1000
	// maxHeldBytes bounds all of them together: a thousand of the usual size take a few hundred KB,
	// and a dozen of the greatest, of 1 MB, can be held.
	maxHeldBytes = 16 << 20
	// maxWait is how long a command waits until it is sent on by itself: clients of the time gave
	// up after a minute or two, and a person who went away shall not end everybody's session.
	maxWait = 5 * time.Minute
)

// HoldQueueOptions limit a HoldQueue. The zero value works.
type HoldQueueOptions struct {
	// MaxHeld is how many commands are held at most, 1000 if 0; further ones are sent on at once.
	MaxHeld int
	// MaxBytes is how many bytes the held commands have at most, as they came and as they would be
	// sent on together, 16 MB if 0; one that does not fit is sent on at once.
	MaxBytes int
	// MaxWait is how long a command is held at most, 5 minutes if 0; then it is sent on unchanged.
	MaxWait time.Duration
	// Now is the clock for the times that people see, nil for time.Now.
	Now func() time.Time
	// Log gets a warning when a limit let commands go on; nil discards it.
	Log *slog.Logger
}

// HoldQueue holds the commands that a filter expression matches until a person decides what becomes
// of each. When it is full, further commands are sent on at once, with a note in their events (law
// 4); those that are held stay held. It is a link of a [Chain]; its methods are safe for concurrent
// use.
type HoldQueue struct {
	o     HoldQueueOptions
	match atomic.Pointer[filter.Filter]

	mu     sync.Mutex
	expr   string
	held   []*waiting // the oldest first
	bytes  int        // of all of them
	lastID uint64
	full   bool // a warning that the queue is full has been logged
}

// waiting is a held command.
type waiting struct {
	edit.Held
	decided chan [][]byte // gets the decision once: what to send instead, none to drop it, or release
}

// release is the decision to send the command on unchanged, compared by identity.
var release = [][]byte{{}}

// NewHoldQueue returns a queue that holds nothing yet.
func NewHoldQueue(o HoldQueueOptions) *HoldQueue {
	if o.MaxHeld == 0 {
		o.MaxHeld = maxHeld
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = maxHeldBytes
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
	return &HoldQueue{o: o}
}

// Intercept holds the command if the expression matches it, until it is decided about, its time is
// up, or ctx ends.
func (q *HoldQueue) Intercept(ctx context.Context, x *proxy.Exchange) {
	if f := q.match.Load(); f != nil && f.Match(x.In) && x.Flags&session.Held == 0 {
		q.wait(ctx, x, q.admit(x, false))
	}
}

// hold holds the command, whatever the expression, as Intercept does.
func (q *HoldQueue) hold(ctx context.Context, x *proxy.Exchange) { q.wait(ctx, x, q.admit(x, true)) }

// wait waits for the decision about a command, nil for one that is not held.
func (q *HoldQueue) wait(ctx context.Context, x *proxy.Exchange, w *waiting) {
	if w == nil {
		return
	}
	x.Flush()
	x.Flags |= session.Held
	gone, stop := x.Watch()
	defer stop()
	timer := time.NewTimer(q.o.MaxWait)
	defer timer.Stop()
	for {
		select {
		case decision := <-w.decided:
			apply(x, decision)
		case <-gone:
			q.abandoned(w)
			gone = nil
			continue
		case <-timer.C:
			q.expire(x, w)
		case <-ctx.Done():
			q.remove(w.ID)
		}
		return
	}
}

// abandoned records that the sender of a held command has hung up.
func (q *HoldQueue) abandoned(w *waiting) {
	q.mu.Lock()
	defer q.mu.Unlock()
	w.Gone = true
}

// expire sends a command on whose time is up, unless it was decided about just then.
func (q *HoldQueue) expire(x *proxy.Exchange, w *waiting) {
	if q.remove(w.ID) == nil { // somebody decided about it at the same time
		apply(x, <-w.decided)
		return
	}
	x.By(fmt.Sprintf("held %s, then it went on by itself", q.o.MaxWait))
	q.o.Log.Warn("a command was held for too long and has been sent on", "connection", x.In.Conn, "command",
		x.In.In.Verb.String(),
		"limit", q.o.MaxWait)
}

// apply carries out a decision: no bytes drop the command.
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

// admit adds a command to the queue. It returns nil if the queue is full, or if no filter is set
// any more, unless the command is to be held anyway.
func (q *HoldQueue) admit(x *proxy.Exchange, anyway bool) *waiting {
	e := *x.In
	if e.Out = nil; string(x.Out) != string(e.In.Raw) {
		e.Out = x.Out
	}
	w, no := q.add(&e, q.o.Now(), anyway)
	if no == nil {
		return w
	}
	x.By(fmt.Sprintf("not held: %d others of %d bytes are", no.commands, no.bytes))
	if no.first {
		q.o.Log.Warn("too much is being held: further commands are sent on at once", "commands", no.commands, "limit",
			q.o.MaxHeld,
			"bytes", no.bytes, "limit_bytes", q.o.MaxBytes)
	}
	return nil
}

// noRoom says that a command is not held because the queue is full, with what it holds.
type noRoom struct {
	commands, bytes int
	first           bool // it is the first command that found no room
}

// add adds a copy of the command e to the queue, and returns it, nil if nothing is to be held or
// there is no room.
func (q *HoldQueue) add(e *session.Event, now time.Time, anyway bool) (*waiting, *noRoom) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.expr == "" && !anyway {
		return nil, nil
	}
	if len(q.held) >= q.o.MaxHeld || q.bytes+sizeOf(e) > q.o.MaxBytes {
		no := &noRoom{len(q.held), q.bytes, !q.full}
		q.full = true
		return nil, no
	}
	q.full = false
	q.lastID++
	q.bytes += sizeOf(e)
	e.In, e.Out = e.In.Clone(), bytes.Clone(e.Out)
	w := &waiting{
		Held:    edit.Held{ID: q.lastID, Event: e, Since: now, Until: now.Add(q.o.MaxWait)},
		decided: make(chan [][]byte, 1),
	}
	q.held = append(q.held, w)
	return w, nil
}

// sizeOf returns the bytes of a held command, as it came and as it would be sent on.
func sizeOf(e *session.Event) int { return len(e.In.Raw) + len(e.Out) }

// remove takes a command out of the queue; nil if it is no longer there.
func (q *HoldQueue) remove(id uint64) *waiting {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, w := range q.held {
		if w.ID == id {
			q.held = append(q.held[:i:i], q.held[i+1:]...)
			q.bytes -= sizeOf(w.Event)
			return w
		}
	}
	return nil
}

func (q *HoldQueue) decide(id uint64, decision [][]byte) error {
	w := q.remove(id)
	if w == nil {
		return edit.ErrGone
	}
	w.decided <- decision
	return nil
}

// Held returns the held commands, the oldest first. The slice is the caller's; the events must not
// be changed.
func (q *HoldQueue) Held() []edit.Held {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := make([]edit.Held, len(q.held))
	for i, w := range q.held {
		all[i] = w.Held
	}
	return all
}

// Release sends a command on unchanged. The error is [edit.ErrGone] if it is no longer held.
func (q *HoldQueue) Release(id uint64) error { return q.decide(id, release) }

// Replace sends other bytes in place of a command, further ones after the first; none drop it. The
// slices must not change any more. The error is [edit.ErrGone] if the command is no longer held.
func (q *HoldQueue) Replace(id uint64, raw ...[]byte) error {
	return q.decide(id, append([][]byte{}, raw...))
}

// ReleaseAll sends on all held commands unchanged, and holds none from now on.
func (q *HoldQueue) ReleaseAll() {
	_ = q.Intercepts("") // nothing can be wrong with it
	for _, h := range q.Held() {
		_ = q.Release(h.ID) // an error means that it went on meanwhile
	}
}

// Intercepts holds commands that the filter expression expr matches from now on; "" holds none.
// Commands that are held stay held. The error is that of an expression which does not compile, and
// nothing changes then.
func (q *HoldQueue) Intercepts(expr string) error {
	var f *filter.Filter
	if expr != "" {
		var err error
		if f, err = filter.Compile(expr); err != nil {
			return err
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expr = expr
	q.match.Store(f)
	return nil
}

// Intercepting returns the filter expression of what is held, "" for none.
func (q *HoldQueue) Intercepting() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.expr
}

// Idle implements [Link].
func (q *HoldQueue) Idle() bool { return q.match.Load() == nil }
