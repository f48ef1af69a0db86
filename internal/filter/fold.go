package filter

import (
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
)

// foldSign is contains without regard to case. The library does not have it: its parser is given
// contains in its place, and the positions of those operators are kept.
const foldSign = "icontains"

// unfold returns an expression for the library's parser, in which everything stands where it did,
// and the positions, in runes, at which contains means icontains.
func unfold(src string) (text string, folds map[int]bool) {
	if !strings.Contains(src, foldSign) {
		return src, nil
	}
	folds = map[int]bool{}
	b := []byte(src)
	for _, t := range tokens(src) {
		if t.kind == wordToken && t.text == foldSign {
			copy(b[t.start:], "contains ")
			folds[utf8.RuneCountInString(src[:t.start])] = true
		}
	}
	return string(b), folds
}

// fold makes contains compare both sides in lower case.
func fold(n *ast.BinaryNode) {
	n.Left, n.Right = lowered(n.Left), lowered(n.Right)
}

func lowered(node ast.Node) ast.Node {
	var in ast.Node = &ast.BuiltinNode{Name: "lower", Arguments: []ast.Node{node}}
	if text, ok := node.(*ast.StringNode); ok {
		in = &ast.StringNode{Value: strings.ToLower(text.Value)}
	}
	in.SetLocation(node.Location())
	return in
}
