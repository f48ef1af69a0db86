package server

import (
	"errors"

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

// bytes returns the lines, nil where there is a mistake in them: an argument from elsewhere that would break the line.
func (l *lines) bytes() []byte {
	b, err := l.e.Bytes()
	if err != nil {
		return nil
	}
	return b
}

// message returns a MSG from somebody (§8.8).
func message(handle, name string, payload []byte) *lines {
	l := new(lines)
	l.e.Command("MSG").Arg(handle, name).Payload(payload)
	return l
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
