package fault

import (
	"context"
	"io"
	"time"
)

// bandwidth sends slowly: what a tenth of a second carries, then the rest of that time nothing.
type bandwidth struct{ rate int } // bytes a second

func newBandwidth(ks *keys) fault { return &bandwidth{1000 * ks.int("rate", 4, 1)} }

const beat = 100 * time.Millisecond

func (f *bandwidth) do(ctx context.Context, h *hit) {
	h.Send = func(w io.Writer, out []byte) error {
		piece := max(1, f.rate/int(time.Second/beat))
		return inPieces(ctx, w, out, func() (int, time.Duration) { return piece, beat })
	}
}

// inPieces writes in pieces of the sizes, and with the pauses, that next says.
func inPieces(ctx context.Context, w io.Writer, out []byte, next func() (size int, pause time.Duration)) error {
	for len(out) > 0 {
		size, pause := next()
		n := min(size, len(out))
		if _, err := w.Write(out[:n]); err != nil {
			return err
		}
		out = out[n:]
		if pause > 0 && len(out) > 0 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return nil
}
