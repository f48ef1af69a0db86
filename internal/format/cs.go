package format

import (
	"bytes"

	"github.com/msnscope/msnscope/decode/session"
)

// AppendCS appends the event in the draft's own notation: "C: " or "S: " and the command line, printable; the lines of a
// payload follow, each after "| ". What is no command is a line that begins with "# ". Headings where the connection changes
// are the caller's.
func AppendCS(dst []byte, e *session.Event) []byte {
	switch {
	case e.Kind != session.Command:
		return append(appendWords(append(dst, "# "...), e), '\n')
	case e.In.Opaque():
		dst = append(append(dst, "# "...), byte(e.Dir))
		return append(append(append(dst, ": "...), Summary(e)...), '\n')
	}
	dst = append(dst, byte(e.Dir), ':', ' ')
	dst = append(appendPrintable(dst, e.In.Line()), '\n')
	for rest := e.In.Payload(); len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		dst = append(appendPrintable(append(dst, "| "...), bytes.TrimSuffix(line, []byte("\r"))), '\n')
		rest = after
	}
	return dst
}
