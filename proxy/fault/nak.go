package fault

import (
	"context"

	"github.com/msnscope/msnscope/decode"
)

// nak drops a message on its way to the switchboard, and answers that it could not be delivered if
// the sender wants to hear of failure (§8.7).
type nak struct{}

func newNAK(*keys) fault { return nak{} }

func (nak) do(_ context.Context, h *hit) {
	m := &h.In.In
	if h.key.dir != decode.FromClient || !m.HasTrID {
		return
	}
	h.Drop = true
	if string(m.Arg(0)) != "U" {
		h.Reply = append(h.Reply, []byte("NAK "+string(m.TrIDText())+"\r\n"))
	}
}
