package format

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/notation"
)

// AppendCS appends the event in the draft's own notation: "C: " or "S: " and the command line,
// printable, then the lines of the payload, each after "| ". An event that is not a command becomes
// a line that begins with "# ". The caller writes headings when the connection changes.
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

// CS appends events in the draft's own notation like [AppendCS], with what it takes to read and to
// play them: each line begins with who speaks, as in "alice NS C: PNG", before a command of another
// connection than the last one's, or of another speaker, stands a heading, such as
// "= 2 alice@hotmail.com NS 10.0.0.5:1863", and the end of a connection is a line of the side that
// closed it, "alice NS S: (closed)". A comment says when a connection opens. It is for one
// goroutine. Events may be left out, but not moved.
type CS struct {
	last uint64
	conn int
	who  notation.Speaker
}

// sureWithin is how far apart two events may be, by number, whose lines certainly stand one after
// the other where several goroutines make pages of lines: less than a page.
const sureWithin = 64

// Append appends an event.
func (c *CS) Append(dst []byte, e *session.Event) []byte {
	switch e.Kind {
	case session.Command, session.Close:
	case session.Open: // a comment: the address of the server may become known later
		return append(appendWords(append(appendConn(append(dst, "# "...), e), ": "...), e), '\n')
	default:
		return AppendCS(dst, e)
	}
	who := notation.SpeakerOf(e.User, e.Role.String())
	if e.Conn != c.conn || who != c.who || e.N <= c.last || e.N-c.last > sureWithin {
		dst = append(appendConn(append(dst, "= "...), e), '\n')
	}
	c.last, c.conn, c.who = e.N, e.Conn, who
	switch {
	case e.In.Opaque():
		return AppendCS(dst, e)
	case e.Kind == session.Command:
		return AppendCS(append(dst, who.String()...), e)
	}
	side := "C"
	if strings.Contains(e.Text, "server") {
		side = "S"
	}
	dst = append(AppendCS(dst, e), who.String()...)
	return append(append(dst, side...), ": (closed)\n"...)
}

// appendConn appends the words of a heading: the connection and what is known of it.
func appendConn(dst []byte, e *session.Event) []byte {
	dst = strconv.AppendInt(dst, int64(e.Conn), 10)
	for _, word := range []string{e.User, e.Role.String(), e.Server} {
		if word != "" {
			dst = appendPrintable(append(dst, ' '), []byte(word))
		}
	}
	return dst
}
