package filter

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// The short forms: where a condition is expected, the name of a command, three digits, the name of
// an error or that of a flag is one, as in `XFR or RNG`, `!MSG`, `error and role == "NS"`.

// shortForm returns the condition that a word stands for, nil for none. A field is no short form.
func shortForm(word string) ast.Node {
	if _, isField := lookup(word); isField && word != lintFlag { // which is a list, and no condition
		return nil
	}
	if v, ok := commandWord(word); ok {
		return &ast.BinaryNode{
			Operator: "==", Left: &ast.IdentifierNode{Value: "cmd"}, Right: &ast.StringNode{Value: v.String()},
		}
	}
	if flag := strings.ToLower(word); session.ParseFlag(flag) != 0 {
		return &ast.BinaryNode{
			Operator: "in", Left: &ast.StringNode{Value: flag}, Right: &ast.IdentifierNode{Value: "flags"},
		}
	}
	return nil
}

// commandWord returns the verb that a word names: a command in either case, the three digits of an
// error, or its name.
func commandWord(word string) (decode.Verb, bool) {
	word = strings.ToUpper(word)
	if v, ok := errorNames()[word]; ok {
		return v, true
	}
	v := decode.V(word)
	return v, v != (decode.Verb{}) && (v[0] <= '9' || knownVerb(v.String()))
}

// errorNames has the errors by their names.
var errorNames = sync.OnceValue(func() map[string]decode.Verb {
	all := map[string]decode.Verb{}
	for _, code := range decode.ErrorCodes() {
		if name := decode.ErrorName(code); name != "" {
			all[strings.ToUpper(name)] = decode.V(fmt.Sprintf("%03d", code))
		}
	}
	return all
})

// expand replaces the short forms in a condition.
func expand(node *ast.Node) {
	word := ""
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		word = n.Value
	case *ast.IntegerNode:
		word = fmt.Sprintf("%03d", n.Value)
	}
	if form := shortForm(word); form != nil {
		ast.Patch(node, form)
	}
}

// shorten expands the short forms among the operands of a node.
func shorten(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.UnaryNode:
		if n.Operator == "!" || n.Operator == "not" {
			expand(&n.Node)
		}
	case *ast.BinaryNode:
		if slices.Contains([]string{"&&", "and", "||", "or"}, n.Operator) {
			expand(&n.Left)
			expand(&n.Right)
		}
	}
}

// listSuffix marks the name of an argument or header that is read as a list of its values.
const listSuffix = "[]"

// membership makes a list of the argument or header on the right of an in: JSON lines show one that
// repeats as an array.
func membership(n *ast.BinaryNode) {
	name, ok := n.Right.(*ast.IdentifierNode)
	if n.Operator == "in" && ok && listed(name.Value) {
		ast.Patch(&n.Right, &ast.IdentifierNode{Value: name.Value + listSuffix})
	}
}

func listed(name string) bool {
	return strings.HasPrefix(name, "args.") || strings.HasPrefix(name, "payload.headers.")
}

// listField returns the field for the name of a list.
func listField(name string) (field, bool) {
	of, isList := strings.CutSuffix(name, listSuffix)
	if !isList || !listed(of) {
		return field{}, false
	}
	get := func(v *view) any { return headerValues(v.payload(), strings.TrimPrefix(of, "payload.headers.")) }
	if arg, ok := strings.CutPrefix(of, "args."); ok {
		get = func(v *view) any { return argValues(v.e, arg) }
	}
	return field{name, types.TypeOf([]string{}), get}, true
}
