package server

import "sync"

// maxSpeech is how many bytes of messages that came together are relayed in one step, but for the last message of them: in no larger
// steps is it seen that a reader has too much waiting. Few reads bring more.
const maxSpeech = 32 << 10

// speech is messages that a user sent in a row, as the others will get them. They are relayed in one step, before anything else is
// done for the user. It is lent.
type speech struct {
	lines []byte
	asked []asked // whose messages want to be answered, in their order
}

// asked is a message that wants a NAK when it is not delivered, and an ACK when it is if ack says so.
type asked struct {
	id  string
	ack bool
}

var speeches = sync.Pool{New: func() any { return new(speech) }}

// msg has a message relayed to all others, with the body as it came (§8.7, §8.8).
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
	size := r.m.Arg(r.m.NumArgs() - 1) // framing went by it: it is the payload's
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

// relay gives the others what the user said, and answers. Delivered means handed to the connection of every other member, and
// that there is one.
func (c *conn) relay() {
	s := c.speech
	if s == nil {
		return
	}
	c.speech = nil // send calls relay
	delivered := c.seat.session.relay(c, s.lines)
	c.answer(s.asked, delivered)
	s.giveBack()
}

// answer sends what messages asked for.
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

func (s *speech) giveBack() {
	if cap(s.lines) > keptQueue {
		return
	}
	clear(s.asked)
	s.lines, s.asked = s.lines[:0], s.asked[:0]
	speeches.Put(s)
}
