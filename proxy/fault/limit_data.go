package fault

import (
	"context"
	"io"
	"sync"
)

// limitData lets a number of bytes pass, then closes the connection.
type limitData struct {
	bytes int

	mu     sync.Mutex
	passed map[way]int // in the directions in which the rule has hit
}

func newLimitData(ks *keys) fault {
	return &limitData{bytes: ks.int("bytes", 1000, 0), passed: map[way]int{}}
}

func (f *limitData) closed(conn int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.passed {
		if w.conn == conn {
			delete(f.passed, w)
		}
	}
}

func (f *limitData) do(_ context.Context, h *hit) {
	h.through(func(w io.Writer, out []byte) error { return f.send(h, w, out) })
}

func (f *limitData) pass(_ context.Context, h *hit) {
	f.mu.Lock()
	_, begun := f.passed[h.key]
	f.mu.Unlock()
	if begun {
		h.through(func(w io.Writer, out []byte) error { return f.send(h, w, out) })
	}
}

// send writes as much as the limit still allows; beyond it, it closes the connection.
func (f *limitData) send(h *hit, w io.Writer, out []byte) error {
	f.mu.Lock()
	left := f.bytes - f.passed[h.key]
	f.passed[h.key] += len(out)
	f.mu.Unlock()
	n := max(0, min(left, len(out)))
	_, err := w.Write(out[:n])
	if n < len(out) {
		h.Conn.Kill(false, h.rule.text)
	}
	return err
}
