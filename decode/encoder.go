package decode

import (
	"errors"
	"fmt"
	"strconv"
)

// Encoder writes commands. Its methods append to one buffer; the first mistake sticks and is returned by Bytes, so that a
// command is written in one breath and checked once. Lines end in CRLF (§5.2).
//
//	var e decode.Encoder
//	e.Command("CHG").TrID(8).Arg("NLN").End()
//	e.Command("MSG").TrID(9).Arg("N").Payload(body)
//
// The zero Encoder is ready for use. It is for one goroutine.
type Encoder struct {
	buf  []byte
	err  error
	line int  // where the present line began
	open bool // a line has begun and not ended
}

// Reset forgets what was written and any error, and keeps the buffer.
func (e *Encoder) Reset() { *e = Encoder{buf: e.buf[:0]} }

// Bytes returns all commands written since the last Reset, and the first error. The slice is the Encoder's: it is valid
// until the next Reset.
func (e *Encoder) Bytes() ([]byte, error) {
	if e.err == nil && e.open {
		e.err = errors.New("encode: the last command was not ended")
	}
	return e.buf, e.err
}

// Command begins a command.
func (e *Encoder) Command(verb string) *Encoder {
	if e.open {
		e.fail("command %s begun inside another", verb)
	}
	if V(verb) == (Verb{}) {
		e.fail("%q is no command", verb)
	}
	e.line, e.open = len(e.buf), true
	e.buf = append(e.buf, verb...)
	return e
}

// TrID appends a transaction identifier (§5.6).
func (e *Encoder) TrID(id uint32) *Encoder {
	e.buf = strconv.AppendUint(append(e.buf, ' '), uint64(id), 10)
	return e
}

// Arg appends arguments as they are. One that is empty, or holds a blank or a line end, cannot stand in a line: it is an
// error.
func (e *Encoder) Arg(args ...string) *Encoder {
	for _, a := range args {
		if a == "" {
			e.fail("empty argument in %s", e.buf[e.line:])
		}
		for i := range len(a) {
			if c := a[i]; c == ' ' || c == '\t' || c == '\n' || c == '\r' {
				e.fail("argument %q would break the line", a)
			}
		}
		e.buf = append(append(e.buf, ' '), a...)
	}
	return e
}

// Text appends a text for people, escaped (§5.5).
func (e *Encoder) Text(s string) *Encoder { return e.Arg(Escape(s)) }

// Int appends a number.
func (e *Encoder) Int(n int) *Encoder {
	e.buf = strconv.AppendInt(append(e.buf, ' '), int64(n), 10)
	return e
}

// End ends a command that has no payload.
func (e *Encoder) End() {
	if !e.open {
		e.fail("no command to end")
	}
	e.open = false
	e.buf = append(e.buf, '\r', '\n')
	if len(e.buf)-e.line > MaxLine {
		e.fail("line of %d bytes is too long", len(e.buf)-e.line)
	}
}

// Payload appends the length of p, ends the line and appends p (§8.7).
func (e *Encoder) Payload(p []byte) {
	if len(p) > MaxPayload {
		e.fail("payload of %d bytes is too long", len(p))
	}
	e.Int(len(p)).End()
	e.buf = append(e.buf, p...)
}

func (e *Encoder) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("encode: "+format, args...)
	}
}
