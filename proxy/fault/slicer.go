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
	h.Send = func(w io.Writer, out []byte) error {
		return inPieces(ctx, w, out, func() (int, time.Duration) {
			size := f.size
			if f.variation > 0 {
				size = max(1, size+h.rand.IntN(2*f.variation+1)-f.variation)
			}
			return size, f.pause
		})
	}
}
