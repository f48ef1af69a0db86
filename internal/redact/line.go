package redact

import (
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Masked stands in reports and logs for the value of a sensitive argument.
const Masked = body.Masked

// Line returns the line of a command, without its end, with [Masked] in place of its sensitive
// arguments. row describes the command; nil for one of no known form, of which only what looks like
// a credential is masked. The text is not made printable.
func Line(m *decode.Message, row *dialect.Row) string {
	line := m.Line()
	if m.Opaque() || row == nil {
		return body.Mask(string(line))
	}
	var out []byte
	done := 0
	for i := range m.NumArgs() {
		if a, ok := row.Arg(i); ok && a.Kind.Sensitive() {
			start, end := m.ArgSpan(i)
			out = append(append(out, line[done:start]...), Masked...)
			done = end
		}
	}
	return string(append(out, line[done:]...))
}
