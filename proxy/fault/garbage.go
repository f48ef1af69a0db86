package fault

import "context"

// garbage sends a line that is no command before the command.
type garbage struct{ bytes int }

func newGarbage(ks *keys) fault { return &garbage{min(ks.int("bytes", 40, 1), 1<<16)} }

func (f *garbage) do(_ context.Context, h *hit) {
	if h.space(f.bytes) == 0 {
		return
	}
	line := make([]byte, f.bytes, f.bytes+2)
	for i := range line {
		if line[i] = byte(h.rand.UintN(256)); line[i] == '\n' {
			line[i] = '?'
		}
	}
	line[0] = '?' // no verb begins with it
	h.Before = append(h.Before, append(line, '\r', '\n'))
}
