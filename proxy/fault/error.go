package fault

import (
	"context"
	"fmt"

	"github.com/msnscope/msnscope/decode"
)

// answerError answers a request with an error (§7.11), or replaces an answer by one.
type answerError struct{ code int }

func newError(ks *keys) fault {
	f := &answerError{ks.int("code", 500, 100)}
	if f.code > 999 {
		ks.fail("code", fmt.Sprint(f.code), "three digits")
	}
	return f
}

func (f *answerError) do(_ context.Context, h *hit) {
	line := fmt.Sprintf("%03d", f.code)
	if h.In.In.HasTrID {
		line += " " + string(h.In.In.TrIDText())
	}
	line += "\r\n"
	if h.key.dir == decode.FromServer {
		h.Out = []byte(line)
		return
	}
	h.Drop, h.Reply = true, append(h.Reply, []byte(line))
}
