package filter

import (
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// argName names argument i as the JSON lines do.
func argName(row *dialect.Row, i int) string {
	if row == nil {
		return "Arg" + strconv.Itoa(i+1)
	}
	if a, ok := row.Arg(i); ok {
		return a.Name
	}
	return "Extra"
}

func argText(m *decode.Message, i int) string {
	return strings.ToValidUTF8(decode.Unescape(string(m.Arg(i))), "\ufffd")
}

// argValue returns the value of the argument with that name in either case, all of them joined by a blank where it repeats.
func argValue(e *session.Event, name string) string {
	value, found := "", false
	for i := range e.In.NumArgs() {
		if !strings.EqualFold(argName(e.Row, i), name) {
			continue
		}
		if found {
			value += " "
		}
		value, found = value+argText(&e.In, i), true
	}
	return value
}

func allArgs(e *session.Event) map[string]string {
	args := make(map[string]string, e.In.NumArgs())
	for i := range e.In.NumArgs() {
		name, value := argName(e.Row, i), argText(&e.In, i)
		if old, again := args[name]; again {
			value = old + " " + value
		}
		args[name] = value
	}
	return args
}

// argNames are the names of all arguments of all dialects, sorted, with args. before them.
func argNames() []string {
	var names []string
	for _, t := range dialect.All() {
		for _, row := range t.Rows() {
			for _, a := range row.Args {
				names = append(names, "args."+a.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
