package ui

import (
	"slices"
	"testing"
)

// TestFramesLeaveNothingBehind: after each key the terminal shows what it would show if all of it
// were sent anew, on every screen.
func TestFramesLeaveNothingBehind(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {140, 42}} {
		b := open(t, size[0], size[1], chat())
		for _, key := range []string{
			"G", "k", "F5", "k", "k", "l", "h", "L", "L", "z", "z", "g", "V", "j", "Enter", "j", "j", "k", "G", "g",
			"j", "Enter", "j", "j", "k", "Esc", "Esc", "K", "j", "F4", "k", "d", "d", "S", "j", "j", "k", "Tab", "l",
			"Esc", "3", "j", "j", "4", "j", "1", "j", "j", "k", "2", "J", "j", "Esc", "\\", "j", "\\",
		} {
			b.press(key)
			cells, styles := slices.Clone(b.glass.cells), slices.Clone(b.glass.styles)
			b.screen.Sync()
			b.settle()
			for y := 1; y < len(cells); y++ { // the first line has the memory in use, which changes by itself
				for x := range cells[y] {
					was := glyph{string(cells[y][x]), styles[y][x]}
					is := glyph{string(b.glass.cells[y][x]), b.glass.styles[y][x]}
					hidden := is.text == "\x00" && was.text == is.text // behind a wide character
					if !hidden && !was.looksLike(&is) {
						t.Fatalf("%v, after %q: cell %d, %d was %v, and is %v when sent anew", size, key, x, y, was, is)
					}
				}
			}
		}
	}
}
