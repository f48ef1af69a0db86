package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode/session"
)

// anything is the choice of a field of the filter form that narrows nothing.
const anything = "any"

// filterForm opens a form that makes a filter of what is filled in.
func (a *App) filterForm() {
	flags := slices.Concat([]string{anything}, session.Flag(1<<16-1).Names())
	f := &form{title: "Filter", hint: "Tab next, Left and Right choose, Enter applies, Esc leaves"}
	f.fields = []*formField{
		a.textField("commands", ""), a.textField("user", ""), a.textField("says", ""),
		choiceField("direction", anything, anything, "from the client", "from the server"),
		choiceField("server", anything, anything, "DS", "NS", "SB", "FT"),
		choiceField("flag", anything, flags...),
		a.textField("slower than ms", ""), a.textField("connection", ""),
	}
	_, e := a.model.Selected()
	f.note = func() seg {
		expr := expression(f.fields)
		switch _, err := a.compile(expr); {
		case err != nil:
			return seg{complaint(err), a.theme.fail}
		case expr == "":
			hint := "everything"
			if e != nil && e.Conn != 0 {
				hint = fmt.Sprintf("everything; the selected command is on connection %d", e.Conn)
			}
			return seg{hint, a.theme.dim}
		}
		return seg{expr, a.theme.good}
	}
	f.done = func() bool {
		err := a.setFilter(expression(f.fields))
		a.report(err)
		return err == nil
	}
	a.form = f
}

// expression returns the filter for the values of the form.
func expression(fields []*formField) string {
	var all []string
	and := func(form string, value any) { all = append(all, fmt.Sprintf(form, value)) }
	for _, f := range fields {
		value := strings.TrimSpace(f.value())
		if value == "" || value == anything {
			continue
		}
		switch f.label {
		case "commands":
			all = append(all, oneOf(strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' })))
		case "user":
			and("lower(user) contains %q", strings.ToLower(value))
		case "says":
			and("(lower(raw) contains %[1]q or lower(payload.text) contains %[1]q)", strings.ToLower(value))
		case "direction":
			and("dir == %q", map[bool]string{true: "C", false: "S"}[value == "from the client"])
		case "server":
			and("role == %q", value)
		case "flag":
			and("%q in flags", value)
		case "slower than ms":
			and("rtt_ms > %s", value)
		case "connection":
			and("conn == %s", value)
		}
	}
	return strings.Join(all, " and ")
}

// oneOf returns the condition that the command is one of the words.
func oneOf(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(strings.ToUpper(w))
	}
	if len(quoted) == 1 {
		return "cmd == " + quoted[0]
	}
	return "cmd in [" + strings.Join(quoted, ", ") + "]"
}
