package fault

import (
	"bytes"
	"testing"

	"github.com/msnscope/msnscope/proxy"
)

// TestDuplicateIsBounded: the copies of a large command are few, whatever the rule asks for.
func TestDuplicateIsBounded(t *testing.T) {
	for _, tt := range []struct{ size, times, want int }{
		{20, 3, 3},
		{20, 1 << 30, maxTimes},
		{100 << 10, 100, 10},
		{1 << 20, 100, 1},
		{1<<20 + 20, 100, 1},
		{0, 2, 2},
	} {
		h := &hit{Exchange: &proxy.Exchange{Out: bytes.Repeat([]byte("x"), tt.size)}}
		(&duplicate{min(tt.times, maxTimes)}).do(t.Context(), h)
		if len(h.After) != tt.want {
			t.Errorf("%d copies of %d bytes, %d times, want %d", len(h.After), tt.size, tt.times, tt.want)
		}
		if tt.times > tt.want { // no other rule adds to these
			(&duplicate{maxTimes}).do(t.Context(), h)
			(&garbage{bytes: 1 << 16}).do(t.Context(), h)
			if n := len(h.Before) + len(h.After); n != tt.want {
				t.Errorf("three rules add %d commands to one of %d bytes, want %d", n, tt.size, tt.want)
			}
		}
	}
}
