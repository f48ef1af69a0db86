package client

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// These are the content types that a client sends (§8.8).
const (
	plainType  = "text/plain; charset=UTF-8"
	typingType = "text/x-msmsgscontrol"
)

// mime returns a MSG payload of the given content type. header has further header lines, each with
// its CRLF.
func mime(contentType, header, data string) []byte {
	return []byte("MIME-Version: 1.0\r\nContent-Type: " + contentType + "\r\n" + header + "\r\n" + data)
}

// Send sends a text to all others in mode N (§8.7): the server is silent when it is delivered, and
// an [Undelivered] event follows when it is not.
func (s *Switchboard) Send(ctx context.Context, text string) error {
	return s.w.send(ctx, talk("N", mime(plainType, "", text)), nil)
}

// SendPayload sends a whole payload, headers included (§8.8). mode is "U" or "N".
func (s *Switchboard) SendPayload(ctx context.Context, mode string, payload []byte) error {
	return s.w.send(ctx, talk(mode, payload), nil)
}

// Deliver sends a text to all others in mode A and waits for the server's answer (§8.7): it returns
// nil for ACK, ErrUndelivered for NAK. The draft reserves mode A for later; with a server that
// keeps to that, Deliver waits until ctx ends.
func (s *Switchboard) Deliver(ctx context.Context, text string) error {
	m, err := s.w.ask(ctx, talk("A", mime(plainType, "", text)), "ACK", "NAK")
	if err == nil && m.Verb.String() == "NAK" {
		err = fmt.Errorf("MSG: %w", ErrUndelivered)
	}
	return err
}

// Typing sends all others a notice that the user is typing.
func (s *Switchboard) Typing(ctx context.Context) error {
	return s.w.send(ctx, talk("U", mime(typingType, "TypingUser: "+s.c.opts.Handle+"\r\n", "\r\n")), nil)
}

func talk(mode string, payload []byte) command {
	return command{verb: "MSG", args: []string{mode}, payload: payload}
}

// notified handles what a switchboard sends that no request waits for. It runs on the goroutine
// that reads.
func (s *Switchboard) notified(m *decode.Message) {
	switch m.Verb.String() {
	case "IRO":
		s.join(arg(m, 2), text(m, 3), true)
	case "JOI":
		s.join(arg(m, 0), text(m, 1), false)
	case "BYE":
		handle := arg(m, 0)
		s.update(func() {
			s.others = slices.DeleteFunc(s.others, func(o Contact) bool { return strings.EqualFold(o.Handle, handle) })
		})
		s.c.opts.emit(Left{Session: s, Handle: handle})
	case "MSG":
		s.c.opts.emit(message(s, m))
	case "NAK":
		s.c.opts.emit(Undelivered{Session: s, TrID: m.TrID})
	case "ACK", "OUT": // an ACK that nobody waits for any longer; an OUT is followed by the end
	default:
		s.c.opts.emit(odd(s, m))
	}
}

// join adds a participant. It ignores the user itself, for whom a server that keeps to §8.5 sends a
// JOI too.
func (s *Switchboard) join(handle, name string, first bool) {
	if strings.EqualFold(handle, s.c.opts.Handle) {
		return
	}
	s.update(func() {
		if !has(s.others, handle) && len(s.others) < maxEntries {
			s.others = append(s.others, Contact{handle, name})
		}
	})
	s.c.opts.emit(Joined{Session: s, Handle: handle, Name: name, First: first})
}
