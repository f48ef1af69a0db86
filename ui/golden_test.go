package ui

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
)

// TestMain takes the zone of the machine from the times on the screen.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

// sizes are the windows in which every screen has a golden.
var sizes = [][2]int{{80, 24}, {100, 30}, {140, 42}, {250, 70}}

// goldens compares what the panes show after the keys, in every size, with the goldens of that
// name. The lines above and below the panes have tests of their own.
func goldens(t *testing.T, name string, o func() Options, keys ...string) {
	t.Helper()
	for _, size := range sizes {
		b := open(t, size[0], size[1], o())
		b.press(keys...)
		rows := strings.SplitAfter(b.glass.text(), "\n")
		panes := strings.Join(rows[2:len(rows)-2], "")
		msntest.Golden(t, fmt.Sprintf("%s-%dx%d.txt", name, size[0], size[1]), []byte(panes))
	}
}
