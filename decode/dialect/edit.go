package dialect

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Edit describes changes to a command. Its zero value changes nothing.
type Edit struct {
	// Args maps names of arguments to their new values in readable form; characters that cannot
	// stand in a line are escaped (§5.2). "TrID" is the transaction identifier. An empty value
	// removes an optional argument that is the last one of the command. The value of an argument
	// that repeats replaces all of its words.
	Args map[string]string
	// KeepEscapes says that a %XX in a value of Args is an escape already.
	KeepEscapes bool
	// Payload replaces the payload unless it is nil; the length in the line is adjusted (§8.7).
	Payload []byte
}

// Apply returns the bytes of m, a command that the row describes, with the changes made. Everything
// else stays as it is, byte for byte: blanks, the line end, surplus words. Apply fails if e names
// an argument that the command does not have, or removes one that it must have. The result shares
// no memory with m.
func (r *Row) Apply(m *decode.Message, e Edit) ([]byte, error) {
	var room [4]newWord // avoids allocations: few arguments are changed at a time
	words := room[:0]
	for _, name := range e.names() {
		i, err := r.argIndex(m, name)
		if err != nil {
			return nil, err
		}
		word, err := r.rewrite(m, i, e.Args[name], e.KeepEscapes)
		if err != nil {
			return nil, err
		}
		words = append(words, newWord{i, word})
		if i != trid && r.Args[i].Many {
			for further := i + 1; further < m.NumArgs(); further++ {
				words = append(words, newWord{further, ""})
			}
		}
	}
	payload := m.Payload()
	if e.Payload != nil {
		i := r.Payload.LengthArg(m)
		if i < 0 {
			return nil, fmt.Errorf("%s has no payload", r.Verb)
		}
		payload = e.Payload
		if !slices.ContainsFunc(words, func(w newWord) bool { return w.at == i }) {
			words = append(words, newWord{i, strconv.Itoa(len(payload))})
		}
	}
	slices.SortFunc(words, func(a, b newWord) int { return a.at - b.at })
	return join(m, words, payload), nil
}

// names returns the names of the arguments that are changed, in an order of their own: of several
// errors, the first shall be the same each time.
func (e *Edit) names() []string {
	names := make([]string, 0, 4) // stays on the stack
	for name := range e.Args {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// newWord is a word in place of the argument with the index at; an empty one removes that.
type newWord struct {
	at   int
	text string
}

// trid is the index of the TrID among the arguments.
const trid = -1

// argIndex returns the index of the argument of m with the given name, trid for the TrID.
func (r *Row) argIndex(m *decode.Message, name string) (int, error) {
	if name == "TrID" {
		if m.TrIDText() == nil {
			return 0, fmt.Errorf("%s has no TrID", r.Verb)
		}
		return trid, nil
	}
	for i := range r.Args {
		if r.Args[i].Name != name {
			continue
		}
		if i > m.NumArgs() {
			return 0, fmt.Errorf("%s cannot have %s without the arguments before it: its form is %s",
				r.Verb, name, r.Grammar())
		}
		return i, nil
	}
	return 0, fmt.Errorf("%s has no argument %s: its form is %s", r.Verb, name, r.Grammar())
}

// rewrite returns the new word for argument i, "" if the argument is to be removed.
func (r *Row) rewrite(m *decode.Message, i int, value string, keep bool) (string, error) {
	if i == trid {
		if _, err := strconv.ParseUint(value, 10, 32); err != nil {
			return "", fmt.Errorf("TrID is %q: it must be a number from 0 to 4294967295 (§5.6)", value)
		}
		return value, nil
	}
	a := &r.Args[i]
	switch {
	case value == "" && (!a.Optional || i < m.NumArgs()-1):
		return "", fmt.Errorf("%s must have %s: its form is %s", r.Verb, a.Name, r.Grammar())
	case value == "":
		return "", nil
	case a.Many: // the value is the rest of the line, of several words
		words := strings.Fields(value)
		for i := range words {
			words[i] = escape(words[i], keep)
		}
		return strings.Join(words, " "), nil
	}
	word := m.Arg(i)
	old := a.Value(word)
	if len(old) == 0 {
		return a.Prefix + escape(value, keep), nil
	}
	start := cap(word) - cap(old) // the offset of old, which is a part of word
	return string(word[:start]) + escape(value, keep) + string(word[start+len(old):]), nil
}

// escapes matches an escaped byte.
var escapes = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// escape returns s with the characters escaped that cannot stand in a line. If keep is true,
// escapes in it stay as they are.
func escape(s string, keep bool) string {
	if !keep {
		return decode.Escape(s)
	}
	var out strings.Builder
	done := 0
	for _, at := range escapes.FindAllStringIndex(s, -1) {
		out.WriteString(decode.Escape(s[done:at[0]]) + s[at[0]:at[1]])
		done = at[1]
	}
	return out.String() + decode.Escape(s[done:])
}

// join returns the command with new words in place of some arguments, sorted by their indexes, and
// with the given payload.
func join(m *decode.Message, words []newWord, payload []byte) []byte {
	out, done := make([]byte, 0, len(m.Raw)+64), 0
	for _, w := range words {
		switch {
		case w.at == trid:
			text := m.TrIDText()
			start := cap(m.Raw) - cap(text)
			out = append(append(out, m.Raw[:start]...), w.text...)
			done = start + len(text)
		case w.at >= m.NumArgs():
			line := len(m.Line())
			out = append(append(append(out, m.Raw[done:line]...), ' '), w.text...)
			done = line
		default:
			start, end := m.ArgSpan(w.at)
			if w.text == "" { // remove the blanks before it as well
				start = len(strings.TrimRight(string(m.Raw[:start]), " \t"))
			}
			out = append(append(out, m.Raw[done:start]...), w.text...)
			done = end
		}
	}
	head := len(m.Line()) + len(m.LineEnd())
	return append(append(out, m.Raw[done:head]...), payload...)
}

// Check returns an error that describes everything wrong with a command sent to, or by, a server of
// the role (0 if unknown), and nil for one that the table allows. It is for commands that people
// write; [Table.Match] describes whatever is on the wire.
func (t *Table) Check(dir decode.Dir, role Role, m *decode.Message) error {
	if m.Opaque() {
		return errors.New(m.Why.String())
	}
	if role == 0 {
		role = Any
	}
	row := t.Match(dir, role, m)
	if row == nil || len(t.Of(dir, m.Verb)) == 0 {
		return fmt.Errorf("%s has no %s %s", t.name, m.Verb, way(dir, role))
	}
	var wrong []error
	n := m.NumArgs()
	switch {
	case m.HasTrID != (row.TrID != None) && row.TrID != Perhaps:
		wrong = append(wrong, fmt.Errorf("the TrID is missing or surplus: the form is %s", row.Grammar()))
	case n < row.Min() || row.Max() >= 0 && n > row.Max():
		wrong = append(wrong, fmt.Errorf("the number of arguments is %d: the form is %s", n, row.Grammar()))
	}
	for i := range n {
		a, ok := row.Arg(i)
		word := string(m.Arg(i))
		if ok && (a.Is != "" && word != a.Is || a.Values != nil && !slices.Contains(a.Values, word)) {
			must := a.Is
			if must == "" {
				must = "one of " + strings.Join(a.Values, ", ")
			}
			wrong = append(wrong, fmt.Errorf("%s is %q: it must be %s", a.Name, word, must))
		}
	}
	return errors.Join(wrong...)
}

// way returns the direction of a command in words, such as "to the NS".
func way(dir decode.Dir, role Role) string {
	server := "server"
	if role.Known() {
		server = role.String()
	}
	if dir == decode.FromServer {
		return "from the " + server
	}
	return "to the " + server
}
