package fault

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/msnscope/msnscope/proxy"
)

// late sends the command later; others overtake it.
type late struct {
	by time.Duration

	mu   sync.Mutex
	kept map[way][]*delayed // the oldest first
}

// delayed is a command that is on its way.
type delayed struct {
	out   []byte
	timer *time.Timer
	conn  *proxy.Conn
	rule  string
}

func newLate(ks *keys) fault {
	return &late{by: ks.ms("ms", 5000), kept: map[way][]*delayed{}}
}

// maxLate bounds how many commands of one direction are on their way.
const maxLate = 1000

func (f *late) do(_ context.Context, h *hit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.kept[h.key]) >= maxLate {
		return
	}
	h.Drop = true
	d := &delayed{out: append([]byte(nil), h.Out...), conn: h.Conn, rule: h.rule.text}
	key := h.key
	d.timer = time.AfterFunc(f.by, func() {
		f.mu.Lock() // and so the timer is set
		f.kept[key] = slices.DeleteFunc(f.kept[key], func(o *delayed) bool { return o == d })
		f.mu.Unlock()
		_ = d.conn.Inject(key.dir, d.out, d.rule) // the connection may have ended
	})
	f.kept[key] = append(f.kept[key], d)
}

// ended sends what is on its way: later there is nobody to send it to.
func (f *late) ended(w way) {
	f.mu.Lock()
	kept := f.kept[w]
	delete(f.kept, w)
	f.mu.Unlock()
	for _, d := range kept {
		if d.timer.Stop() {
			_ = d.conn.Inject(w.dir, d.out, d.rule) // the connection may have ended
		}
	}
}

func (f *late) closed(conn int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w, kept := range f.kept {
		if w.conn != conn {
			continue
		}
		for _, d := range kept {
			d.timer.Stop()
		}
		delete(f.kept, w)
	}
}
