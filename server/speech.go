package server

import "sync"

// maxSpeech is how many bytes of messages that came together are relayed in one step; the last
// message may exceed it. Larger steps would notice too late that a reader has fallen behind. Few
// reads bring more.
const maxSpeech = 32 << 10

// speech holds messages that a user sent in a row, in the form that the others get them. They are
// relayed in one step, before anything else is done for the user. It comes from a pool; relay gives
// it back.
type speech struct {
	lines []byte
	asked []asked // the messages that want an answer, in their order
}

// asked is a message that wants a NAK when it is not delivered, and, if ack is true, an ACK when it
// is. id is its TrID.
type asked struct {
	id  string
	ack bool
}

var speeches = sync.Pool{New: func() any { return new(speech) }}

// msg handles MSG: it collects the message, with its body unchanged, to be relayed to all other
// members (§8.7, §8.8).
func (c *conn) msg(r *request) {
	payload := r.m.Payload()
	if limit := c.s.set.MaxMessage; limit > 0 && len(payload) > limit {
		c.fail(r, badMessage)
		return
	}
	if c.speech == nil {
		c.speech = speeches.Get().(*speech)
	}
	s := c.speech
	size := r.m.Arg(r.m.NumArgs() - 1) // valid, since framing used it
	for len(size) > 1 && size[0] == '0' {
		size = size[1:]
	}
	b := append(append(s.lines, c.seat.says...), size...)
	b = append(b, '\r', '\n')
	s.lines = append(b, payload...)
	if mode := r.m.Arg(0); string(mode) != "U" {
		s.asked = append(s.asked, asked{r.id(), string(mode) == "A"})
	}
	if len(s.lines) >= maxSpeech {
		c.relay()
	}
}

// relay sends the collected messages to the other members, and answers those that want it. A
// message counts as delivered when there is another member and it was queued for all of them.
func (c *conn) relay() {
	s := c.speech
	if s == nil {
		return
	}
	c.speech = nil // send calls relay again
	delivered := c.seat.session.relay(c, s.lines)
	c.answer(s.asked, delivered)
	s.giveBack()
}

// answer sends the ACKs and NAKs that messages want.
func (c *conn) answer(all []asked, delivered bool) {
	var answers lines
	for _, a := range all {
		switch {
		case !delivered:
			answers.add("NAK", a.id)
		case a.ack:
			answers.add("ACK", a.id)
		}
	}
	if len(answers.bytes()) > 0 {
		c.send(&answers)
	}
}

// giveBack returns s to the pool, unless its buffer is too large to keep.
func (s *speech) giveBack() {
	if cap(s.lines) > keptQueue {
		return
	}
	clear(s.asked)
	s.lines, s.asked = s.lines[:0], s.asked[:0]
	speeches.Put(s)
}
