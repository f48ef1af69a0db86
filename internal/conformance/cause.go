package conformance

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// deviation is an error that says how a server did something other than a script wants.
type deviation struct {
	// the same for all cases that fail for the same reason: it contains no TrID, handle or name
	cause string
	text  string
}

func (d *deviation) Error() string { return d.text }

// deviates returns a deviation, whose text says exactly what was wanted and what came.
func deviates(cause, form string, args ...any) error {
	return &deviation{cause, brief(fmt.Sprintf(form, args...))}
}

// maxText is how many bytes a report quotes of one deviation, and maxQuote of one text within it:
// that is enough for people, and a server may send a megabyte of anything in each case.
const (
	maxText  = 1000
	maxQuote = 200
)

// brief returns the beginning of a text, and how much is missing.
func brief(text string) string {
	if len(text) <= maxText {
		return text
	}
	return fmt.Sprintf("%s... and %d bytes more", strings.ToValidUTF8(text[:maxText], ""), len(text)-maxText)
}

// causeOf returns the cause of a failed case in a few words.
func causeOf(err error) string {
	var d *deviation
	var unreachable *dialError
	switch {
	case errors.As(err, &d):
		return d.cause
	case errors.As(err, &unreachable):
		return "a connection cannot be made"
	}
	return "the case cannot be played"
}

// silent reports whether err means that an answer did not come, nor anything else instead.
func silent(err error) bool {
	var d *deviation
	return errors.As(err, &d) && (strings.HasSuffix(d.cause, notAnswered) || strings.HasSuffix(d.cause, notTaken))
}

const (
	notAnswered = " is not answered"
	notTaken    = " is not taken"
)

// commandForm matches the first word of a command or an error.
var commandForm = regexp.MustCompile(`^([A-Z]{3}|[0-9]{3})$`)

// verb returns the first word of a line, or a fixed phrase for a line that is no command.
func verb(line string) string {
	word, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
	switch {
	case line == "":
		return "connecting"
	case commandForm.MatchString(word):
		return word
	}
	return "something other than a command"
}

func isCode(word string) bool {
	_, err := strconv.Atoi(word)
	return err == nil
}

// unlike returns the cause when the line got came instead of want, after the command asked.
func unlike(asked, want, got string) string {
	w, g := verb(want), verb(got)
	switch {
	case w == g:
		return misfit(w, strings.Fields(want), strings.Fields(got))
	case isCode(w) && isCode(g):
		return "error " + g + " instead of " + w
	case isCode(g):
		return asked + " is refused with " + g
	case isCode(w) && g == asked:
		return asked + " succeeds where an error is wanted"
	}
	return g + " instead of " + w + " after " + asked
}

// misfit says how two lines with the same verb differ.
func misfit(verb string, want, got []string) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%s has %d parameters instead of %d", verb, len(got)-1, len(want)-1)
	}
	for i := range want {
		if want[i] != got[i] && !strings.Contains(want[i], "{") {
			return fmt.Sprintf("parameter %d of %s", i, verb)
		}
	}
	return "a parameter of " + verb // a placeholder has two values
}

// firstOther returns the first lines that differ, and false where one text is merely shorter than
// the other.
func firstOther(want, got string) (w, g string, other bool) {
	for {
		w, restW, wholeW := strings.Cut(want, "\n")
		g, restG, wholeG := strings.Cut(got, "\n")
		if !wholeW || !wholeG {
			return "", "", false
		}
		if w != g {
			return w, g, true
		}
		want, got = restW, restG
	}
}

// lacking returns the cause when no line came where want was expected.
func (p *scriptConn) lacking(want string, closed bool) string {
	w, asked := verb(want), p.asked
	switch {
	case p.segments == several && p.heard, p.segments == pieces:
		return p.segments
	case isCode(w) && closed:
		return "the connection is closed where an error is wanted"
	case isCode(w):
		return "nothing comes where an error is wanted"
	case closed:
		return "the connection is closed at " + asked
	case w == asked:
		return asked + notAnswered
	}
	return w + " does not come after " + asked
}

// quote quotes the beginning of what came.
func quote(s string) string {
	if len(s) <= maxQuote {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%q and %d bytes more", s[:maxQuote], len(s)-maxQuote)
}
