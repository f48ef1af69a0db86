package fault

import (
	"context"
	"time"
)

// resetPeer ends both connections with a reset.
type resetPeer struct{ after time.Duration }

func newResetPeer(ks *keys) fault { return &resetPeer{ks.ms("ms", 0)} }

func (f *resetPeer) do(ctx context.Context, h *hit) {
	h.Drop = true
	if h.wait(ctx, f.after) {
		h.Conn.Kill(true, h.rule.text)
	}
}
