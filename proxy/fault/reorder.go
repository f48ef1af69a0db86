package fault

import (
	"context"
	"sync"
	"time"

	"github.com/msnscope/msnscope/proxy"
)

// reorder sends the command after the next one of its direction, or by itself when none comes in
// time.
type reorder struct {
	most time.Duration
	room *room

	mu   sync.Mutex
	kept map[way]*straggler
}

// straggler is a command that reorder keeps back.
type straggler struct {
	out   []byte
	timer *time.Timer
	conn  *proxy.Conn
	rule  string
}

func newReorder(ks *keys) fault {
	return &reorder{most: ks.ms("ms", 1000), room: ks.room, kept: map[way]*straggler{}}
}

func (f *reorder) do(ctx context.Context, h *hit) {
	f.pass(ctx, h) // the one before comes after this one, which waits in its turn only if nothing did
	if len(h.After) > 0 || !f.room.take(len(h.Out)) {
		return
	}
	h.Drop = true
	s := &straggler{out: append([]byte(nil), h.Out...), conn: h.Conn, rule: h.rule.text}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept[h.key] = s
	key := h.key
	s.timer = time.AfterFunc(f.most, func() { f.alone(key, s) })
}

// pass sends the command that was kept back after this one.
func (f *reorder) pass(_ context.Context, h *hit) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.kept[h.key]; s != nil && s.timer.Stop() {
		h.After = append(h.After, s.out)
		f.room.give(len(s.out))
		h.By(h.rule.text)
		delete(f.kept, h.key)
	}
}

// alone sends a command that no other one has followed in time, unless pass has sent it meanwhile.
func (f *reorder) alone(key way, s *straggler) {
	f.mu.Lock()
	mine := f.kept[key] == s
	if mine {
		delete(f.kept, key)
	}
	f.mu.Unlock()
	if mine {
		f.room.give(len(s.out))
		_ = s.conn.InjectLast(key.dir, s.out, s.rule) // the connection may have ended
	}
}

// ended sends the command that was kept back, because no other one follows it.
func (f *reorder) ended(w way) {
	f.mu.Lock()
	s := f.kept[w]
	f.mu.Unlock()
	if s != nil && s.timer.Stop() {
		f.alone(w, s)
	}
}

func (f *reorder) closed(conn int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w, s := range f.kept {
		if w.conn == conn {
			s.timer.Stop()
			f.room.give(len(s.out))
			delete(f.kept, w)
		}
	}
}
