package fault

import (
	"bytes"
	"context"
	"slices"
)

// duplicate sends the command more than once.
type duplicate struct{ times int }

func newDuplicate(ks *keys) fault { return &duplicate{min(ks.int("times", 1, 1), maxTimes)} }

func (f *duplicate) do(_ context.Context, h *hit) {
	for range min(f.times, h.space(len(h.Out))) {
		h.After = append(h.After, bytes.Clone(h.Out))
	}
}

// Caps of what all rules add to one command, enough to show what a flood does. It leaves in one
// write, and each command of it is an event, so that peers who send megabytes pay with the memory
// of the proxy.
const (
	maxTimes     = 100
	maxCopyBytes = 1 << 20 // one addition is allowed in any case
)

// space returns how many commands of n bytes may still be added to this one.
func (h *hit) space(n int) int {
	added, size := len(h.Before)+len(h.After), 0
	for _, b := range slices.Concat(h.Before, h.After) {
		size += len(b)
	}
	if added == 0 && n >= maxCopyBytes {
		return 1
	}
	return max(0, min(maxTimes-added, (maxCopyBytes-size)/max(1, n)))
}
