package replay

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/notation"
)

// TestLoopsAreBounded: a scenario of some hundred bytes cannot stand for a memory full of lines,
// nor for lines without end. (Before: 22 GB.)
func TestLoopsAreBounded(t *testing.T) {
	// nested returns loops within each other, each over n words.
	nested := func(depth, n int, line string) string {
		var b strings.Builder
		for i := range depth {
			fmt.Fprintf(&b, "for v%d in%s\n", i, strings.Repeat(" word", n))
		}
		return "user a a@b.c\n" + b.String() + line + "\n" + strings.Repeat("end\n", depth)
	}
	long := strings.Repeat("w", 1000)
	for name, text := range map[string]string{
		"many loops":         nested(20, 10, "# {v0}"),
		"many words":         nested(2, 1000, "# {v0}"),
		"one end is missing": strings.TrimSuffix(nested(6, 20, "# {v0}"), "end\n"),
		"a long word in a long line": "for w in " + long + " " + long + "\n" +
			strings.Repeat("# "+strings.Repeat("{w}", 20_000)+"\n", 4) + "end\n",
		"a word that is the loop": "for w in {w.{w.{w. x\n# {w.\nend\n",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseScenario(text)
		runtime.ReadMemStats(&after)
		if wrong := (*notation.Error)(nil); !errors.As(err, &wrong) || !strings.Contains(wrong.Msg, "loop") {
			t.Errorf("%s: %v, want an error about the loops", name, err)
		}
		// The race detector makes pools forget most of what they keep: there it is a gigabyte.
		if made := (after.TotalAlloc - before.TotalAlloc) >> 20; made > 3000 {
			t.Errorf("%s: %d MB for %d bytes", name, made, len(text))
		}
	}
	if _, err := ParseScenario(nested(3, 40, "# {v0} {v1} {v2}")); err != nil {
		t.Errorf("65,640 lines of loops: %v", err)
	}
}
