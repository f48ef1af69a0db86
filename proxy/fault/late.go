package fault

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/proxy"
)

// late sends the command later, so that others overtake it.
type late struct {
	by   time.Duration
	room *room

	mu   sync.Mutex
	kept map[way][]*delayed // the oldest first
}

// delayed is a command that late keeps back.
type delayed struct {
	out   []byte
	timer *time.Timer
	conn  *proxy.Conn
	rule  string

	sending bool // due is about to send it
}

func newLate(ks *keys) fault {
	return &late{by: ks.ms("ms", 5000), room: ks.room, kept: map[way][]*delayed{}}
}

// maxLate bounds the commands that are kept back of one direction. Further ones are sent at once.
const maxLate = 1000

func (f *late) do(_ context.Context, h *hit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.kept[h.key]) >= maxLate || !f.room.take(len(h.Out)) {
		return
	}
	h.Drop = true
	d := &delayed{out: append([]byte(nil), h.Out...), conn: h.Conn, rule: h.rule.text}
	key := h.key
	d.timer = time.AfterFunc(f.by, func() { f.due(key, d) })
	f.kept[key] = append(f.kept[key], d)
}

// againAfter is how long a fault waits before it tries again to send a command to a receiver that
// does not read.
const againAfter = 100 * time.Millisecond

// due sends a command whose time has come, or tries again later if the receiver does not read.
func (f *late) due(w way, d *delayed) {
	f.mu.Lock()
	if !slices.Contains(f.kept[w], d) { // the connection or its direction ended meanwhile
		f.mu.Unlock()
		return
	}
	d.sending = true
	f.mu.Unlock()
	err := d.conn.Inject(w.dir, d.out, d.rule) // may write, so not while f.mu is held
	refused := errors.Is(err, proxy.ErrWaiting)
	f.mu.Lock()
	d.sending = false
	i := slices.Index(f.kept[w], d)
	if i >= 0 && refused {
		d.timer.Reset(againAfter)
		f.mu.Unlock()
		return
	}
	if i >= 0 {
		f.kept[w] = slices.Delete(f.kept[w], i, i+1)
	}
	f.mu.Unlock()
	f.room.give(len(d.out))
	if refused {
		_ = d.conn.InjectLast(w.dir, d.out, d.rule) // the connection may have ended
	}
}

// ended sends what is kept back at once, because later the receiver is gone.
func (f *late) ended(w way) {
	for _, d := range f.forget(w) {
		_ = d.conn.InjectLast(w.dir, d.out, d.rule) // the connection may have ended
	}
}

// forget stops keeping commands of one direction, and returns them, except for one that due is
// sending just now.
func (f *late) forget(w way) (kept []*delayed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range f.kept[w] {
		if d.sending {
			continue
		}
		d.timer.Stop()
		f.room.give(len(d.out))
		kept = append(kept, d)
	}
	delete(f.kept, w)
	return kept
}

func (f *late) closed(conn int) {
	for _, dir := range []decode.Dir{decode.FromClient, decode.FromServer} {
		f.forget(way{conn, dir})
	}
}
