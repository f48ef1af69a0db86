package format

import (
	"strconv"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// extra is the name of arguments that the command's row does not have.
const extra = "Extra"

// Field is one argument of a command, with its name and its kind.
type Field struct {
	// Name is the draft's name of the argument; "Extra" for a surplus argument; "Arg1", "Arg2" ...
	// in an unknown command. Arguments that repeat have the same name.
	Name string
	// Kind is the argument's kind, Text if unknown.
	Kind dialect.Kind
	// Raw is the argument as it was on the wire, Value the same with %XX unescaped and as
	// text, as body.ToText reads it. Neither is safe for a terminal: see [Printable].
	Raw, Value string
}

// Fields returns the arguments of a command in their order, without verb and TrID; nil for an event
// that has none. The slice is the caller's.
func Fields(e *session.Event) []Field {
	n := e.In.NumArgs()
	if n == 0 {
		return nil
	}
	fields, line := make([]Field, n), string(e.In.Line())
	for i := range fields {
		start, end := e.In.ArgSpan(i)
		raw := line[start:end]
		fields[i] = Field{
			Name: argName(e.Row, i), Kind: argKind(e.Row, i), Raw: raw,
			Value: body.ToText(decode.Unescape(raw)),
		}
	}
	return fields
}

// argName returns the name of argument i.
func argName(row *dialect.Row, i int) string {
	if row == nil {
		return "Arg" + strconv.Itoa(i+1)
	}
	if a, ok := row.Arg(i); ok {
		return a.Name
	}
	return extra
}

func argKind(row *dialect.Row, i int) dialect.Kind {
	if row != nil {
		if a, ok := row.Arg(i); ok {
			return a.Kind
		}
	}
	return dialect.Text
}

// repeats reports whether argument i has the same name as the argument before it.
func repeats(row *dialect.Row, i int) bool {
	if row == nil {
		return false
	}
	if i < len(row.Args) {
		return row.Args[i].Name == row.Args[i-1].Name
	}
	_, many := row.Arg(i)
	return many || i > len(row.Args)
}

// mayRepeat reports whether argument i is one of those with the same name, or could be.
func mayRepeat(row *dialect.Row, i int) bool {
	switch {
	case row == nil:
		return false
	case i >= len(row.Args):
		return true
	}
	return row.Args[i].Many || i+1 < len(row.Args) && row.Args[i+1].Name == row.Args[i].Name ||
		i > 0 && repeats(row, i)
}
