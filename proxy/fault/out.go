package fault

import (
	"context"
	"io"
	"time"

	"github.com/msnscope/msnscope/decode"
)

// signOff sends OUT with a reason to the client, and closes the connection (§7.10).
type signOff struct{ reason string }

func newOut(ks *keys) fault { return &signOff{ks.word("reason", "OTH", "SSD")} }

// lastWord is how long signOff waits for a client that does not read.
const lastWord = time.Second

func (f *signOff) do(ctx context.Context, h *hit) {
	line := []byte("OUT " + f.reason + "\r\n")
	conn, rule := h.Conn, h.rule.text
	if h.key.dir == decode.FromClient {
		h.Drop = true
		_ = conn.Inject(decode.FromServer, line, rule)
		for until := time.Now().Add(lastWord); conn.Waits(decode.FromServer) && time.Now().Before(until); {
			if !h.wait(ctx, 10*time.Millisecond) {
				break
			}
		}
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
