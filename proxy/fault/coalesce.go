package fault

import (
	"context"
	"io"
	"sync"
	"time"
)

// coalesce keeps commands back until there are several, or it has waited long enough, and sends them in one write.
type coalesce struct {
	count int
	most  time.Duration

	mu   sync.Mutex
	kept map[way]*batch
}

// batch is what is kept back in one direction. A connection that is cut off takes it along: its receiver is gone.
type batch struct {
	mu    sync.Mutex
	out   []byte
	n     int
	timer *time.Timer
	last  io.Writer
}

func newCoalesce(ks *keys) fault {
	return &coalesce{count: ks.int("count", 2, 1), most: ks.ms("ms", 1000), kept: map[way]*batch{}}
}

// maxKept bounds what is kept back of one direction: a command of the greatest size has room.
const maxKept = 2 << 20

func (f *coalesce) of(w way) *batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.kept[w]
	if b == nil {
		b = &batch{}
		f.kept[w] = b
	}
	return b
}

// ended sends what is kept back: its receiver is there still.
func (f *coalesce) ended(w way) {
	f.mu.Lock()
	b := f.kept[w]
	f.mu.Unlock()
	if b != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		_ = b.sendLocked() // or the receiver is gone
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
	b := f.of(h.key)
	h.through(func(w io.Writer, out []byte) error { return b.add(w, out, f.count, f.most) })
}

// pass sends what is kept back with what comes, so that the order stays.
func (f *coalesce) pass(_ context.Context, h *hit) {
	f.mu.Lock()
	b := f.kept[h.key]
	f.mu.Unlock()
	if b != nil {
		h.through(func(w io.Writer, out []byte) error { return b.add(w, out, 0, 0) })
	}
}

// add keeps a command back, or sends it with the others when there are enough.
func (b *batch) add(w io.Writer, out []byte, count int, most time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out, b.last = append(b.out, out...), w
	if b.n++; b.n >= count || len(b.out) > maxKept {
		return b.sendLocked()
	}
	if b.timer == nil {
		b.timer = time.AfterFunc(most, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			_ = b.sendLocked() // the next command finds out that the receiver is gone
		})
	}
	return nil
}

func (b *batch) sendLocked() error {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	out := b.out
	b.out, b.n = nil, 0
	if len(out) == 0 {
		return nil
	}
	_, err := b.last.Write(out)
	return err
}

func (b *batch) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer != nil {
		b.timer.Stop()
	}
	b.out = nil
}
