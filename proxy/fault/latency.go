package fault

import (
	"context"
	"time"
)

// latency delays the command, and everything that its sender says after it.
type latency struct{ wait, jitter time.Duration }

func newLatency(ks *keys) fault { return &latency{ks.ms("ms", 500), ks.ms("jitter", 0)} }

func (f *latency) do(ctx context.Context, h *hit) {
	d := f.wait
	if f.jitter > 0 {
		d += time.Duration(h.rand.Int64N(int64(2*f.jitter))) - f.jitter
	}
	h.wait(ctx, max(0, d))
}
