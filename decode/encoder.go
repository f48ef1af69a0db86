package decode

import (
	"errors"
	"fmt"
	"strconv"
)

// Encoder writes commands. Its methods append to one buffer. The first error sticks and is returned
// by Bytes, so that callers chain the calls of a command and check once. Lines end in CRLF (§5.2).
//
//	var e decode.Encoder
//	e.Command("CHG").TrID(8).Arg("NLN").End()
//	e.Command("MSG").TrID(9).Arg("N").Payload(body)
//
// The zero Encoder is ready for use. It is not safe for concurrent use.
type Encoder struct {
	buf  []byte
	err  error
	line int  // where the current line begins in buf
	open bool // whether a command was begun and not ended yet
}

// Reset discards what was written and any error. It keeps the buffer for reuse.
func (e *Encoder) Reset() { *e = Encoder{buf: e.buf[:0]} }

// Bytes returns all commands written since the last Reset, and the first error. The slice belongs
// to the Encoder and is valid until the next Reset.
func (e *Encoder) Bytes() ([]byte, error) {
	if e.err == nil && e.open {
		e.err = errors.New("encode: the last command was not ended")
	}
	return e.buf, e.err
}

// Command begins a command. Its chain of calls must finish with End or Payload.
func (e *Encoder) Command(verb string) *Encoder {
	if e.open {
		e.fail("command %s begins before the previous one has ended", verb)
	}
	if V(verb) == (Verb{}) {
		e.fail("%q is not a command: it must be three letters or three digits", verb)
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

// Arg appends arguments unescaped. An argument that is empty, or contains a blank or a line end,
// would break the line and is an error.
func (e *Encoder) Arg(args ...string) *Encoder {
	for _, a := range args {
		if a == "" {
			e.fail("empty argument after %q", e.buf[e.line:])
		}
		for i := range len(a) {
			if c := a[i]; c == ' ' || c == '\t' || c == '\n' || c == '\r' {
				e.fail("argument %q contains a blank or a line end: escape it", a)
			}
		}
		e.buf = append(append(e.buf, ' '), a...)
	}
	return e
}

// Text appends a human-readable text as one argument, escaped (§5.5).
func (e *Encoder) Text(s string) *Encoder { return e.Arg(Escape(s)) }

// Int appends n in decimal.
func (e *Encoder) Int(n int) *Encoder {
	e.buf = strconv.AppendInt(append(e.buf, ' '), int64(n), 10)
	return e
}

// End ends a command that has no payload.
func (e *Encoder) End() {
	if !e.open {
		e.fail("End without a Command")
	}
	e.open = false
	e.buf = append(e.buf, '\r', '\n')
	if len(e.buf)-e.line > MaxLine {
		e.fail("the line has %d bytes: at most %d are allowed", len(e.buf)-e.line, MaxLine)
	}
}

// Payload appends the length of p, ends the line and appends p (§8.7).
func (e *Encoder) Payload(p []byte) {
	if len(p) > MaxPayload {
		e.fail("the payload has %d bytes: at most %d are allowed", len(p), MaxPayload)
	}
	e.Int(len(p)).End()
	e.buf = append(e.buf, p...)
}

func (e *Encoder) fail(format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("encode: "+format, args...)
	}
}
