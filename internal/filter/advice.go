package filter

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr/ast"
)

// closed has the fields whose values are all known, with what each value means. A comparison with
// another value is refused: it would be the same for every event.
var closed = map[string]string{
	"dir":   `dir is "C" for what the client sent, "S" for what the server sent`,
	"role":  `role is "DS", "NS", "SB" or "FT": dispatch, notification, switchboard server, file transfer`,
	"flags": `the flags: `,
}

// judge looks for comparisons that cannot be meant as they stand: it refuses those that are the
// same for every event, and gives advice on those with a value that hardly any event has.
type judge struct {
	src    string
	err    error
	advice string
}

// Visit implements ast.Visitor.
func (j *judge) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if arg, ok := strings.CutPrefix(strings.TrimSuffix(n.Value, listSuffix), "args."); ok {
			j.argument(arg)
		}
	case *ast.BinaryNode:
		j.comparison(n)
	}
}

// comparison judges each text with which a field is compared.
func (j *judge) comparison(n *ast.BinaryNode) {
	for _, pair := range [][2]ast.Node{{n.Left, n.Right}, {n.Right, n.Left}} {
		name, ok := pair[0].(*ast.IdentifierNode)
		if !ok {
			continue
		}
		for _, text := range operands(pair[1]) {
			switch n.Operator {
			case "==", "!=":
				if name.Value == "flags" {
					j.refuse(n, "flags are several, and no text", fmt.Sprintf(`write %q in flags`, text.Value))
					return
				}
				j.value(name.Value, text)
			case "in":
				j.value(name.Value, text)
			}
		}
	}
}

// operands returns the texts of an operand: itself, or those of a list.
func operands(node ast.Node) []*ast.StringNode {
	switch n := node.(type) {
	case *ast.StringNode:
		return []*ast.StringNode{n}
	case *ast.ArrayNode:
		var all []*ast.StringNode
		for _, part := range n.Nodes {
			if s, ok := part.(*ast.StringNode); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

// value judges a value with which a field is compared.
func (j *judge) value(name string, text *ast.StringNode) {
	value := text.Value
	means, isClosed := closed[name]
	switch {
	case value == "" || slices.Contains(valuesOf(name), value) || name == "flags" && value == "lint": // no flag yet
	case isClosed:
		if name == "flags" {
			means += strings.Join(valuesOf(name), ", ")
		}
		j.refuse(text, fmt.Sprintf("no event has the %s %q", strings.TrimSuffix(name, "s"), value),
			didYouMean(value, valuesOf(name))+means)
	case name == "cmd":
		j.command(value)
	case name == "user" && !strings.Contains(value, "@"):
		j.say(`a user is a handle: user == "%s@hotmail.com", or user startsWith "%s@"`, value, value)
	case name == "dialect" || name == "event" || name == "payload.type":
		if like := Closest(value, valuesOf(name)); like != "" {
			j.say("did you mean %s == %q?", name, like)
		}
	}
}

// command gives advice on a command that no dialect has.
func (j *judge) command(value string) {
	if v, ok := commandWord(value); ok {
		if v.String() != value {
			j.say("write cmd == %q", v.String())
		}
		return
	}
	if like := Closest(strings.ToUpper(value), verbNames()); like != "" {
		j.say("no dialect has a command %q: did you mean %q?", value, like)
		return
	}
	j.say("no dialect has a command %q", value)
}

// argument gives advice on an argument that no command has.
func (j *judge) argument(name string) {
	if slices.ContainsFunc(argumentNames(), func(n string) bool { return strings.EqualFold(n, name) }) ||
		strings.EqualFold(name, "extra") || strings.HasPrefix(strings.ToLower(name), "arg") {
		return
	}
	if like := Closest(name, argumentNames()); like != "" {
		j.say("no command has an argument %s: did you mean args.%s?", name, like)
		return
	}
	j.say("no command has an argument %s", name)
}

// argumentNames returns the names of all arguments.
var argumentNames = sync.OnceValue(func() []string {
	names := argNames()
	for i := range names {
		names[i] = strings.TrimPrefix(names[i], "args.")
	}
	return names
})

func (j *judge) say(format string, args ...any) {
	if j.advice == "" {
		j.advice = fmt.Sprintf(format, args...)
	}
}

func (j *judge) refuse(node ast.Node, msg, hint string) {
	if j.err == nil {
		j.err = &Error{Src: j.src, Offset: runeOffset(j.src, node.Location().From), Msg: msg, Hint: hint}
	}
}

// Closest returns the word that differs from value by one letter that is wrong, missing, surplus or
// swapped with its neighbour, in either case; "" for none.
func Closest(value string, words []string) string {
	for _, w := range words {
		if near(strings.ToLower(w), strings.ToLower(value)) {
			return w
		}
	}
	return ""
}

// didYouMean returns a question with the word that is most like value, "" for none.
func didYouMean(value string, words []string) string {
	if like := Closest(value, words); like != "" {
		return fmt.Sprintf("did you mean %q? ", like)
	}
	return ""
}
