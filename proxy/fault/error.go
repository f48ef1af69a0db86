package fault

import (
	"context"
	"fmt"

	"github.com/msnscope/msnscope/decode"
)

// answerError answers a command of the client with an error (§7.11), and keeps it from the server.
type answerError struct{ code int }

func newError(ks *keys) fault {
	f := &answerError{ks.int("code", 500, 100)}
	if f.code > 999 {
		ks.fail("code", fmt.Sprint(f.code), "three digits")
	}
	return f
}

// can is false for what servers say: an error answers a request.
func (f *answerError) can(h *hit) bool { return h.key.dir == decode.FromClient }

func (f *answerError) do(_ context.Context, h *hit) {
	line := fmt.Sprintf("%03d", f.code)
	if h.In.In.HasTrID {
		line += " " + string(h.In.In.TrIDText())
	}
	h.Drop, h.Reply = true, append(h.Reply, []byte(line+"\r\n"))
}
