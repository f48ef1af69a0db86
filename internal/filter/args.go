package filter

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// argName returns the name of argument i, the same as in JSON lines.
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
	return body.ToText(decode.Unescape(string(m.Arg(i))))
}

// argValue returns the value of the argument with that name, regardless of case. The values of an
// argument that repeats are joined by blanks.
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

// argValues returns the values of the argument with the name, one by one.
func argValues(e *session.Event, name string) []string {
	var values []string
	for i := range e.In.NumArgs() {
		if strings.EqualFold(argName(e.Row, i), name) {
			values = append(values, argText(&e.In, i))
		}
	}
	return values
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

// argNames returns the names of all arguments of all dialects, each with the prefix "args.",
// sorted. The caller owns the slice.
func argNames() []string { return slices.Clone(allArgNames()) }

// allArgNames makes the names once: the filters of a thousand rules ask for them.
var allArgNames = sync.OnceValue(func() []string {
	var names []string
	for _, t := range dialect.All() {
		for _, row := range t.Rows() {
			for _, a := range row.Args {
				names = append(names, "args."+a.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Clip(slices.Compact(names))
})
