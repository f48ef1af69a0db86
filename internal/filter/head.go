package filter

import (
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"github.com/msnscope/msnscope/decode/session"
)

// Verdict is what the head of an event tells of whether it matches: all of the event but its bytes, its text and what was sent
// on, which an index has without reading them.
type Verdict uint8

// The verdicts.
const (
	Unsure Verdict = iota // only the whole event tells
	No
	Yes
)

// The fields of the head: those that are the same for all events of a connection, as long as nothing new is known of it, those
// that a few dozen combinations of verb, direction and flags have, and those that are different each time.
var (
	connFields = []string{"conn", "role", "client", "server", "user", "session", "dialect"}
	verbFields = []string{"cmd", "dir", "flags", "event"}
	headFields = []string{"n", "time", "reply_to", "rtt_ms"}
)

// Class is how many events a head has one verdict for.
type Class uint8

// The classes.
const (
	EachEvent     Class = iota // every event may have another
	ByVerb                     // those that have the same verb, row, direction, kind and flags
	ByVerbAndConn              // those of them that are on the same connection, and say the same of it
)

// head is what an expression says of the heads of events.
type head struct {
	program *vm.Program // true wherever the expression may be; nil where that is everywhere
	fields  []field
	whole   bool // it is the expression itself
	class   Class
}

// Head returns what the head of an event tells. Of its message nothing but the verb is looked at.
func (f *Filter) Head(e *session.Event) Verdict {
	switch h := &f.head; {
	case f.word != nil && h.whole:
		return verdict(f.word(e))
	case h.program == nil:
		return Unsure
	default:
		may, err := f.run(h.program, h.fields, e)
		switch {
		case err == nil && !may:
			return No
		case h.whole:
			return verdict(err == nil && may)
		}
		return Unsure
	}
}

func verdict(match bool) Verdict {
	if match {
		return Yes
	}
	return No
}

// Class returns for which events Head says the same.
func (f *Filter) Class() Class { return f.head.class }

func classOf(fields []field) Class {
	class := ByVerb
	for _, f := range fields {
		switch {
		case slices.Contains(headFields, f.name):
			return EachEvent
		case slices.Contains(connFields, f.name):
			class = ByVerbAndConn
		}
	}
	return class
}

// headOf takes from an expression what can be told without the bytes: what needs them becomes true, or false where that makes
// the whole true. So where the result is false, the expression is not true.
func headOf(src string) (head, error) {
	config := conf.CreateNew()
	config.MaxNodes = maxNodes
	tree, err := parser.ParseWithConfig(src, config)
	if err != nil {
		return head{}, err
	}
	ast.Walk(&tree.Node, flatten{})
	h := head{whole: bound(&tree.Node, true)}
	if is(tree.Node, true) && !h.whole {
		return head{}, nil
	}
	c := &collector{src: src, seen: map[string]bool{}}
	if ast.Walk(&tree.Node, c); c.err != nil {
		return head{}, c.err
	}
	h.fields = c.fields
	h.class = classOf(h.fields)
	for _, o := range []expr.Option{expr.Env(environment(h.fields)), expr.AsBool()} {
		o(config)
	}
	config.Check()
	if _, err := checker.Check(tree, config); err != nil {
		return head{}, err
	}
	if err := optimizer.Optimize(&tree.Node, config); err != nil {
		return head{}, err
	}
	h.program, err = compiler.Compile(tree, config)
	return h, err
}

// bound replaces the parts of a condition that need more than the head by the given value, and by its opposite within a
// negation. It reports whether nothing had to be.
func bound(node *ast.Node, to bool) (whole bool) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		switch n.Operator {
		case "&&", "and", "||", "or":
			left := bound(&n.Left, to)
			whole = bound(&n.Right, to) && left
			either := n.Operator == "||" || n.Operator == "or"
			if !whole && either == to && (is(n.Left, to) || is(n.Right, to)) {
				ast.Patch(node, &ast.BoolNode{Value: to}) // one side alone decides
			}
			return whole
		}
	case *ast.UnaryNode:
		if n.Operator == "!" || n.Operator == "not" {
			return bound(&n.Node, !to)
		}
	}
	r := &reads{}
	if ast.Walk(node, r); !r.more {
		return true
	}
	ast.Patch(node, &ast.BoolNode{Value: to})
	return false
}

func is(node ast.Node, value bool) bool {
	b, ok := node.(*ast.BoolNode)
	return ok && b.Value == value
}

// reads finds out whether a part of an expression reads more than the head, or what is different each time.
type reads struct{ more bool }

// Visit implements ast.Visitor.
func (r *reads) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		known := slices.Contains(connFields, n.Value) || slices.Contains(verbFields, n.Value) || slices.Contains(headFields, n.Value)
		r.more = r.more || !known
	case *ast.BuiltinNode:
		r.more = r.more || n.Name == "now"
	}
}
