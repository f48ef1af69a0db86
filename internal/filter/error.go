package filter

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is a mistake in an expression, and its position.
type Error struct {
	// Src is the expression as it was given.
	Src string
	// Offset is the byte offset of the mistake in Src.
	Offset int
	// Msg describes the mistake in one line.
	Msg string
	// Hint describes what would be valid there, "" if unknown.
	Hint string
}

// maxShown is the number of runes of the expression that an error shows on either side of the
// mistake.
const maxShown = 50

// Error returns the message, the expression with a caret under the mistake, and what would be
// valid.
func (e *Error) Error() string {
	before, after := e.Src[:e.Offset], e.Src[e.Offset:]
	before = before[strings.LastIndexByte(before, '\n')+1:]
	after, _, _ = strings.Cut(after, "\n")
	before, after = shown(before), shown(after)
	if n := utf8.RuneCountInString(before); n > maxShown {
		before = "..." + string([]rune(before)[n-maxShown:])
	}
	if n := utf8.RuneCountInString(after); n > maxShown {
		after = string([]rune(after)[:maxShown]) + "..."
	}
	text := fmt.Sprintf("filter: %s\n  %s%s\n  %s^", e.Msg, before, after,
		strings.Repeat(" ", utf8.RuneCountInString(before)))
	if e.Hint != "" {
		text += "\n  " + e.Hint
	}
	return text
}

// shown replaces runes that a terminal would not show as one character.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// unknown sets the message for a name that is not a field.
func (e *Error) unknown(name string) {
	if rest := e.Src[e.Offset:]; strings.HasPrefix(strings.TrimPrefix(rest, name), "(") {
		e.Msg, e.Hint = noFunction(name)
		return
	}
	names := fieldNames()
	e.Msg = fmt.Sprintf("unknown field %q", name)
	e.Hint = "fields: " + strings.Join(names, ", ")
	if verb := strings.ToUpper(name); knownVerb(verb) {
		e.Hint = fmt.Sprintf("for the command write cmd == %q; %s", verb, e.Hint)
	}
	if i := slices.IndexFunc(names, func(f string) bool { return near(f, strings.ToLower(name)) }); i >= 0 {
		e.Hint = fmt.Sprintf("did you mean %s? %s", names[i], e.Hint)
	}
}

// explain rewords the library's most common messages for people who do not know the library.
func (e *Error) explain(msg string) {
	e.Msg = msg
	switch name, isName := strings.CutPrefix(msg, "unknown name "); {
	case isName:
		e.unknown(name)
	case strings.HasPrefix(msg, "expected bool, but got "):
		e.Msg = "the expression must be true or false, this is " + strings.TrimPrefix(msg, "expected bool, but got ")
		e.Hint = `compare it, as in cmd == "XFR" or size > 100`
	case strings.HasPrefix(msg, `unexpected token Operator("=")`):
		e.Msg, e.Hint = "= compares nothing", `== compares, as in cmd == "XFR"`
	case strings.HasPrefix(msg, "unexpected token EOF"):
		e.Msg = "the expression ends too early"
	case strings.HasPrefix(msg, "unexpected token"):
		e.Hint = `conditions are joined by and, or, not: cmd == "MSG" and user contains "bob"`
	case strings.HasSuffix(msg, "to call lower") && strings.Contains(e.Src, foldSign):
		e.Hint = foldSign + ` compares texts, as in payload.text icontains "hello"; int(...) and string(...) convert`
	case strings.Contains(msg, "mismatched types"):
		e.Hint = "text stands in quotation marks, a number does not; int(...) makes a number of a text"
	}
}

// near reports whether two words differ by one letter that is wrong, missing, surplus or swapped
// with its neighbour.
func near(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || len(a) < 3 {
		return a == b
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	switch {
	case i == len(a), a[i+1:] == b[i+1:]:
		return true
	case i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i]:
		return a[i+2:] == b[i+2:]
	}
	return false
}
