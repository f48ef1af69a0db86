package conformance

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// placeholders are the values of a script's placeholders, the words in braces.
type placeholders struct {
	values    map[string]string
	passwords map[string]string // by user
	proofs    map[string]bool   // the responses to challenges so far
}

// clientKey is the key that MSNP6 to MSNP10 clients which call themselves msmsgs@msnmsgr.com prove
// to have.
const clientKey = "Q1P7W2E4J9R8U3S5"

var wordForm = regexp.MustCompile(`\{[^{}]*\}`)

// fill replaces the placeholders that are known.
func (w *placeholders) fill(s string) string {
	return wordForm.ReplaceAllStringFunc(s, func(in string) string {
		if v, ok := w.value(strings.Trim(in, "{}")); ok {
			return v
		}
		return in
	})
}

// value returns the value of a placeholder. A word in upper case has the value of the word in lower
// case, in upper case.
func (w *placeholders) value(word string) (string, bool) {
	name, _, _ := strings.Cut(word, " ")
	if len(name) > 1 && name == strings.ToUpper(name) && name != strings.ToLower(name) {
		v, ok := w.value(strings.ToLower(word))
		return strings.ToUpper(v), ok
	}
	if f := strings.Fields(word); len(f) >= 3 && f[0] == "md5" {
		digest := decode.MD5Response(w.values[f[1]], w.passwords[f[2]])
		if len(f) == 5 { // a part of it, from character to character
			from, err := strconv.Atoi(f[3])
			to, err2 := strconv.Atoi(f[4])
			if err != nil || err2 != nil || from < 0 || from > to || to > len(digest) {
				return "", false
			}
			digest = digest[from:to]
		}
		w.proofs[digest], w.proofs[strings.ToUpper(digest)] = true, true
		return digest, true
	}
	if challenge, is := strings.CutPrefix(word, "proof "); is {
		return decode.MD5Response(w.values[challenge], clientKey), true
	}
	if what, times, ok := strings.Cut(word, "*"); ok {
		n, err := strconv.Atoi(times)
		return strings.Repeat(what, max(n, 0)), err == nil
	}
	name, more, sum := strings.Cut(word, "+")
	v, ok := w.values[name]
	if !ok || !sum {
		return v, ok
	}
	n, err := strconv.ParseUint(v, 10, 64)
	add, err2 := strconv.ParseUint(more, 10, 64)
	return strconv.FormatUint(n+add, 10), err == nil && err2 == nil
}

// match returns an error unless got is want, where a placeholder that is not known yet takes a word
// of got. (Not by a regular expression: what is on the wire need not be UTF-8.)
func (w *placeholders) match(want, got string) error {
	want = w.fill(want)
	taken := map[string]string{}
	rest := got
	for {
		literal, after, is := strings.Cut(want, "{")
		if !strings.HasPrefix(rest, literal) || !is && rest != literal {
			return fmt.Errorf("want %s, got %s", quote(w.fill(want)), quote(got))
		}
		if !is {
			break
		}
		name, following, _ := strings.Cut(after, "}")
		rest = rest[len(literal):]
		end := strings.IndexAny(rest+" ", " \r")
		if v, ok := taken[name]; end == 0 || ok && v != rest[:end] {
			return fmt.Errorf("got %s, in which {%s} fits nothing", quote(got), name)
		}
		if name != "_" {
			taken[name] = rest[:end]
		}
		rest, want = rest[end:], following
	}
	for name, v := range taken {
		w.values[name] = v
	}
	return nil
}
