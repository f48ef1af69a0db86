package filter

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// functions lists the functions of the library that a filter may call. Functions that can build
// large values from small ones (replace, repeat, reduce, join, map ...) are excluded: a filter runs
// on every command that the proxy forwards, with payloads from strangers.
var functions = []string{
	"abs", "all", "any", "ceil", "count", "date", "duration", "filter", "find", "first", "float", "floor",
	"hasPrefix", "hasSuffix", "indexOf", "int", "keys", "last", "lastIndexOf", "len", "lower", "max", "min",
	"none", "now", "one", "round", "split", "string", "trim", "trimPrefix", "trimSuffix", "upper", "values",
}

// maxRange limits the number of elements of first..last. A larger range would be a loop rather than
// a comparison.
const maxRange = 10_000

// maxPattern limits the steps of all patterns of an expression together, as [steps] counts them:
// looking for a pattern may take 40 ns for each step and byte, with the library's garbage, and its
// program some 50 bytes a step. A pattern of a few words has fewer than 100, one with {1000} more.
const maxPattern = 256

// limit refuses the parts of the language that could cost more than examining one command:
// variables (each can double the one before it), loops inside loops, large ranges, and patterns
// taken from the wire. It returns "" for a node that is allowed.
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
			return fmt.Sprintf("a range is two whole numbers at most %d apart", maxRange),
				"two comparisons do the same: n > 5 and n < 500000"
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

// steps returns the approximate size of the program of a pattern, 0 for one with a mistake, which
// the library names.
func steps(pattern string) int {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	return weigh(re)
}

func weigh(re *syntax.Regexp) int {
	if re.Op == syntax.OpRepeat {
		return weigh(re.Sub[0]) * max(re.Min, re.Max, 1)
	}
	n := max(1, len(re.Rune))
	if re.Op == syntax.OpCharClass { // Rune has its ranges
		n = 1
	}
	for _, sub := range re.Sub {
		n += weigh(sub)
	}
	return n
}

// finder determines whether an expression contains a predicate.
type finder struct{ found bool }

// Visit implements ast.Visitor.
func (f *finder) Visit(node *ast.Node) {
	if _, ok := (*node).(*ast.PredicateNode); ok {
		f.found = true
	}
}
