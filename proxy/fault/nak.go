package fault

import (
	"context"

	"github.com/msnscope/msnscope/decode"
)

// nak drops a message on its way to the switchboard, and answers that it could not be delivered if
// the sender wants to hear of failure (§8.7).
type nak struct{}

func newNAK(*keys) fault { return nak{} }

// can is false for what servers deliver, and for what NAK cannot name.
func (nak) can(h *hit) bool { return h.key.dir == decode.FromClient && h.In.In.HasTrID }

func (nak) do(_ context.Context, h *hit) {
	m := &h.In.In
	h.Drop = true
	if string(m.Arg(0)) != "U" {
		h.Reply = append(h.Reply, []byte("NAK "+string(m.TrIDText())+"\r\n"))
	}
}
