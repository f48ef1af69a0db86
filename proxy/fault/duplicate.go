package fault

import (
	"bytes"
	"context"
)

// duplicate sends the command more than once.
type duplicate struct{ times int }

func newDuplicate(ks *keys) fault { return &duplicate{min(ks.int("times", 1, 1), maxTimes)} }

// Caps of the copies of one command, enough to show what a flood does. They leave in one write, and
// each is an event, so that peers who send megabytes pay with the memory of the proxy.
const (
	maxTimes     = 100
	maxCopyBytes = 1 << 20 // one copy is allowed in any case
)

func (f *duplicate) do(_ context.Context, h *hit) {
	for range min(f.times, max(1, maxCopyBytes/max(1, len(h.Out)))) {
		h.After = append(h.After, bytes.Clone(h.Out))
	}
}
