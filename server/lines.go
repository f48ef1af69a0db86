package server

import (
	"errors"
	"fmt"

	"github.com/msnscope/msnscope/decode"
)

var errWrite = errors.New("the server made a line that cannot be sent")

// lines are commands that leave together, in one write.
type lines struct{ e decode.Encoder }

// add appends a command.
func (l *lines) add(verb string, args ...string) { l.e.Command(verb).Arg(args...).End() }

// line returns lines of one command.
func line(verb string, args ...string) *lines {
	l := new(lines)
	l.add(verb, args...)
	return l
}

// message returns a MSG from somebody (§8.8).
func message(handle, name string, payload []byte) *lines {
	l := new(lines)
	l.e.Command("MSG").Arg(handle, name).Payload(payload)
	return l
}

// send queues l for the client and reports whether it will be sent. Lines with a mistake in them are not sent, and the
// connection is closed: the client would wait for them for ever. It may be called with the hub locked.
func (c *conn) send(l *lines) bool {
	b, err := l.e.Bytes()
	if err != nil {
		c.cancel(fmt.Errorf("%w: %w", errWrite, err))
		return false
	}
	return c.push(b)
}

// wireName returns a friendly name as it can stand on a line: as stored, which is as a client sent it, unless it was stored
// with what breaks a line; the handle where there is none.
func wireName(name, handle string) string {
	if name == "" {
		return handle
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] == 0x7f {
			return decode.Escape(name)
		}
	}
	return name
}
