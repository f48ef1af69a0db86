package fault

import "context"

// drop does not send the command on.
type drop struct{}

func newDrop(*keys) fault { return drop{} }

func (drop) do(_ context.Context, h *hit) { h.Drop = true }
