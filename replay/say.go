package replay

import (
	"bytes"
	"fmt"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// advance sends everything that can be sent now, until nothing more can.
func (h *host) advance() {
	for again := true; again; {
		again = false
		for _, p := range h.parts {
			if p.guest != nil && h.advancePart(p) {
				again = true
			}
		}
	}
}

// advancePart sends what can be sent on one connection. It reports whether anything was done.
func (h *host) advancePart(p *part) (did bool) {
	held, unsaid := false, false // a command waits for its time; an earlier command was not sent
	silent := len(p.steps)       // the first of the client's commands that has not come
	for i := p.at; i < len(p.steps) && i < silent+answersAhead && p.guest != nil; i++ {
		s := &p.steps[i]
		if p.state[i] != waiting || i > silent && !h.asked(p, s) {
			continue
		}
		switch s.do {
		case send:
			silent = min(silent, i)
		case closeClient:
			if p.guest.half && !unsaid && !held { // nothing shows when the client closes for good
				h.dismiss(p.guest, "closed by the client")
				return true
			}
			return did
		case shutClient: // nothing more is sent before that
			return did
		case closeServer:
			if unsaid && !h.parting(p, i) || held {
				return did
			}
			h.done[s.index] = time.Now()
			p.state[i] = came
			h.dismiss(p.guest, "closed by the server")
			return true
		case shutServer:
			if half, ok := p.guest.conn.(interface{ CloseWrite() error }); ok && !held {
				_ = half.CloseWrite() // a client that is gone hears nothing anyway
				p.state[i], did = came, true
			}
		case expect:
			switch {
			case h.skips(p, s):
				p.state[i], h.done[s.index] = skipped, time.Now()
			case unsaid && s.is&answers == 0 || !h.ready(p, s):
				unsaid = true
			case held || !h.due(p, i):
				held = true
			default:
				p.state[i], h.done[s.index], did = came, time.Now(), true
				h.say(p.guest, s)
			}
		}
	}
	h.trim(p)
	return did
}

// answersAhead is how many steps after a command of the client that has not come are searched for
// answers to earlier commands, with which it crossed in the recording.
const answersAhead = 256

// asked reports whether a step is the answer to a request that came.
func (h *host) asked(p *part, s *step) bool {
	if s.do != expect || s.is&answers == 0 || s.cause < 0 {
		return false
	}
	_, asked := p.guest.trids[s.cause]
	return asked
}

// trim moves p.at past the steps that are done.
func (h *host) trim(p *part) {
	for p.at < len(p.steps) && p.state[p.at] != waiting {
		p.at++
	}
}

// parting reports whether the client has said its last word before step i.
func (h *host) parting(p *part, i int) bool {
	for j := range p.steps[:i] {
		if p.steps[j].is&leaves != 0 && p.state[j] == came {
			return true
		}
	}
	return false
}

// skips reports whether a server's command answers a request that never came.
func (h *host) skips(p *part, s *step) bool {
	if s.is&answers == 0 || s.cause < 0 {
		return false
	}
	return !h.asked(p, s) && h.happened(s.cause)
}

// happened reports whether the event at the index has come, was sent, or will not come any more.
func (h *host) happened(index int32) bool {
	_, is := h.done[index]
	return is
}

// ready reports whether the event that led to a server's command has happened or is not going to,
// because the client that would cause it is not connected.
func (h *host) ready(p *part, s *step) bool {
	if s.cause < 0 || h.happened(s.cause) {
		return true
	}
	cause := h.plan.log.At(int(s.cause))
	other := h.roles[int32(cause.Conn)]
	return other == nil || other.guest == nil && !h.present(other.plan.user)
}

// present reports whether the user has a connection.
func (h *host) present(user string) bool {
	for _, g := range h.guests {
		if g.part != nil && g.part.plan.user == user {
			return true
		}
	}
	return false
}

// due reports whether the command of step i may be sent by the clock of the recording. If not,
// advance runs again once it may.
func (h *host) due(p *part, i int) bool {
	if h.o.Speed <= 0 {
		return true
	}
	from, fromAt := p.began, p.steps[0].at
	if p.lastAt != 0 {
		from, fromAt = p.last, p.lastAt
	}
	if cause := p.steps[i].cause; cause >= 0 && h.happened(cause) { // due as long after its cause as then
		from, fromAt = h.done[cause], h.plan.log.At(int(cause)).Time.UnixNano()
	}
	wait := time.Duration(float64(p.steps[i].at-fromAt)/h.o.Speed) - time.Since(from)
	if wait <= 0 {
		p.last, p.lastAt = time.Now(), p.steps[i].at
		return true
	}
	h.wake(p.guest, time.Now().Add(wait))
	return false
}

// wake makes advance run again at the given time, or before.
func (h *host) wake(g *guest, at time.Time) {
	if now := time.Now(); g.timer != nil && g.wakes.After(now) && !at.Before(g.wakes) {
		return
	}
	if g.timer != nil {
		g.timer.Stop()
	}
	g.wakes = at
	g.timer = time.AfterFunc(time.Until(at), func() {
		select {
		case h.inbox <- arrival{guest: g}:
		case <-h.ended:
		}
	})
}

// writeTime is how long a client may take to read one command.
const writeTime = 10 * time.Second

// say sends a recorded command of the server to a client, with the client's TrID and our addresses.
func (h *host) say(g *guest, s *step) {
	e := h.plan.log.At(int(s.index))
	h.referred[e.N] = true
	h.write(g, h.translate(g, s, e))
}

// write sends bytes to a client.
func (h *host) write(g *guest, raw []byte) {
	if g.closed || len(raw) == 0 {
		return
	}
	m := decode.Parse(raw, decode.FromServer, g.sess.Framing())
	h.publish(g.sess.Track(decode.FromServer, &m, time.Now()))
	_ = g.conn.SetWriteDeadline(time.Now().Add(writeTime)) // Write fails too if it does
	if _, err := g.conn.Write(raw); err != nil {
		h.dismiss(g, fmt.Sprintf("write to the client: %v", err))
	}
}

// translate returns the bytes of a recorded command with the TrID that the client gave to its
// request and our address in place of the recorded server's.
func (h *host) translate(g *guest, s *step, e *session.Event) []byte {
	raw := h.readdress(g, e)
	if e.In.Opaque() {
		return raw
	}
	if trid := g.trids[s.cause]; s.cause >= 0 && s.is&answers != 0 && len(trid) > 0 && e.In.HasTrID {
		if i := bytes.Index(e.In.Line(), e.In.TrIDText()); i > 0 {
			raw = splice(raw, i, i+len(e.In.TrIDText()), trid)
		}
	}
	return raw
}

// readdress returns the bytes of a server's command with our address in place of its addresses.
func (h *host) readdress(g *guest, e *session.Event) []byte {
	raw := e.In.Raw
	if e.In.Opaque() || e.Row == nil {
		return raw
	}
	for i := e.In.NumArgs() - 1; i >= 0; i-- { // from the end, so that what stands before keeps its place
		a, _ := e.Row.Arg(i)
		if _, ok := referral.Normalize(string(e.In.Arg(i))); a.Kind != dialect.HostPort || !ok {
			continue
		}
		start, end := e.In.ArgSpan(i)
		raw = splice(raw, start, end, []byte(h.address(g)))
	}
	return raw
}

// splice returns raw with other bytes in place of those from start to end.
func splice(raw []byte, start, end int, with []byte) []byte {
	return append(append(append(make([]byte, 0, len(raw)+len(with)), raw[:start]...), with...), raw[end:]...)
}

// address returns the address that referrals to this guest have.
func (h *host) address(g *guest) string {
	if h.o.Address != "" {
		return h.o.Address
	}
	return addressOf(g.conn.LocalAddr())
}

// refuse answers a command with an error: 500, or 200 for one of no known form (§7.11).
func (h *host) refuse(g *guest, e *session.Event) {
	code := 500
	if e.Row == nil {
		code = 200
	}
	line := fmt.Sprint(code)
	if e.In.HasTrID {
		line += " " + string(e.In.TrIDText())
	}
	h.write(g, []byte(line+"\r\n"))
}
