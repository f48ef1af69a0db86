package ui

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"

	"github.com/msnscope/msnscope/internal/format"
)

// maxMarks is how many combining characters, such as accents, one character may carry: more than
// any script stacks, few enough that a cell does not grow over its neighbours.
const maxMarks = 4

// printable makes text from the wire safe to show: what it returns has neither control characters
// nor characters that reorder or hide others, and each of its characters takes up columns. All
// such text passes through it, and then through a cell of newCell or through put.
func printable(s string) string { return standing(format.Printable(s)) }

// standing writes in the form \u0301 the combining characters that have no character before them,
// which would not show on the screen, and those beyond maxMarks on one character.
func standing(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxLatin1 }) < 0 {
		return s
	}
	var b strings.Builder
	for state := -1; s != ""; {
		var cluster string
		var width int
		cluster, s, width, state = uniseg.FirstGraphemeClusterInString(s, state)
		keep := 1 + maxMarks
		if width == 0 {
			keep = 0
		}
		for i, r := range []rune(cluster) {
			if i < keep {
				b.WriteRune(r)
				continue
			}
			b.WriteString(escapeRune(r))
		}
	}
	return b.String()
}

// bracket stands for [ in text for tview, whose markup begins with that character and whose own
// escape fails for some texts. It is a private-use character, which printable text does not have,
// so the way back is exact.
const bracket = '\ue05b'

// unmarked returns printable text in a form in which tview finds no markup. It must be drawn on a
// plainScreen.
func unmarked(text string) string { return strings.ReplaceAll(text, "[", string(bracket)) }

// plainScreen is the screen for tview's widgets: it shows what unmarked returned as it was before.
type plainScreen struct{ tcell.Screen }

// SetContent implements tcell.Screen.
func (s plainScreen) SetContent(x, y int, primary rune, combining []rune, style tcell.Style) {
	if primary == bracket {
		primary = '['
	}
	for i, r := range combining { // some scripts join the next character to the one before
		if r == bracket {
			combining[i] = '['
		}
	}
	s.Screen.SetContent(x, y, primary, combining, style)
}

// escapeRune returns a character in the form in which format.Printable writes invisible ones.
func escapeRune(r rune) string {
	if r > 0xffff {
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
