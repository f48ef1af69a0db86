package fault

import (
	"context"
	"time"
)

// timeout sends nothing more in this direction, and closes the connection after a while.
type timeout struct{ after time.Duration }

func newTimeout(ks *keys) fault { return &timeout{ks.ms("ms", 0)} }

func (f *timeout) do(ctx context.Context, h *hit) {
	h.Drop = true
	h.Flush()
	gone, stop := h.Watch()
	defer stop()
	var late <-chan time.Time
	if f.after > 0 {
		timer := time.NewTimer(f.after)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-ctx.Done():
	case <-late:
		h.Conn.Kill(false, h.rule.text)
	case <-gone: // nothing that the sender said is sent on, so the receiver would wait for ever
		h.Conn.Kill(false, h.rule.text)
	}
}
