package fault

import "context"

// duplicate sends the command more than once.
type duplicate struct{ times int }

func newDuplicate(ks *keys) fault { return &duplicate{min(ks.int("times", 1, 1), maxTimes)} }

// maxTimes is enough to see what a flood does; a command may be 1 MB.
const maxTimes = 100

func (f *duplicate) do(_ context.Context, h *hit) {
	for range f.times {
		h.After = append(h.After, append([]byte(nil), h.Out...))
	}
}
