package format

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// extra is the name of arguments that the command's row does not have.
const extra = "Extra"

// Field is one argument of a command.
type Field struct {
	// Name is the draft's; "Extra" for a surplus argument, "Arg1", "Arg2" ... in a command that nobody knows. A name repeats
	// where the argument does.
	Name string
	// Kind is what the argument is; Text where nobody knows.
	Kind dialect.Kind
	// Raw is the argument as it was on the wire, Value with its %XX undone and U+FFFD for bytes that are not UTF-8. Neither is
	// fit for a terminal: see [Printable].
	Raw, Value string
}

// Fields returns the arguments of a command in their order, without verb and TrID; nil for what has none.
func Fields(e *session.Event) []Field {
	n := e.In.NumArgs()
	if n == 0 {
		return nil
	}
	fields, line := make([]Field, n), string(e.In.Line())
	for i := range fields {
		start, end := e.In.ArgSpan(i)
		raw := line[start:end]
		fields[i] = Field{Name: argName(e.Row, i), Kind: argKind(e.Row, i), Raw: raw, Value: validUTF8(decode.Unescape(raw))}
	}
	return fields
}

// argName names argument i.
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

// repeats reports whether argument i has the name of the one before it.
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

// validUTF8 puts one U+FFFD in place of each byte that is not UTF-8.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}
