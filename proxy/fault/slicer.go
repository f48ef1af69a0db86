package fault

import (
	"context"
	"io"
	"time"
)

// slicer sends the command in pieces.
type slicer struct {
	size, variation int
	pause           time.Duration
}

func newSlicer(ks *keys) fault {
	return &slicer{ks.int("size", 1, 1), ks.int("variation", 0, 0), ks.ms("ms", 0)}
}

func (f *slicer) do(ctx context.Context, h *hit) {
	h.through(func(w io.Writer, out []byte) error {
		for {
			size := f.size
			if f.variation > 0 {
				size = max(1, size+h.rand.IntN(2*f.variation+1)-f.variation)
			}
			n := min(size, len(out))
			if _, err := w.Write(out[:n]); err != nil {
				return err
			}
			if out = out[n:]; len(out) == 0 {
				return nil
			}
			if err := pause(ctx, f.pause); err != nil {
				return err
			}
		}
	})
}
