package fault

import "context"

// down closes the connection.
type down struct{}

func newDown(*keys) fault { return down{} }

func (down) do(_ context.Context, h *hit) {
	h.Drop = true
	h.Conn.Kill(false, h.rule.text)
}
