package ui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/msntest"
)

// boxGoldens compares the box with a title that stands over the panes after the keys, in every
// size, with the goldens of that name. What is behind it has goldens of its own.
func boxGoldens(t *testing.T, name, title string, o func() Options, keys ...string) {
	t.Helper()
	for _, size := range sizes {
		b := open(t, size[0], size[1], o())
		b.press(keys...)
		msntest.Golden(t, fmt.Sprintf("%s-%dx%d.txt", name, size[0], size[1]), []byte(boxOf(b.glass.text(), title)))
	}
}

// boxOf cuts the box with a title out of a screen, "" where there is none.
func boxOf(screen, title string) string {
	var out []string
	left, width := -1, 0
	for row := range strings.Lines(screen) {
		cells := []rune(strings.TrimSuffix(row, "\n"))
		if at := strings.Index(row, "┌─ "+title+" "); left < 0 && at >= 0 {
			left = len([]rune(row[:at]))
			width = slices.Index(cells[left:], '┐') + 1
		}
		if left < 0 || width <= 0 || len(cells) < left+width {
			continue
		}
		out = append(out, string(cells[left:left+width])+"\n")
		if cells[left] == '└' {
			break
		}
	}
	return strings.Join(out, "")
}
