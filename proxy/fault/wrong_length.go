package fault

import (
	"context"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/decode/dialect"
)

// wrongLength changes the length of the payload in the line (§8.7).
type wrongLength struct{ by int }

func newWrongLength(ks *keys) fault { return &wrongLength{ks.int("by", 1, -1<<20)} }

// can is false for commands without a length.
func (f *wrongLength) can(h *hit) bool {
	return h.In.Row != nil && slices.ContainsFunc(h.In.Row.Args, isLength)
}

func isLength(a dialect.Arg) bool { return a.Kind == dialect.Length }

func (f *wrongLength) do(_ context.Context, h *hit) {
	m := h.Sent()
	i := slices.IndexFunc(h.In.Row.Args, isLength)
	n, err := strconv.Atoi(string(m.Arg(i)))
	if err != nil {
		return
	}
	edit := dialect.Edit{Args: map[string]string{h.In.Row.Args[i].Name: strconv.Itoa(n + f.by)}}
	if out, err := h.In.Row.Apply(&m, edit); err == nil {
		h.Out = out
	}
}
