package ui

import "strings"

// equivalents maps the keys of a row of the key table to the same action on the line after ':' or
// on the program's command line.
var equivalents = map[string]string{
	"F3 /": ":filter EXPR, -Y EXPR", "F2 w": ":save FORM FILE, msnscope export", "i": ":hold EXPR, --intercept EXPR",
	"q": ":quit", "F1 ?": ":help", "A": ":release", ";": ":comment TEXT", "K": "msnscope explain WORD",
	">":    ":play",
	"F8 O": ":set NAME=VALUE", "n": ":find TEXT", "Q": ":queue", "y": "msnscope dump -T cs",
	"E": "--headless prints it to standard error",
}

// action is an entry of the palette.
type action struct {
	what, keys, line string
	do               func(a *App)
}

// actions returns the actions of all keys and of all lines after ':'.
func actions() []action {
	var all []action
	for _, k := range keyTable() {
		if k.do != nil {
			all = append(all, action{k.help, k.keys, equivalents[k.keys], k.do})
		}
	}
	for _, c := range commandTable() {
		name := c.name
		all = append(all, action{c.help, "", strings.TrimSpace(":" + name + " " + c.args), func(a *App) {
			if c.args == "" {
				c.do(a, "")
				return
			}
			a.editCommand()
			a.prompt.set(name + " ")
		}})
	}
	return all
}

// palette lists every action; typed words narrow the list.
func (a *App) palette() {
	p := &picker{title: "Actions", hint: "type to narrow, Enter does it, Esc closes", query: a.newQuery()}
	var found []action
	p.rows = func(width int) []line {
		found = found[:0]
		var rows []line
		for _, x := range actions() {
			if !x.matches(p.query.GetText()) {
				continue
			}
			found = append(found, x)
			rows = append(rows, a.actionRow(x, width))
		}
		return rows
	}
	p.press = func(name string, at int) bool {
		if name != "Enter" || at < 0 || at >= len(found) {
			return false
		}
		a.picker = nil
		found[at].do(a)
		return true
	}
	a.picker = p
}

// matches reports whether an action contains all of the words.
func (x *action) matches(words string) bool {
	text := strings.ToLower(x.what + " " + x.keys + " " + x.line)
	for _, w := range strings.Fields(strings.ToLower(words)) {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

func (a *App) actionRow(x action, width int) line {
	t := &a.theme
	keys, equivalent := 14, 0
	if width >= 70 {
		equivalent = min(38, width/3)
	}
	what := max(10, width-keys-equivalent)
	return line{
		{pad(x.keys, keys, t.g.ellipsis), t.key},
		{pad(x.what, what, t.g.ellipsis), t.plain},
		{cut(" "+x.line, equivalent, t.g.ellipsis), t.dim},
	}
}
