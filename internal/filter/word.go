package filter

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// bareWord returns what a single word means, nil where src is an expression, and whether the verb alone tells.
func bareWord(src string) (match func(*session.Event) bool, verbOnly bool) {
	isWord := strings.IndexFunc(src, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("@.-_", r)
	}) < 0
	if !isWord || src == "true" || src == "false" {
		return nil, false
	}
	verb := decode.V(strings.ToUpper(src))
	if isDigits := verb != (decode.Verb{}) && verb[0] <= '9'; isDigits || knownVerb(verb.String()) {
		return func(e *session.Event) bool { return e.In.Verb == verb }, true
	}
	return func(e *session.Event) bool { return contains(e, src) }, false
}

// contains reports whether the command's line or its payload has the word, without regard to case. The payload's headers
// count: the handle of who is typing stands there.
func contains(e *session.Event, word string) bool {
	if containsFold(e.In.Line(), word) || containsFold(e.In.Payload(), word) {
		return true
	}
	if isASCII(word) || len(e.In.Payload()) == 0 {
		return false
	}
	v := view{e: e}
	text, converted := v.payload().Text() // a word with an umlaut in text that is not UTF-8
	return converted && containsFold([]byte(text), word)
}

// containsFold finds word in b without regard to case. ASCII words are found without a copy of b.
func containsFold(b []byte, word string) bool {
	if !isASCII(word) {
		return strings.Contains(strings.ToLower(string(b)), strings.ToLower(word))
	}
	for i := 0; i+len(word) <= len(b); i++ {
		if lower(b[i]) == lower(word[0]) && equalFold(b[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

func equalFold(b []byte, word string) bool {
	for i := range b {
		if lower(b[i]) != lower(word[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func isASCII(s string) bool { return len(s) == utf8.RuneCountInString(s) }

// parseTime reads the forms of a time that a person types; without a zone it is local.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
