package server

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/server/accounts"
)

var errWrite = errors.New("internal error: a line cannot be encoded")

// lines are commands that are sent together, in one write, or, if to is set, an answer of any
// length that is sent in parts. The zero value is empty, ready to use, and sent together.
type lines struct {
	e    decode.Encoder
	left error // why a command was left out, nil if none was
	// to is the connection to which an answer is sent in parts, nil for lines that are sent
	// together.
	to   *conn
	over bool // to accepts nothing more
}

// add appends a command, or leaves it out when an argument cannot be sent. A store is not supposed
// to return such an argument; if one does, a single line is missing rather than all that are sent
// with it.
func (l *lines) add(verb string, args ...string) {
	if l.over {
		return
	}
	room := decode.MaxLine - len(verb) - len("\r\n")
	for i, a := range args {
		room--
		if err := accounts.CheckWord(a, room); err != nil {
			l.left = cmp.Or(l.left, fmt.Errorf("argument %d of %s: %w", i+1, verb, err))
			return
		}
		room -= len(a)
	}
	l.e.Command(verb).Arg(args...).End()
	if b, err := l.e.Bytes(); l.to != nil && err == nil && len(b) >= partAnswered {
		l.over = !l.to.sendPart(l)
	}
}

// reply returns lines for an answer of any length. Only the connection's own goroutine may use
// them, holding the turn: while the client has much to read, add blocks and lends the turn to
// others.
func (c *conn) reply() *lines { return &lines{to: c} }

// sendPart sends the part of an answer that is in l, empties l, and reports whether the rest is
// still wanted.
func (c *conn) sendPart(l *lines) bool {
	ok := c.send(l)
	l.e.Reset()
	l.left = nil
	return ok && c.lend()
}

// line returns lines with one command.
func line(verb string, args ...string) *lines {
	l := new(lines)
	l.add(verb, args...)
	return l
}

// bytes returns the encoded lines, nil where they cannot be encoded because an argument would break
// the line.
func (l *lines) bytes() []byte {
	b, err := l.e.Bytes()
	if err != nil {
		return nil
	}
	return b
}

// message returns a MSG (§8.8) from the user with the handle and the friendly name.
func message(handle, name string, payload []byte) *lines {
	l := new(lines)
	l.e.Command("MSG").Arg(handle, name).Payload(payload)
	return l
}

// wireName returns a friendly name as it is sent: as stored, which is how a client sent it, or the
// handle where the name is empty or cannot be sent.
func wireName(name, handle string) string {
	if name == "" || accounts.CheckName(name) != nil {
		return handle
	}
	return name
}
