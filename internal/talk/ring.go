package talk

import (
	"slices"
	"sync"
	"time"
)

// maxLines is how many lines a Ring keeps: a screenful or two.
const maxLines = 200

// Ring keeps the latest 200 lines. The zero value is empty and ready to use. It is safe for
// concurrent use.
type Ring struct {
	mu    sync.Mutex
	lines []string
}

// Add appends a line, prefixed with the time of day. It has the signature of NewLogger's argument.
func (r *Ring) Add(at time.Time, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, at.Format("15:04:05 ")+line)
	if len(r.lines) > maxLines {
		r.lines = r.lines[len(r.lines)-maxLines:]
	}
}

// Lines returns the lines, the oldest first. The caller owns the slice.
func (r *Ring) Lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}
