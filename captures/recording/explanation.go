package recording

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// maxExplanation is how many bytes of a text from the wire an explanation shows; the record holds
// the whole text.
const maxExplanation = 1000

// explanation returns, for people who read the recording in Wireshark, what the bytes of an event
// do not show; "" if there is nothing.
func explanation(e *session.Event) string {
	switch e.Kind {
	case session.Open:
		return openWords(e)
	case session.Close:
		return fmt.Sprintf("connection %d ended: %s", e.Conn, plain(e.Text))
	case session.HalfClose:
		who := "server"
		if e.Dir == decode.FromClient {
			who = "client"
		}
		return fmt.Sprintf("connection %d: the %s says no more", e.Conn, who)
	case session.Gap:
		return "missing: " + plain(e.Text)
	case session.Note, session.Wait:
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
	words := fmt.Sprintf("connection %d from %s", e.Conn, end(e.Client, e.ClientName))
	if e.Server != "" {
		words += " to " + end(e.Server, e.ServerName)
	}
	return words
}

// end returns an end of a connection in words: its address, and its name if it has one.
func end(address, name string) string {
	if name == "" {
		return plain(address)
	}
	return plain(address) + " (" + plain(name) + ")"
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
		all = append(all, explainChange(e))
	}
	say(session.Held, "held: it waited for a person")
	say(session.Dropped, "dropped: it was not sent on")
	say(session.Injected, "injected: it did not come from the other end")
	say(session.Fault, "a fault was applied on purpose")
	for _, f := range e.Findings {
		all = append(all, fmt.Sprintf("lint %s (%s): %s", f.Rule, f.Severity, f.Message))
	}
	return strings.Join(all, "; ")
}

// explainChange returns how what was sent on differs from what was received: word by word if both
// have the same number of words.
func explainChange(e *session.Event) string {
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

// plain makes text from the wire fit for a comment: valid UTF-8 of at most maxExplanation bytes,
// without control characters and without those that change the direction of writing.
func plain(s string) string {
	if len(s) > maxExplanation {
		cut := maxExplanation
		for cut > maxExplanation-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
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
