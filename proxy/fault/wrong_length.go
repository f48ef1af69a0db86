package fault

import (
	"context"
	"strconv"

	"github.com/msnscope/msnscope/decode/dialect"
)

// wrongLength changes the length of the payload in the line (§8.7).
type wrongLength struct{ by int }

func newWrongLength(ks *keys) fault { return &wrongLength{ks.int("by", 1, -1<<20)} }

func (f *wrongLength) do(_ context.Context, h *hit) {
	if h.In.Row == nil {
		return
	}
	m := h.Sent()
	for i := range h.In.Row.Args {
		if h.In.Row.Args[i].Kind != dialect.Length {
			continue
		}
		n, err := strconv.Atoi(string(m.Arg(i)))
		if err != nil {
			return
		}
		edit := dialect.Edit{Args: map[string]string{h.In.Row.Args[i].Name: strconv.Itoa(n + f.by)}}
		if out, err := h.In.Row.Apply(&m, edit); err == nil {
			h.Out = out
		}
		return
	}
}
