package ui

import (
	"os"
	"regexp"
	"strings"

	"github.com/gdamore/tcell/v2"
)

// newTerminal returns a screen on a terminal, nil for that of the process. The error is that of a
// TERM which is not set, or names no terminal that is known.
func newTerminal(tty tcell.Tty) (tcell.Screen, error) {
	info, err := tcell.LookupTerminfo(os.Getenv("TERM"))
	if err != nil {
		return tcell.NewScreen() // Windows has no TERM
	}
	// Each change of style begins with AttrOff. In most terminals it also leaves the line-drawing
	// character set, which nothing enters where the screen is UTF-8.
	lean := *info
	if strings.HasPrefix(lean.AttrOff, "\x1b(B\x1b[") && isUTF8(locale()) {
		lean.AttrOff = "\x1b[m"
	}
	for _, s := range []*string{
		&lean.AttrOff, &lean.Bold, &lean.Dim, &lean.Underline, &lean.Reverse, &lean.SetCursor, &lean.Clear,
		&lean.ShowCursor, &lean.HideCursor,
	} {
		*s = padding.ReplaceAllString(*s, "") // tcell would sleep for it, and no terminal of today needs that
	}
	if tty == nil {
		if tty, err = tcell.NewDevTty(); err != nil {
			return nil, err
		}
	}
	if isUTF8(locale()) {
		tty = &careful{Tty: tty}
	}
	if lean.XTermLike {
		tty = thrifty{tty}
	}
	return tcell.NewTerminfoScreenFromTtyTerminfo(tty, &lean)
}

// padding matches the times in terminfo that terminals of the 1970s needed for a command.
var padding = regexp.MustCompile(`\$<[0-9.]+[*/]*>`)

// locale returns the character set of the process's locale as tcell finds it, "UTF-8" where none is
// set.
func locale() string {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := os.Getenv(name); value == "C" || value == "POSIX" {
			return "US-ASCII"
		} else if value != "" {
			value, _, _ = strings.Cut(value, "@")
			if _, charset, ok := strings.Cut(value, "."); ok {
				return charset
			}
			return "UTF-8"
		}
	}
	return "UTF-8"
}
