package client

import (
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
)

// notified handles what the notification server sends that no request waits for. It runs on the
// goroutine that reads.
func (c *Client) notified(w *wire, m *decode.Message) {
	switch verb := m.Verb.String(); verb {
	case "NLN", "ILN":
		c.opts.emit(Presence{State: arg(m, 0), Handle: arg(m, 1), Name: text(m, 2), First: verb == "ILN"})
	case "FLN":
		c.opts.emit(Presence{State: verb, Handle: arg(m, 0)})
	case "MSG":
		c.opts.emit(message(nil, m))
	case "RNG":
		c.rung(m)
	case "CHG":
		c.update(func() { c.state = arg(m, 0) })
		c.opts.emit(StateChange{State: arg(m, 0)})
	case "ADD", "REM":
		e := listChange(m)
		c.update(func() { c.props.change(e) })
		c.opts.emit(e)
	case "XFR":
		c.move(w, m)
	case "OUT":
		c.update(func() { c.reason = arg(m, 0) })
	default:
		c.opts.emit(odd(nil, m))
	}
}

// odd returns the event for a message that the client does not use: an error that no request
// caused, or an unknown command.
func odd(s *Switchboard, m *decode.Message) Event {
	if code := m.Verb.Code(); code != 0 {
		return ServerError{Err: &ProtocolError{Code: code, Info: info(m)}}
	}
	return Other{Session: s, Line: string(m.Line())}
}

// message returns the event for a MSG (§8.8): Typing for a typing notice.
func message(s *Switchboard, m *decode.Message) Event {
	payload := append([]byte(nil), m.Payload()...)
	b := body.Parse(payload)
	if b.Type == typingType && s != nil {
		return Typing{Session: s, From: arg(m, 0)}
	}
	return Message{
		Session: s, From: arg(m, 0), Name: text(m, 1),
		Type: b.Type, Text: string(b.Data), Payload: payload,
	}
}
