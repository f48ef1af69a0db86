package filter

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
)

// flatten turns args.Ser, payload.text and payload["headers"].X into single names, so that evaluating an expression reads
// exactly the parts of an event that it names: building all of args for every event would cost more than all else.
type flatten struct{}

// Visit implements ast.Visitor; inner nodes come first.
func (flatten) Visit(node *ast.Node) {
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
	}
}

// container reports whether a name has parts of its own that the event can give one by one.
func container(name string) bool {
	return name == "args" || name == "payload" || name == "payload.headers" || name == "out"
}

// timeLiteral returns operand, as a time where it is a text that stands beside the field time.
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

// inspect parses an expression and returns the fields that it reads. It refuses what the library's checker would let pass.
func inspect(src string) ([]field, error) {
	config := conf.CreateNew()
	config.MaxNodes = maxNodes
	tree, err := parser.ParseWithConfig(src, config)
	if err != nil {
		return nil, refusal(src, err)
	}
	ast.Walk(&tree.Node, flatten{})
	c := &collector{src: src, seen: map[string]bool{}}
	ast.Walk(&tree.Node, c)
	if c.err != nil {
		return nil, c.err
	}
	return c.fields, nil
}

// collector finds the fields in a flattened expression.
type collector struct {
	src    string
	seen   map[string]bool
	fields []field
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

// checkTime says what a time looks like, which the checker cannot know.
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
				Src: c.src, Offset: runeOffset(c.src, text.Location().From), Msg: fmt.Sprintf("%q is no time", text.Value),
				Hint: `write "2026-03-01", "2026-03-01 15:04:05" (local time) or "2026-03-01T15:04:05Z"`,
			}
		}
	}
}

// environment declares all fields to the checker, and the parts of args and headers that the expression reads.
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
