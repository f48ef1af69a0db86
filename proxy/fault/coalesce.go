package fault

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/msnscope/msnscope/proxy"
)

// coalesce keeps commands back until there are several, or the first has waited long enough, and
// sends them in one write.
type coalesce struct {
	count int
	most  time.Duration
	room  *room

	mu   sync.Mutex
	kept map[way]*batch
}

// batch is what coalesce keeps back in one direction. When the connection is cut off the batch is
// dropped, because its receiver is gone.
type batch struct {
	room *room
	conn *proxy.Conn
	way  way

	mu    sync.Mutex // taken while the receiver's lock is held
	out   []byte
	n     int
	timer *time.Timer
	last  io.Writer
}

func newCoalesce(ks *keys) fault {
	return &coalesce{room: ks.room, count: ks.int("count", 2, 1), most: ks.ms("ms", 1000), kept: map[way]*batch{}}
}

// maxKept bounds the bytes that are kept back of one direction: a command of the greatest size
// fits.
const maxKept = 2 << 20

func (f *coalesce) of(h *hit) *batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.kept[h.key]
	if b == nil {
		b = &batch{room: f.room, conn: h.Conn, way: h.key}
		f.kept[h.key] = b
	}
	return b
}

// ended sends what is kept back, as long as the receiver is still there.
func (f *coalesce) ended(w way) {
	f.mu.Lock()
	b := f.kept[w]
	f.mu.Unlock()
	if b != nil {
		b.conn.SendKept(w.dir, b.take)
	}
}

func (f *coalesce) closed(conn int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w, b := range f.kept {
		if w.conn == conn {
			b.forget()
			delete(f.kept, w)
		}
	}
}

func (f *coalesce) do(_ context.Context, h *hit) {
	b := f.of(h)
	h.through(func(w io.Writer, out []byte) error { return b.add(w, out, f.count, f.most) })
}

// pass sends what is kept back together with the next command, so that the order stays.
func (f *coalesce) pass(_ context.Context, h *hit) {
	f.mu.Lock()
	b := f.kept[h.key]
	f.mu.Unlock()
	if b != nil {
		h.through(func(w io.Writer, out []byte) error { return b.add(w, out, 0, 0) })
	}
}

// add keeps a command back, or sends it with the others once there are count of them.
func (b *batch) add(w io.Writer, out []byte, count int, most time.Duration) error {
	b.mu.Lock()
	b.out, b.last = append(b.out, out...), w
	fits := b.room.add(len(out))
	b.n++
	if b.n < count && len(b.out) <= maxKept && fits {
		if b.timer == nil {
			b.timer = time.AfterFunc(most, func() { b.conn.SendKept(b.way.dir, b.take) })
		}
		b.mu.Unlock()
		return nil
	}
	b.mu.Unlock()
	all, _ := b.take()
	_, err := w.Write(all)
	return err
}

// take empties the batch: it returns the bytes that were kept back, and the writer that they go to.
func (b *batch) take() ([]byte, io.Writer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	out := b.out
	b.room.give(len(out))
	b.out, b.n = nil, 0
	return out, b.last
}

func (b *batch) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil {
		b.timer.Stop()
	}
	b.room.give(len(b.out))
	b.out = nil
}
