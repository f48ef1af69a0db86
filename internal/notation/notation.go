// Package notation reads lines of conversations as people write them: in conformance cases, in
// scenarios for replay, and as dump -T cs prints them.
//
//	C: VER 1 MSNP2               the client says this, on the connection of the last heading
//	S: VER 1 MSNP2               the server says this
//	alice NS C: VER 1 MSNP2      the same as C:, and whose client says it at which kind of server
//	= 2 alice@hotmail.com NS     a heading: what follows is on connection 2
//	alice.sb> CAL 2 {bob}        the same as C: below a heading, for the connection alice.sb
//	alice.sb< CAL 2 RINGING {n}  the same as S:
//	| text                       payload of the line above; all lines but the last end in CRLF
//	[optional] S: ...            marks before a line say more about it
//	# text                       a comment
//
// What lines mean is for who reads them.
package notation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Line is one line, with its payload if it is a command.
type Line struct {
	Number int      // of the line in the text, from 1
	Marks  []string // the words in brackets before it; nil for none
	// Conn is the connection that the line names, "" for that of the last heading.
	Conn string
	// Who is who speaks on the connection, as far as the line says it.
	Who Speaker
	// Op is ">" for a client's command, "<" for a server's, ">>" and "<<" for bytes, ":" for an
	// order to the player, "=" for a heading and "|" for a payload line.
	Op   string
	Text string
}

// Error is a line that is none.
type Error struct {
	Line, Column int // from 1
	Msg          string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Msg) }

var (
	marksForm = regexp.MustCompile(`^\[([a-z0-9 ;-]+)\]\s+`)
	lineForm  = regexp.MustCompile(`^([a-z]+[a-z0-9]*(?:\.(?:ds|ns|sb)[0-9]*)?)(>>|<<|>|<|:)(?: (.*))?$`)
	sideForm  = regexp.MustCompile(`^(?:(?:(\S+) )?(DS|NS|SB) |(\S+) )?([CS]): ?(.*)$`)
	plainName = regexp.MustCompile(`^[A-Za-z0-9_.%+~'-]+$`)
)

// Speaker is a user, by the part of the handle before the @, and the kind of server to which the
// user's client talks: "DS", "NS" or "SB". Each is "" where it is not known.
type Speaker struct{ User, Role string }

// reserved are the words that begin lines of other kinds, and cannot stand there for a user.
var reserved = []string{"for", "end", "user", "time", "DS", "NS", "SB"}

// SpeakerOf returns the speaker with a handle and a role. A name with other characters than those
// of usual handles is left out.
func SpeakerOf(handle, role string) Speaker {
	name, _, _ := strings.Cut(handle, "@")
	if !plainName.MatchString(name) || slices.Contains(reserved, name) {
		name = ""
	}
	return Speaker{name, role}
}

// String returns the words that stand before C: or S:, each with a blank behind it.
func (s Speaker) String() string {
	text := ""
	for _, word := range []string{s.User, s.Role} {
		if word != "" {
			text += word + " "
		}
	}
	return text
}

// Fits reports whether two speakers may be the same: what both say is equal.
func (s Speaker) Fits(o Speaker) bool {
	return (s.User == "" || o.User == "" || s.User == o.User) && (s.Role == "" || o.Role == "" || s.Role == o.Role)
}

// Parse reads one line; number is its number in the text. It returns nil for an empty one and for a
// comment.
func Parse(number int, source string) (*Line, error) {
	text := strings.TrimSpace(source)
	column := strings.Index(source, text) + 1
	l := &Line{Number: number}
	switch {
	case text == "" || strings.HasPrefix(text, "#"):
		return nil, nil //nolint:nilnil // there is no line, which is no error
	case strings.HasPrefix(text, "|"):
		l.Op, l.Text = "|", strings.TrimPrefix(strings.TrimPrefix(text, "|"), " ")
		return l, nil
	case strings.HasPrefix(text, "="):
		l.Op, l.Text = "=", strings.TrimSpace(text[1:])
		return l, nil
	}
	if m := marksForm.FindStringSubmatch(text); m != nil {
		l.Marks = strings.FieldsFunc(m[1], func(r rune) bool { return r == ';' })
		for i := range l.Marks {
			l.Marks[i] = strings.TrimSpace(l.Marks[i])
		}
		column += len(m[0])
		text = text[len(m[0]):]
	}
	if m := sideForm.FindStringSubmatch(text); m != nil {
		l.Who = Speaker{m[1] + m[3], m[2]}
		l.Op, l.Text = map[string]string{"C": ">", "S": "<"}[m[4]], m[5]
		return l, nil
	}
	m := lineForm.FindStringSubmatch(text)
	if m == nil {
		return nil, &Error{
			number, column,
			fmt.Sprintf("%q is no line: valid are C: and S: with a command, NAME> and NAME<, "+
				"= with a connection, | with a payload, # with a comment", text),
		}
	}
	l.Conn, l.Op, l.Text = m[1], m[2], m[3]
	return l, nil
}
