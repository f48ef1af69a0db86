package ui

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"
)

// thrifty is a terminal that gets the output of tcell in fewer bytes: a change of style is one
// sequence, not one for each colour and attribute, and the cursor moves within a row by its column
// alone.
type thrifty struct{ tcell.Tty }

// Write writes the output of one drawing, shortened. No sequence continues in the next call.
func (t thrifty) Write(b []byte) (int, error) {
	if _, err := t.Tty.Write(within(sequences.ReplaceAllFunc(b, joined))); err != nil {
		return 0, err
	}
	return len(b), nil
}

var (
	sequences = regexp.MustCompile(`\x1b\[m(\x1b\[[0-9;]+m)+`)
	// control is a sequence, or a character that is none to be seen.
	control = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]|\x1b|[\x00-\x1a]`)
	move    = regexp.MustCompile(`^\x1b\[(\d+);(\d+)H$`)
)

// joined joins a sequence that resets the style and those that set it into one.
func joined(b []byte) []byte {
	s := strings.ReplaceAll(string(b[len("\x1b[m"):len(b)-1]), "m\x1b[", ";")
	return []byte("\x1b[;" + strings.TrimPrefix(s, "\x1b[") + "m")
}

// within shortens those moves of the cursor that stay in its row: to a column, or by some columns.
func within(b []byte) []byte {
	var out []byte
	row, column, at := "", 0, 0 // column is 0 where it is not known
	for _, m := range control.FindAllIndex(b, -1) {
		text, code := b[at:m[0]], b[m[0]:m[1]]
		out, at = append(out, text...), m[1]
		if column > 0 {
			column += uniseg.StringWidth(string(text))
		}
		switch to := move.FindSubmatch(code); {
		case to != nil:
			next, _ := strconv.Atoi(string(to[2])) // digits are a number
			out = append(out, shortest(string(code), string(to[1]) == row, column, next)...)
			row, column = string(to[1]), next
		case code[len(code)-1] == 'm', bytes.HasPrefix(code, []byte("\x1b[?")):
			out = append(out, code...)
		default:
			out, column = append(out, code...), 0
		}
	}
	return append(out, b[at:]...)
}

// shortest returns the shortest sequence that moves the cursor as code does, to the column to, from
// the column from, which is 0 if unknown.
func shortest(code string, sameRow bool, from, to int) string {
	if !sameRow {
		return code
	}
	code = "\x1b[" + strconv.Itoa(to) + "G"
	if by := to - from; from > 0 && by > 0 {
		if forward := "\x1b[" + strconv.Itoa(by) + "C"; len(forward) < len(code) {
			return forward
		}
	}
	return code
}
