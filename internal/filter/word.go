package filter

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode/session"
)

// bareWord returns the match function of a single word, nil if src is an expression. headOnly
// reports whether the match depends on the verb or the flags alone.
func bareWord(src string) (match func(*session.Event) bool, headOnly bool) {
	isWord := strings.IndexFunc(src, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("@.-_", r)
	}) < 0
	if !isWord || src == "true" || src == "false" {
		return nil, false
	}
	if verb, ok := commandWord(src); ok {
		return func(e *session.Event) bool { return e.In.Verb == verb }, true
	}
	if flag := session.ParseFlag(strings.ToLower(src)); flag != 0 {
		return func(e *session.Event) bool { return e.Flags&flag != 0 }, true
	}
	return func(e *session.Event) bool { return contains(e, src) }, false
}

// contains reports whether the command's line or its payload contains the word, regardless of case.
// The headers of the payload count, since they hold the handle of a user who is typing.
func contains(e *session.Event, word string) bool {
	if containsFold(e.In.Line(), word) || containsFold(e.In.Payload(), word) {
		return true
	}
	if isASCII(word) || len(e.In.Payload()) == 0 {
		return false
	}
	v := view{e: e}
	text, converted := v.payload().Text() // the text may not be UTF-8, and the word may have an umlaut
	return converted && containsFold([]byte(text), word)
}

// containsFold reports whether b contains word, regardless of case. It does not copy b if word is
// ASCII.
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

// parseTime parses the forms of a time that people type. A time without a zone is local.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05",
		"2006-01-02 15:04", time.DateOnly,
	} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
