package script

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// The interpreter counts steps, but one step may do much work. The two such steps that a typing
// error makes are bounded here: repetition by *, and range(), without which no sequence is longer
// than what the script has in memory. Others are not.

// maxRepeated is how many bytes or elements a repetition may make, and a range may have.
const maxRepeated = 1 << 20

// repeatName is the name under which scripts find repeat. No identifier of theirs can be equal.
const repeatName = "* by"

// boundRepeats makes each x * y and x *= y of a file x * repeat(y).
func boundRepeats(file *syntax.File) {
	wrap := func(y syntax.Expr) syntax.Expr {
		start, end := y.Span()
		return &syntax.CallExpr{
			Fn: &syntax.Ident{NamePos: start, Name: repeatName}, Lparen: start, Args: []syntax.Expr{y}, Rparen: end,
		}
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.BinaryExpr:
			if n.Op == syntax.STAR {
				n.Y = wrap(n.Y)
			}
		case *syntax.AssignStmt:
			if n.Op == syntax.STAR_EQ {
				n.RHS = wrap(n.RHS)
			}
		}
		return true
	})
}

// repeat returns its argument as a factor that bounds the product.
func repeat(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	return factor{args[0]}, nil
}

// factor is the right side of a multiplication.
type factor struct{ starlark.Value }

// Binary implements [starlark.HasBinary]: it multiplies.
func (f factor) Binary(op syntax.Token, other starlark.Value, _ starlark.Side) (starlark.Value, error) {
	length, times := starlark.Len(other), f.Value
	if length < 0 {
		length, times = starlark.Len(f.Value), other
	}
	if n, err := starlark.AsInt32(times); length > 0 && err == nil && n > maxRepeated/length {
		return nil, fmt.Errorf("a repetition of %d by %d makes more than %d", length, n, maxRepeated)
	}
	return starlark.Binary(op, other, f.Value)
}

// boundedRange is range() with a limit.
func boundedRange(
	t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple,
) (starlark.Value, error) {
	v, err := starlark.Call(t, starlark.Universe["range"], args, kw)
	if err == nil && starlark.Len(v) > maxRepeated {
		return nil, fmt.Errorf("range: %d is more than %d", starlark.Len(v), maxRepeated)
	}
	return v, err
}
