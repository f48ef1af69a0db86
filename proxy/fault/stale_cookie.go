package fault

import (
	"context"

	"github.com/msnscope/msnscope/decode/dialect"
)

// staleCookie changes the last digit of a cookie (§8.1, §8.2, §8.4).
type staleCookie struct{}

func newStaleCookie(*keys) fault { return staleCookie{} }

func (staleCookie) do(_ context.Context, h *hit) {
	if h.In.Row == nil {
		return
	}
	m := h.Sent()
	for i := range h.In.Row.Args {
		if word := m.Arg(i); h.In.Row.Args[i].Kind == dialect.Cookie && len(word) > 0 {
			start, end := m.ArgSpan(i)
			out := append([]byte(nil), h.Out...)
			out[end-1] = other(out[start:end])
			h.Out = out
			return
		}
	}
}

// other returns a byte that differs from the last one of the word.
func other(word []byte) byte {
	if word[len(word)-1] == '0' {
		return '1'
	}
	return '0'
}
