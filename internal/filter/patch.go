package filter

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
)

// flatten turns args.Ser, payload.text and payload["headers"].X into single names, so that
// evaluating an expression reads only those parts of an event. Building all of args for every event
// would cost more than everything else.
//
// It also rewrites what the library does not have: see unfold, shortForm and compareHosts.
type flatten struct {
	folds map[int]bool // from unfold
}

// Visit implements ast.Visitor; inner nodes come first.
func (f flatten) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		of, ok1 := n.Node.(*ast.IdentifierNode)
		property, ok2 := n.Property.(*ast.StringNode)
		if ok1 && ok2 && container(of.Value) {
			ast.Patch(node, &ast.IdentifierNode{Value: of.Value + "." + property.Value})
		}
	case *ast.ChainNode: // args?.Ser
		if name, ok := n.Node.(*ast.IdentifierNode); ok {
			ast.Patch(node, name)
		}
	case *ast.BinaryNode:
		n.Left, n.Right = timeLiteral(n.Right, n.Left), timeLiteral(n.Left, n.Right)
		if n.Operator == "contains" && f.folds[n.Location().From] {
			fold(n)
		}
		membership(n)
		shorten(node)
		compareHosts(node, n)
		return
	}
	shorten(node)
}

// container reports whether a name has parts that an event can return one by one.
func container(name string) bool {
	return name == "args" || name == "payload" || name == "payload.headers" || name == "out"
}

// timeLiteral returns operand. If it is a text that is compared with the field time, it returns it
// as a time.
func timeLiteral(beside, operand ast.Node) ast.Node {
	name, ok1 := beside.(*ast.IdentifierNode)
	text, ok2 := operand.(*ast.StringNode)
	if !ok1 || !ok2 || name.Value != "time" {
		return operand
	}
	at, ok := parseTime(text.Value)
	if !ok {
		return operand
	}
	var node ast.Node = &ast.ConstantNode{Value: at}
	node.SetLocation(operand.Location())
	return node
}

// inspect parses an expression and returns the fields that it reads, and what [Filter.Advice] says
// of it. It refuses what the library's checker would let pass.
func inspect(src string) (used []field, advice string, err error) {
	config := conf.CreateNew()
	config.MaxNodes = maxNodes
	text, folds := unfold(src)
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		return nil, "", refusal(src, err)
	}
	ast.Walk(&tree.Node, flatten{folds})
	c := &collector{src: src, seen: map[string]bool{}}
	ast.Walk(&tree.Node, c)
	if c.err != nil {
		return nil, "", c.err
	}
	j := &judge{src: src}
	ast.Walk(&tree.Node, j)
	if j.err != nil {
		return nil, "", j.err
	}
	return c.fields, j.advice, nil
}

// collector finds the fields in a flattened expression.
type collector struct {
	src    string
	seen   map[string]bool
	fields []field
	steps  int // of all patterns
	err    error
}

// Visit implements ast.Visitor.
func (c *collector) Visit(node *ast.Node) {
	if c.err != nil {
		return
	}
	if msg, hint := limit(*node); msg != "" {
		c.err = &Error{Src: c.src, Offset: runeOffset(c.src, (*node).Location().From), Msg: msg, Hint: hint}
		return
	}
	n, ok := (*node).(*ast.IdentifierNode)
	if !ok {
		c.checkTime(*node)
		c.checkPattern(*node)
		c.checkSubnet(*node)
		return
	}
	if c.seen[n.Value] {
		return
	}
	c.seen[n.Value] = true
	if f, ok := lookup(n.Value); ok {
		c.fields = append(c.fields, f)
		return
	}
	if i := strings.LastIndexByte(n.Value, '.'); i >= 0 || n.Value == "$env" {
		e := &Error{Src: c.src, Offset: runeOffset(c.src, n.Location().From)}
		e.unknown(n.Value)
		c.err = e
	}
	// Any other name is a function or unknown: the checker says so.
}

// checkPattern refuses a pattern with which those of the expression have more than maxPattern
// steps.
func (c *collector) checkPattern(node ast.Node) {
	n, ok := node.(*ast.BinaryNode)
	if !ok || n.Operator != "matches" || c.err != nil {
		return
	}
	pattern := n.Right.(*ast.StringNode) // limit refuses others
	if c.steps += steps(pattern.Value); c.steps > maxPattern {
		c.err = &Error{
			Src: c.src, Offset: runeOffset(c.src, pattern.Location().From),
			Msg:  fmt.Sprintf("the patterns have more than %d steps, which would delay traffic", maxPattern),
			Hint: "x{500} counts as 500 steps: x* has one, and contains needs no pattern",
		}
	}
}

// checkTime refuses a text that is compared with a time but is not one, which the library's checker
// does not notice.
func (c *collector) checkTime(node ast.Node) {
	n, ok := node.(*ast.BinaryNode)
	if !ok {
		return
	}
	for _, pair := range [][2]ast.Node{{n.Left, n.Right}, {n.Right, n.Left}} {
		name, ok1 := pair[0].(*ast.IdentifierNode)
		text, ok2 := pair[1].(*ast.StringNode)
		if ok1 && ok2 && name.Value == "time" {
			c.err = &Error{
				Src: c.src, Offset: runeOffset(c.src, text.Location().From),
				Msg:  fmt.Sprintf("%q is no time", text.Value),
				Hint: `write "2026-03-01", "2026-03-01 15:04:05" (local time) or "2026-03-01T15:04:05Z"`,
			}
		}
	}
}

// environment declares all fields to the checker, and the parts of args and headers that the
// expression reads.
func environment(used []field) types.Map {
	env := types.Map{}
	for _, f := range fields {
		env[f.name] = f.typ
	}
	for _, f := range used {
		env[f.name] = f.typ
	}
	return env
}
