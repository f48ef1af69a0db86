package fault

import (
	"context"
	"io"

	"github.com/msnscope/msnscope/decode"
)

// signOff sends OUT with a reason to the client, and ends the connection (§7.10).
type signOff struct{ reason string }

func newOut(ks *keys) fault { return &signOff{ks.word("reason", "OTH", "SSD")} }

func (f *signOff) do(_ context.Context, h *hit) {
	line := []byte("OUT " + f.reason + "\r\n")
	conn, rule := h.Conn, h.rule.text
	if h.key.dir == decode.FromClient {
		h.Drop = true
		_ = conn.Inject(decode.FromServer, line, rule)
		conn.Kill(false, rule)
		return
	}
	h.Out = line
	h.through(func(w io.Writer, out []byte) error {
		_, err := w.Write(out)
		conn.Kill(false, rule)
		return err
	})
}
