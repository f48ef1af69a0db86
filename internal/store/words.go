package store

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// maxWords is how much of a text goes into a comment for people; all of it stands in the record.
const maxWords = 1000

// words says what a person wants to know of an event besides its bytes, "" where there is nothing.
func words(e *session.Event) string {
	switch e.Kind {
	case session.Open:
		return openWords(e)
	case session.Close:
		return fmt.Sprintf("connection %d ended: %s", e.Conn, plain(e.Text))
	case session.Gap:
		return "missing: " + plain(e.Text)
	case session.Note:
		return plain(e.Text)
	}
	if e.Flags == 0 && e.Out == nil {
		return ""
	}
	if e.Text != "" {
		return commandWords(e) + "; by " + plain(e.Text)
	}
	return commandWords(e)
}

func openWords(e *session.Event) string {
	if e.Server == "" {
		return fmt.Sprintf("connection %d from %s", e.Conn, plain(e.Client))
	}
	return fmt.Sprintf("connection %d from %s to %s", e.Conn, plain(e.Client), plain(e.Server))
}

func commandWords(e *session.Event) string {
	var all []string
	say := func(flag session.Flag, text string) {
		if e.Flags&flag != 0 {
			all = append(all, text)
		}
	}
	say(session.Opaque, "opaque: "+e.In.Why.String())
	if e.Flags&session.Error != 0 {
		all = append(all, strings.TrimSpace("error "+e.In.Verb.String()+" "+decode.ErrorName(e.In.Verb.Code())))
	}
	if e.Out != nil {
		all = append(all, changeWords(e))
	}
	say(session.Held, "held: it waited for a person")
	say(session.Dropped, "dropped: it was not sent on")
	say(session.Injected, "injected: it did not come from the other end")
	say(session.Fault, "a fault was applied on purpose")
	say(session.Lint, "breaks a rule of the draft")
	return strings.Join(all, "; ")
}

// changeWords says how what was sent on differs from what was received: word by word where as many words stand in both.
func changeWords(e *session.Event) string {
	what := "changed"
	switch {
	case e.Flags&session.Edited != 0:
		what = "edited"
	case e.Flags&session.Rewritten != 0:
		what = "rewritten"
	}
	if len(e.Out) == 0 {
		return what + ": nothing was sent on"
	}
	sent := e.Sent()
	if sent.Verb != e.In.Verb || sent.NumArgs() != e.In.NumArgs() {
		return fmt.Sprintf("%s: %s was %s", what, plain(string(sent.Line())), plain(string(e.In.Line())))
	}
	var words []string
	for i := range sent.NumArgs() {
		if now, was := string(sent.Arg(i)), string(e.In.Arg(i)); now != was {
			words = append(words, plain(now)+" was "+plain(was))
		}
	}
	if words == nil {
		return what
	}
	return what + ": " + strings.Join(words, ", ")
}

// plain makes text from the wire fit for a comment: valid UTF-8 of moderate length without control characters, and without
// those that turn the direction of writing.
func plain(s string) string {
	if len(s) > maxWords {
		cut := maxWords
		for cut > maxWords-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, strings.ToValidUTF8(s, "·"))
}
