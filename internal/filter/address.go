package filter

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"

	"github.com/msnscope/msnscope/decode/session"
)

// The fields client and server are addresses with a port. Compared with a text that has no port,
// they are compared without theirs: client == "10.0.0.7". To the right of in, cidr("10.0.0.0/8")
// stands for the addresses of a subnet.
//
// For that, an expression is rewritten to read fields whose names nobody can type: "client host",
// and "client in 10.0.0.0/8", which is true or false.
const (
	hostSuffix  = " host"
	subnetInfix = " in "
	subnetName  = "cidr"
)

// endField returns the field with one of those names.
func endField(name string) (field, bool) {
	if end, ok := strings.CutSuffix(name, hostSuffix); ok {
		return field{name, types.String, func(v *view) any { return hostOf(address(v.e, end)) }}, true
	}
	end, subnet, ok := strings.Cut(name, subnetInfix)
	if !ok {
		return field{}, false
	}
	prefix, ok := parseSubnet(subnet)
	get := func(v *view) any {
		addr, err := netip.ParseAddr(hostOf(address(v.e, end)))
		return err == nil && prefix.Contains(addr)
	}
	return field{name, types.Bool, get}, ok
}

// plainName returns the field that one of those fields is made of; other names stay as they are.
func plainName(name string) string {
	name, _, _ = strings.Cut(name, " ")
	return name
}

func address(e *session.Event, end string) string {
	if end == "client" {
		return e.Client
	}
	return e.Server
}

// hostOf returns an address without its port, if it has one, in the form in which hosts are
// compared.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	address = strings.ToLower(strings.Trim(address, "[]"))
	if a, err := netip.ParseAddr(address); err == nil {
		return a.Unmap().WithZone("").String()
	}
	return address
}

// withoutPort reports whether a text is a host alone.
func withoutPort(text string) bool {
	_, _, err := net.SplitHostPort(text)
	return text != "" && err != nil
}

// parseSubnet parses "10.0.0.0/8", or an address alone.
func parseSubnet(text string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a.Unmap().WithZone(""), a.Unmap().BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err == nil
}

// endOf returns the name of the end that a node is, "" for none.
func endOf(node ast.Node) string {
	if name, ok := node.(*ast.IdentifierNode); ok && (name.Value == "client" || name.Value == "server") {
		return name.Value
	}
	return ""
}

// compareHosts rewrites a comparison of client or server with hosts or with a subnet.
func compareHosts(node *ast.Node, n *ast.BinaryNode) {
	switch n.Operator {
	case "==", "!=":
		for _, pair := range [][2]*ast.Node{{&n.Left, &n.Right}, {&n.Right, &n.Left}} {
			text, ok := (*pair[1]).(*ast.StringNode)
			if end := endOf(*pair[0]); end != "" && ok && withoutPort(text.Value) {
				ast.Patch(pair[0], &ast.IdentifierNode{Value: end + hostSuffix})
				ast.Patch(pair[1], &ast.StringNode{Value: hostOf(text.Value)})
			}
		}
	case "in":
		end := endOf(n.Left)
		if end == "" {
			return
		}
		if subnet, ok := subnetOf(n.Right); ok {
			ast.Patch(node, &ast.IdentifierNode{Value: end + subnetInfix + subnet})
		} else if list, ok := n.Right.(*ast.ArrayNode); ok {
			inHosts(node, n, list, end)
		}
	}
}

// inHosts rewrites the hosts without ports of a list.
func inHosts(node *ast.Node, n *ast.BinaryNode, list *ast.ArrayNode, end string) {
	var hosts, others []ast.Node
	for _, item := range list.Nodes {
		if text, ok := item.(*ast.StringNode); ok && withoutPort(text.Value) {
			hosts = append(hosts, &ast.StringNode{Value: hostOf(text.Value)})
		} else {
			others = append(others, item)
		}
	}
	if len(hosts) == 0 {
		return
	}
	in := &ast.BinaryNode{
		Operator: "in", Left: &ast.IdentifierNode{Value: end + hostSuffix}, Right: &ast.ArrayNode{Nodes: hosts},
	}
	if len(others) == 0 {
		ast.Patch(node, in)
		return
	}
	list.Nodes = others
	ast.Patch(node, &ast.BinaryNode{Operator: "||", Left: in, Right: n})
}

// subnetOf returns the subnet that a call of cidr names.
func subnetOf(node ast.Node) (subnet string, ok bool) {
	call, ok := node.(*ast.CallNode)
	if !ok || len(call.Arguments) != 1 {
		return "", false
	}
	name, isName := call.Callee.(*ast.IdentifierNode)
	text, isText := call.Arguments[0].(*ast.StringNode)
	if !isName || !isText || name.Value != subnetName {
		return "", false
	}
	_, ok = parseSubnet(text.Value)
	return text.Value, ok
}

// checkSubnet refuses a call of cidr that compareHosts left.
func (c *collector) checkSubnet(node ast.Node) {
	call, ok := node.(*ast.CallNode)
	if !ok || c.err != nil {
		return
	}
	if name, ok := call.Callee.(*ast.IdentifierNode); !ok || name.Value != subnetName {
		return
	}
	e := &Error{
		Src: c.src, Offset: runeOffset(c.src, call.Location().From),
		Msg:  "cidr stands to the right of in, after client or server",
		Hint: `as in client in cidr("10.0.0.0/8")`,
	}
	if len(call.Arguments) == 1 {
		text, isText := call.Arguments[0].(*ast.StringNode)
		if isText {
			if _, ok := parseSubnet(text.Value); !ok {
				e.Offset, e.Msg = runeOffset(c.src, text.Location().From), fmt.Sprintf("%q is no subnet", text.Value)
				e.Hint = `write "10.0.0.0/8", "2001:db8::/32", or one address`
			}
		}
	}
	c.err = e
}
