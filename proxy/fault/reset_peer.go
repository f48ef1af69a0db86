package fault

import (
	"context"
	"time"
)

// resetPeer closes the connections to client and server with a TCP reset.
type resetPeer struct{ after time.Duration }

func newResetPeer(ks *keys) fault { return &resetPeer{ks.ms("ms", 0)} }

func (f *resetPeer) do(ctx context.Context, h *hit) {
	h.Drop = true
	if h.wait(ctx, f.after) {
		h.Conn.Kill(true, h.rule.text)
	}
}
