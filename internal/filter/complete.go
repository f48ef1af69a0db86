package filter

import (
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr/types"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Completion lists the words that may stand at the cursor in an expression.
type Completion struct {
	// Start is the byte offset of the word that a choice replaces; the word ends at the cursor.
	Start int
	// Choices are the words that begin like that word, regardless of case, in the order in which to
	// show them.
	Choices []string
}

// Common returns the longest common prefix of all choices, which can be inserted without asking.
func (c *Completion) Common() string {
	if len(c.Choices) == 0 {
		return ""
	}
	common := c.Choices[0]
	for _, s := range c.Choices[1:] {
		n := 0
		for n < len(common) && n < len(s) && common[n] == s[n] {
			n++
		}
		common = common[:n]
	}
	return common
}

// Complete returns the words that may stand at the cursor, a byte offset in src: first the names of
// fields, arguments and functions; after a field, the operators of its type; after an operator, the
// possible values of the field, as far as tables list them; after a condition, the words that join
// it to another one. It considers only the text before the cursor, and never fails.
func Complete(src string, cursor int) Completion {
	cursor = min(max(0, cursor), len(src), maxSource)
	words := tokens(src[:cursor])
	word := token{start: cursor}
	if n := len(words); n > 0 && words[n-1].open {
		words, word = words[:n-1], words[n-1]
	}
	c := Completion{Start: word.start}
	for _, s := range choices(words, &word) {
		if begins(s, word.text) || s[0] == '"' && word.text != "" && begins(s[1:], word.text) {
			c.Choices = append(c.Choices, s) // the quotation mark need not be typed
		}
	}
	return c
}

func begins(s, with string) bool {
	return len(s) >= len(with) && strings.EqualFold(s[:len(with)], with)
}

// token is a word of an expression.
type token struct {
	text  string
	start int
	kind  tokenKind
	open  bool // whether the cursor is in it or at its end: it is being typed
}

type tokenKind byte

const (
	wordToken tokenKind = iota // a name or a number
	textToken                  // in quotation marks
	signToken                  // an operator, a bracket, a comma
)

// tokens splits the text before the cursor into words.
func tokens(src string) (all []token) {
	for i := 0; i < len(src); {
		t := token{start: i}
		switch c := src[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '"' || c == '\'' || c == '`':
			t.kind, t.open = textToken, true
			for i++; i < len(src) && t.open; i++ {
				if src[i] == '\\' && c != '`' {
					i++
				} else if src[i] == c {
					t.open = false
				}
			}
			i = min(i, len(src))
		case isWord(c):
			for i < len(src) && isWord(src[i]) {
				i++
			}
			t.open = i == len(src)
		default:
			t.kind = signToken
			for i++; i < len(src) && strings.IndexByte("=&|", src[i]) >= 0 && strings.IndexByte("=!<>&|", c) >= 0; i++ {
			}
		}
		t.text = src[t.start:i]
		all = append(all, t)
	}
	return all
}

func isWord(c byte) bool {
	return c == '_' || c == '.' || c == '-' || c == '@' || c >= 0x80 ||
		'0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

var (
	joins       = []string{"and", "or"}
	textSigns   = []string{"==", "!=", "contains", foldSign, "startsWith", "endsWith", "matches", "in"}
	numberSigns = []string{"==", "!=", "<", "<=", ">", ">="}
	signs       = slices.Concat(textSigns, numberSigns, []string{"not", "!", "(", "[", ",", "&&", "||", "and", "or"})
)

// choices returns everything that may follow the words, of which word, if not nil, is still being
// typed.
func choices(words []token, word *token) []string {
	if len(words) == 0 {
		return begin(word, true)
	}
	last := &words[len(words)-1]
	switch {
	case slices.Contains(textSigns, last.text) || slices.Contains(numberSigns, last.text):
		return operand(compared(words), last.text)
	case last.text == "[" || last.text == ",":
		return operand(compared(words), "[")
	case slices.Contains(signs, last.text):
		return begin(word, false)
	case last.kind == signToken: // a closing bracket
		return joins
	}
	if len(words) > 1 && compares(&words[len(words)-2]) {
		return joins // what it is compared with stands there
	}
	if f, ok := lookup(last.text); ok && last.kind == wordToken {
		return operators(f)
	}
	if last.kind == textToken {
		return []string{"in"}
	}
	return joins
}

// compares reports whether a word is an operator between a field and a value.
func compares(t *token) bool {
	return slices.Contains(textSigns, t.text) || slices.Contains(numberSigns, t.text) || t.text == "[" || t.text == ","
}

// begin returns the words with which a condition may begin.
func begin(word *token, first bool) []string {
	if word.kind == textToken {
		return flagTexts()
	}
	all := slices.Concat(fieldNames(), []string{"not"})
	if strings.HasPrefix(strings.ToLower(word.text), "args.") {
		all = argNames()
	} else {
		all = append(all, functions...)
	}
	if first { // a command alone is short for cmd == "..."
		all = append(all, verbNames()...)
	}
	return append(all, flagTexts()...)
}

func operators(f field) []string {
	switch f.typ {
	case types.Int, types.Float64, fields[1].typ:
		return numberSigns
	case types.String:
		return textSigns
	}
	return nil // only the parts of lists and maps are compared
}

// compared returns the name of the field whose value is expected next.
func compared(words []token) string {
	for i := len(words) - 1; i >= 0; i-- {
		if words[i].kind == wordToken && !slices.Contains(signs, words[i].text) {
			return words[i].text
		}
	}
	return ""
}

// repeating returns the arguments that may repeat, sorted, each after "args.".
func repeating() []string {
	var names []string
	for _, t := range dialect.All() {
		for _, row := range t.Rows() {
			for _, a := range row.Args {
				if a.Many {
					names = append(names, "args."+a.Name)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// operand returns the values with which a field may be compared.
func operand(name, sign string) []string {
	if sign == "in" {
		if name == "" { // a text may be in any list
			return append([]string{"flags"}, repeating()...)
		}
		if name == "client" || name == "server" {
			return []string{"[", subnetName + "("}
		}
		return []string{"["}
	}
	return texts(valuesOf(name))
}

// valuesOf returns the possible values of a field, nil if no table lists them.
func valuesOf(name string) []string {
	switch name {
	case "cmd":
		return slices.Concat(verbNames(), codes())
	case "role":
		return []string{"DS", "NS", "SB", "FT"}
	case "dir":
		return []string{"C", "S"}
	case "event":
		return []string{"open", "close", "half-close", "gap", "note", "wait"}
	case "flags":
		return session.Flag(1<<16 - 1).Names()
	case "dialect":
		var names []string
		for _, t := range dialect.All() {
			names = append(names, t.Name())
		}
		return names
	case "payload.type":
		var names []string
		for _, t := range body.Types()[1:] {
			names = append(names, t.Type)
		}
		return names
	}
	if arg, ok := strings.CutPrefix(name, "args."); ok {
		return allowedValues(arg)
	}
	return nil
}

// allowedValues returns the words that the command tables allow for an argument.
func allowedValues(name string) []string {
	var values []string
	for _, t := range dialect.All() {
		for _, row := range t.Rows() {
			for _, a := range row.Args {
				if strings.EqualFold(a.Name, name) {
					values = append(values, a.Values...)
					if a.Is != "" {
						values = append(values, a.Is)
					}
				}
			}
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}

// verbNames returns the commands of all dialects, sorted.
func verbNames() []string {
	var names []string
	for v := range verbs() {
		names = append(names, v.String())
	}
	slices.Sort(names)
	return names
}

// codes returns the error codes that have a name.
var codes = sync.OnceValue(func() []string {
	var all []string
	for code := range 1000 {
		if decode.ErrorName(code) != "" {
			all = append(all, string([]byte{'0' + byte(code/100), '0' + byte(code/10%10), '0' + byte(code%10)}))
		}
	}
	return all
})

func flagTexts() []string {
	all := texts(valuesOf("flags"))
	for i := range all {
		all[i] += " in flags"
	}
	return all
}

func texts(values []string) []string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = `"` + v + `"`
	}
	return quoted
}
