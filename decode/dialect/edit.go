package dialect

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Edit is what shall be changed in a command. Its zero value changes nothing.
type Edit struct {
	// Args are new values by the arguments' names, as a person reads them: what cannot stand in a line is escaped (§5.2).
	// "TrID" is the transaction identifier. An empty value takes an optional argument away, if it is the last one.
	Args map[string]string
	// Payload takes the place of the payload unless it is nil; the length in the line is made to fit (§8.7).
	Payload []byte
}

// Apply returns the bytes of m, a command that the row describes, with the changes. What is not named stays as it is, byte for
// byte: blanks, the line end, surplus words. The error names an argument that the command does not have, or that it must have.
// The result shares nothing with m.
func (r *Row) Apply(m *decode.Message, e Edit) ([]byte, error) {
	words := make(map[int]string, len(e.Args))
	for _, name := range slices.Sorted(maps.Keys(e.Args)) {
		i, err := r.place(m, name)
		if err != nil {
			return nil, err
		}
		if words[i], err = r.rewrite(m, i, e.Args[name]); err != nil {
			return nil, err
		}
	}
	payload := m.Payload()
	if e.Payload != nil {
		if r.Payload == decode.NoPayload {
			return nil, fmt.Errorf("%s has no payload", r.Verb)
		}
		payload = e.Payload
		if i := m.NumArgs() - 1; i >= 0 {
			if _, given := words[i]; !given {
				words[i] = strconv.Itoa(len(payload))
			}
		}
	}
	return join(m, words, payload), nil
}

// trid is the place of the TrID among the arguments.
const trid = -1

// place returns which argument of m has the name.
func (r *Row) place(m *decode.Message, name string) (int, error) {
	if name == "TrID" {
		if !m.HasTrID {
			return 0, fmt.Errorf("%s has no TrID", r.Verb)
		}
		return trid, nil
	}
	for i := range r.Args {
		if r.Args[i].Name != name {
			continue
		}
		if i > m.NumArgs() {
			return 0, fmt.Errorf("%s cannot have %s without what stands before it: %s", r.Verb, name, r.Grammar())
		}
		return i, nil
	}
	return 0, fmt.Errorf("%s has no argument %s: its form is %s", r.Verb, name, r.Grammar())
}

// rewrite returns the word that takes the place of argument i; "" for none.
func (r *Row) rewrite(m *decode.Message, i int, value string) (string, error) {
	if i == trid {
		if _, err := strconv.ParseUint(value, 10, 32); err != nil {
			return "", fmt.Errorf("the TrID %q is no number from 0 to 4294967295 (§5.6)", value)
		}
		return value, nil
	}
	a := &r.Args[i]
	switch {
	case value == "" && (!a.Optional || i < m.NumArgs()-1):
		return "", fmt.Errorf("%s must have %s: its form is %s", r.Verb, a.Name, r.Grammar())
	case value == "":
		return "", nil
	case a.Many: // the last one takes the rest of the line
		return escapeWords(value), nil
	}
	word := m.Arg(i)
	old := a.Value(word)
	if len(old) == 0 {
		return a.Prefix + decode.Escape(value), nil
	}
	start := cap(word) - cap(old) // a value is a part of its word
	return string(word[:start]) + decode.Escape(value) + string(word[start+len(old):]), nil
}

func escapeWords(s string) string {
	words := strings.Fields(s)
	for i := range words {
		words[i] = decode.Escape(words[i])
	}
	return strings.Join(words, " ")
}

// join puts the command together again with other words in some places.
func join(m *decode.Message, words map[int]string, payload []byte) []byte {
	out, done := make([]byte, 0, len(m.Raw)+64), 0
	if word, ok := words[trid]; ok {
		text := m.TrIDText()
		start := cap(m.Raw) - cap(text)
		out = append(append(out, m.Raw[:start]...), word...)
		done = start + len(text)
	}
	for _, i := range slices.Sorted(maps.Keys(words)) {
		switch {
		case i == trid:
		case i >= m.NumArgs():
			line := len(m.Line())
			out = append(append(out, m.Raw[done:line]...), " "+words[i]...)
			done = line
		default:
			start, end := m.ArgSpan(i)
			if words[i] == "" { // and the blanks before it
				start = len(strings.TrimRight(string(m.Raw[:start]), " \t"))
			}
			out = append(append(out, m.Raw[done:start]...), words[i]...)
			done = end
		}
	}
	head := len(m.Line()) + len(m.LineEnd())
	return append(append(out, m.Raw[done:head]...), payload...)
}

// Check returns what is wrong with a command that dir would send to, or get from, a server of the role (0 where nobody knows):
// nil for one that the table allows. More than one thing is joined. It is for people who write commands: what is on the wire is
// described by [Table.Match], whatever it is.
func (t *Table) Check(dir decode.Dir, role Role, m *decode.Message) error {
	if m.Opaque() {
		return fmt.Errorf("this is no command: %v", m.Why)
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
		wrong = append(wrong, fmt.Errorf("the TrID: the form is %s", row.Grammar()))
	case n < row.Min() || row.Max() >= 0 && n > row.Max():
		wrong = append(wrong, fmt.Errorf("%d arguments: the form is %s", n, row.Grammar()))
	}
	for i := range n {
		a, ok := row.Arg(i)
		word := string(m.Arg(i))
		if ok && (a.Is != "" && word != a.Is || a.Values != nil && !slices.Contains(a.Values, word)) {
			wrong = append(wrong, fmt.Errorf("%s is %q: it may be %s", a.Name, word, a.word()))
		}
	}
	return errors.Join(wrong...)
}

// way says in words who sends to whom.
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
