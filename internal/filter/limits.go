package filter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// functions are those of the library that a filter may call. Left out is what can build much from little (replace, repeat,
// reduce, join, map ...): a filter runs on every command that the proxy passes on, on payloads that a stranger made.
var functions = []string{
	"abs", "all", "any", "ceil", "count", "date", "duration", "filter", "find", "first", "float", "floor", "hasPrefix", "hasSuffix",
	"indexOf", "int", "keys", "last", "lastIndexOf", "len", "lower", "max", "min", "none", "now", "one", "round", "split", "string",
	"trim", "trimPrefix", "trimSuffix", "upper", "values",
}

// maxRange caps first..last: more would be a loop, not a comparison.
const maxRange = 10_000

// limit refuses the parts of the language that could cost more than a look at one command: variables (each can double the one
// before it), loops inside loops, large ranges, patterns that come from the wire. It returns "" for what is fine.
func limit(node ast.Node) (msg, hint string) {
	switch n := node.(type) {
	case *ast.VariableDeclaratorNode:
		return "a filter has no variables", ""
	case *ast.BuiltinNode:
		if !slices.Contains(functions, n.Name) {
			return noFunction(n.Name)
		}
	case *ast.PredicateNode:
		inner := finder{}
		if ast.Walk(&n.Node, &inner); inner.found {
			return "a condition on each part cannot hold another one", ""
		}
	case *ast.BinaryNode:
		return limitOperator(n)
	}
	return "", ""
}

func limitOperator(n *ast.BinaryNode) (msg, hint string) {
	switch n.Operator {
	case "..":
		from, ok1 := n.Left.(*ast.IntegerNode)
		to, ok2 := n.Right.(*ast.IntegerNode)
		if !ok1 || !ok2 || to.Value-from.Value > maxRange {
			return fmt.Sprintf("a range is two whole numbers at most %d apart", maxRange), "two comparisons do the same: n > 5 and n < 500000"
		}
	case "matches":
		if _, ok := n.Right.(*ast.StringNode); !ok {
			return "a pattern must be a text in quotation marks", `as in raw matches "^MSG .*hotmail"`
		}
	}
	return "", ""
}

func noFunction(name string) (msg, hint string) {
	return fmt.Sprintf("unknown function %q", name), "functions: " + strings.Join(functions, ", ")
}

// finder looks for a predicate.
type finder struct{ found bool }

// Visit implements ast.Visitor.
func (f *finder) Visit(node *ast.Node) {
	if _, ok := (*node).(*ast.PredicateNode); ok {
		f.found = true
	}
}
