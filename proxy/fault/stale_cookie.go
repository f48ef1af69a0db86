package fault

import (
	"context"

	"github.com/msnscope/msnscope/decode/dialect"
)

// staleCookie changes the last digit of a cookie (§8.1, §8.2, §8.4).
type staleCookie struct{}

func newStaleCookie(*keys) fault { return staleCookie{} }

// can is false for commands without a cookie.
func (staleCookie) can(h *hit) bool {
	_, end := cookie(h)
	return end > 0
}

func (staleCookie) do(_ context.Context, h *hit) {
	start, end := cookie(h)
	out := append([]byte(nil), h.Out...)
	out[end-1] = other(out[start:end])
	h.Out = out
}

// cookie returns where the cookie begins and ends in what is sent on, 0 and 0 if there is none.
func cookie(h *hit) (start, end int) {
	if h.In.Row == nil {
		return 0, 0
	}
	m := h.Sent()
	for i := range h.In.Row.Args {
		if h.In.Row.Args[i].Kind == dialect.Cookie && len(m.Arg(i)) > 0 {
			return m.ArgSpan(i)
		}
	}
	return 0, 0
}

// other returns a byte that differs from the last one of the word.
func other(word []byte) byte {
	if word[len(word)-1] == '0' {
		return '1'
	}
	return '0'
}
