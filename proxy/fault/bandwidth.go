package fault

import (
	"context"
	"io"
	"sync"
	"time"
)

// bandwidth sends slowly: as many bytes as its rate allows in a tenth of a second, then nothing
// until these would have been transmitted. Short commands of a direction wait for one another
// likewise.
type bandwidth struct {
	rate int // bytes a second

	mu   sync.Mutex
	free map[way]time.Time // when what was sent has been transmitted
}

func newBandwidth(ks *keys) fault {
	return &bandwidth{rate: 1000 * ks.int("rate", 4, 1), free: map[way]time.Time{}}
}

const beat = 100 * time.Millisecond

func (f *bandwidth) do(ctx context.Context, h *hit) {
	key := h.key
	h.through(func(w io.Writer, out []byte) error {
		for piece := f.rate / int(time.Second/beat); len(out) > 0; {
			n := min(piece, len(out))
			if err := pause(ctx, f.take(key, n)); err != nil {
				return err
			}
			if _, err := w.Write(out[:n]); err != nil {
				return err
			}
			out = out[n:]
		}
		return nil
	})
}

// take reserves the time that n bytes take after those before them, and returns how long they have
// to wait for its beginning.
func (f *bandwidth) take(w way, n int) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	wait := max(0, f.free[w].Sub(now))
	f.free[w] = now.Add(wait + time.Duration(n)*time.Second/time.Duration(f.rate))
	return wait
}

func (f *bandwidth) closed(conn int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.free {
		if w.conn == conn {
			delete(f.free, w)
		}
	}
}

// pause waits for d. The error is that of ctx if it ends first, because the connection did.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
