package fault

import (
	"context"
	"time"
)

// timeout sends nothing more in this direction, and ends the connection after a while.
type timeout struct{ after time.Duration }

func newTimeout(ks *keys) fault { return &timeout{ks.ms("ms", 0)} }

func (f *timeout) do(ctx context.Context, h *hit) {
	h.Drop = true
	if f.after == 0 {
		h.Flush()
		<-ctx.Done()
		return
	}
	if h.wait(ctx, f.after) {
		h.Conn.Kill(false, h.rule.text)
	}
}
