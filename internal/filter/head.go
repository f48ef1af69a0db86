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

// Verdict is the result of a filter for the head of an event. The head is everything but the
// event's bytes, its text and what was sent on; an index holds it in memory.
type Verdict uint8

// The verdicts.
const (
	Unsure Verdict = iota // the whole event is needed to decide
	No
	Yes
)

// The fields of the head: those that all events of a connection share as long as nothing new is
// learned of it, those of which a few dozen combinations of verb, direction and flags exist, and
// those that differ each time.
var (
	connFields = []string{
		"conn", "role", "client", "server", "client_name", "server_name", "user", "session", "dialect",
	}
	verbFields = []string{"cmd", "dir", "flags", "event"}
	headFields = []string{"n", "time", "reply_to", "rtt_ms", "file"}
)

// Class tells which events have the same verdict on their heads.
type Class uint8

// The classes.
const (
	EachEvent     Class = iota // each event may have another verdict
	ByVerb                     // events with the same verb, row, direction, kind and flags
	ByVerbAndConn              // of these, the events with the same connection and connection info
)

// head is the part of a filter that needs only the heads of events.
type head struct {
	program *vm.Program // true if the expression may be true; nil if that is always so
	fields  []field
	whole   bool // whether the program is equivalent to the expression
	class   Class
}

// Head returns the verdict on the head of an event. Of the event's message it reads only the verb.
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

// Class returns which events have the same verdict of Head.
func (f *Filter) Class() Class { return f.head.class }

func classOf(fields []field) Class {
	class := ByVerb
	for _, f := range fields {
		switch {
		case slices.Contains(headFields, f.name):
			return EachEvent
		case slices.Contains(connFields, plainName(f.name)):
			class = ByVerbAndConn
		}
	}
	return class
}

// headOf derives an expression that needs only the head.
func headOf(src string) (head, error) {
	return derive(src, func(name string) bool {
		return slices.Contains(connFields, plainName(name)) || slices.Contains(verbFields, name) ||
			slices.Contains(headFields, name)
	})
}

// derive derives an expression that needs only the known fields: a condition that needs others
// becomes true, or false inside a negation. So whenever the derived expression is false, the
// original is false.
func derive(src string, known func(name string) bool) (head, error) {
	config := conf.CreateNew()
	config.MaxNodes = maxNodes
	text, folds := unfold(src)
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		return head{}, err
	}
	ast.Walk(&tree.Node, flatten{folds})
	h := head{whole: bound(&tree.Node, true, known)}
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

// bound replaces the parts of a condition that need more than the known fields by the given value,
// and inside a negation by its opposite. It reports whether it replaced nothing.
func bound(node *ast.Node, to bool, known func(name string) bool) (whole bool) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		switch n.Operator {
		case "&&", "and", "||", "or":
			left := bound(&n.Left, to, known)
			whole = bound(&n.Right, to, known) && left
			either := n.Operator == "||" || n.Operator == "or"
			if !whole && either == to && (is(n.Left, to) || is(n.Right, to)) {
				ast.Patch(node, &ast.BoolNode{Value: to}) // the other side no longer matters
			}
			return whole
		}
	case *ast.UnaryNode:
		if n.Operator == "!" || n.Operator == "not" {
			return bound(&n.Node, !to, known)
		}
	}
	r := &reads{known: known}
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

// reads determines whether a part of an expression reads more than the known fields, or something
// that is different in each event.
type reads struct {
	known func(name string) bool
	more  bool
}

// Visit implements ast.Visitor.
func (r *reads) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		r.more = r.more || !r.known(n.Value)
	case *ast.BuiltinNode:
		r.more = r.more || n.Name == "now"
	}
}
