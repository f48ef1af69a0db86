package fault

import (
	"context"
	"sync"
	"time"
)

// late sends the command later; others overtake it.
type late struct {
	by time.Duration

	mu     sync.Mutex
	timers map[int]map[*time.Timer]bool // by connection
}

func newLate(ks *keys) fault {
	return &late{by: ks.ms("ms", 5000), timers: map[int]map[*time.Timer]bool{}}
}

// maxLate bounds how many commands of one connection are on their way.
const maxLate = 1000

func (f *late) do(_ context.Context, h *hit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	mine := f.timers[h.key.conn]
	if mine == nil {
		mine = make(map[*time.Timer]bool)
		f.timers[h.key.conn] = mine
	}
	if len(mine) >= maxLate {
		return
	}
	h.Drop = true
	conn, dir, out, rule := h.Conn, h.key.dir, append([]byte(nil), h.Out...), h.rule.text
	var t *time.Timer
	t = time.AfterFunc(f.by, func() {
		f.mu.Lock() // and so t is set
		delete(mine, t)
		f.mu.Unlock()
		_ = conn.Inject(dir, out, rule) // the connection may have ended
	})
	mine[t] = true
}

func (f *late) closed(conn int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for t := range f.timers[conn] {
		t.Stop()
	}
	delete(f.timers, conn)
}
