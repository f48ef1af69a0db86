package replay

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/compare"
	"github.com/msnscope/msnscope/internal/redact"
)

// hear handles a command of a live client.
func (h *host) hear(g *guest, m *decode.Message, at time.Time) {
	e := g.sess.Track(decode.FromClient, m, at)
	h.publish(e)
	if g.part != nil { // what it said before in the same segment is answered first
		h.advancePart(g.part)
	}
	if !g.known {
		h.recognize(g, e)
	}
	if g.part == nil { // the recording has no connection for it
		h.unmatched(g, e)
		return
	}
	p := g.part
	key := compare.KeyOf(e)
	i := h.find(p, &key)
	// Who has called somebody elsewhere speaks to them with what is not word for word as recorded.
	if i < 0 || g.double != nil && h.rank(p, i, &key) != compare.Exact {
		h.unmatched(g, e)
		return
	}
	recorded := h.plan.log.At(int(p.steps[i].index))
	again := p.state[i] == came
	if !again {
		h.compareCommand(p, recorded, e)
	} else {
		h.add(h.unexpected(g, e, fmt.Sprintf("it repeats #%d", recorded.N)))
	}
	h.heard(g, i, e, again)
}

// heard records that the client said the command of step i. Commands before it that did not come
// are skipped.
func (h *host) heard(g *guest, i int, e *session.Event, again bool) {
	p := g.part
	s := &p.steps[i]
	if again {
		h.answerAs(g, p, i, e)
		return
	}
	g.trids[s.index] = append([]byte(nil), e.In.TrIDText()...)
	p.state[i] = came
	h.done[s.index] = time.Now()
	for j := p.at; j < i; j++ {
		if p.steps[j].do == send && p.state[j] == waiting {
			p.state[j] = skipped
			h.done[p.steps[j].index] = time.Now()
		}
	}
}

// compareCommand adds the outcome for a client's command: Same, or Differs from the recorded one.
func (h *host) compareCommand(p *part, recorded, e *session.Event) {
	want := *recorded
	want.In, want.Out = recorded.Sent(), nil
	out := outcome(p.conn, p.plan, decode.FromClient, Same)
	out.N, out.Command = recorded.N, printable(redact.Line(&want.In, want.Row))
	if diffs := compare.Message(&want, e, h.compare); len(diffs) > 0 {
		out.Verdict, out.Diffs, out.Got = Differs, printableDiffs(diffs), printable(redact.Line(&e.In, e.Row))
	}
	h.add(out)
}

// How many steps are searched for a command: ahead of what was said last, and back.
const (
	matchAhead = 512
	matchBack  = 64
)

// find returns the step of the recorded command that the client's stands for: the next one that is
// the same, or about the same, or one that was said already; -1 for none.
func (h *host) find(p *part, key *compare.Key) int {
	best, rank, again := -1, compare.Unrelated, -1
	for i, tried := p.at, 0; i < len(p.steps) && tried < matchAhead; i++ {
		if p.steps[i].do != send || p.state[i] == came {
			continue
		}
		tried++
		if r := h.rank(p, i, key); r > rank {
			if best, rank = i, r; r == compare.Exact {
				return i
			}
		}
	}
	for i, tried := min(p.at, len(p.steps))-1, 0; i >= 0 && tried < matchBack; i-- {
		if p.steps[i].do != send {
			continue
		}
		tried++
		r := h.rank(p, i, key)
		switch {
		case p.state[i] == skipped && r > rank:
			best, rank = i, r
		case p.state[i] == came && r >= compare.Loose && again < 0:
			again = i
		}
	}
	if best < 0 {
		return again
	}
	return best
}

// rank returns how well a client's command corresponds to a recorded one, TrIDs apart: Exact, Loose
// for another one about the same thing, or Unrelated.
func (h *host) rank(p *part, i int, key *compare.Key) compare.Rank {
	recorded := h.plan.log.At(int(p.steps[i].index))
	if recorded.In.Verb != key.Event().In.Verb || recorded.In.Opaque() != key.Event().In.Opaque() {
		return compare.Unrelated
	}
	want := compare.KeyOf(recorded)
	if !want.SameSubject(key) {
		return compare.Unrelated
	}
	if len(compare.Message(recorded, key.Event(), h.compare)) == 0 {
		return compare.Exact
	}
	return compare.Loose
}

// recognize finds the recorded connection of a client by what it says first, and perhaps another
// one when the client says who its user is.
func (h *host) recognize(g *guest, e *session.Event) {
	user, cookie := introduces(e)
	g.said = append(g.said, e)
	g.known = user != "" || len(g.said) > maxSaid
	if g.part != nil && (user == "" || h.says(g.part, user)) {
		return
	}
	if h.leads[cookieKey(cookie, user)] != "" { // another server expects it
		return
	}
	to, from := h.choose(g, e, user, cookie), g.part
	if to == from || to == nil && h.o.Unmatched != Embedded {
		return
	}
	if from != nil { // what it said so far belongs to another connection of the recording, or to none
		h.reset(from)
		from.served, g.part = from.served && !g.first, nil
	}
	if to == nil {
		return
	}
	other := to.guest
	if other != nil { // it has said nothing yet that decides, and gets another part
		h.reset(to)
		other.part = nil
	}
	h.give(to, g)
	h.replay(to, g, g.said[:len(g.said)-1])
	if other == nil {
		return
	}
	if from == nil {
		from = h.choose(other, other.said[0], "", "")
	}
	if from != nil && from.guest == nil {
		h.give(from, other)
		h.replay(from, other, other.said)
	}
}

// give gives a part to a guest.
func (h *host) give(p *part, g *guest) {
	if p.served && p.guest == nil { // another client of the same user: from the beginning
		h.reset(p)
	}
	g.first = !p.served
	p.guest, p.served, g.part, p.began = g, true, p, time.Now()
	role := p.plan.role
	g.sess.To(addressOf(g.conn.LocalAddr()), role)
}

// reset sets a part back to its beginning, without a guest.
func (h *host) reset(p *part) {
	p.guest, p.at = nil, 0
	clear(p.state)
	for i := range p.steps {
		delete(h.done, p.steps[i].index)
	}
}

// replay records in p what a client said before its connection was known, and what was answered.
func (h *host) replay(p *part, g *guest, said []*session.Event) {
	for _, e := range said {
		key := compare.KeyOf(e)
		if i := h.find(p, &key); i >= 0 {
			h.heard(g, i, e, false)
			for j := range p.steps {
				if a := &p.steps[j]; a.do == expect && a.cause == p.steps[i].index && a.is&answers != 0 {
					p.state[j], h.done[a.index] = came, time.Now() // it has been answered, by another part
				}
			}
		}
	}
}

// choose returns the recorded connection that fits best, nil for none: the one that the cookie
// belongs to; otherwise, of those of the user or of somebody who may be that user, the first that
// no client has had and that can begin like this. A live referral that leads to a connection comes
// first.
func (h *host) choose(g *guest, e *session.Event, user, cookie string) *part {
	var best *part
	score := 0
	for _, p := range h.parts {
		if p.guest != nil && (p.guest == g || p.guest.known) && p.guest != g {
			continue
		}
		if n := h.fits(p, e, user, cookie); n > score {
			best, score = p, n
		}
	}
	return best
}

// fits returns a score for how well a recorded connection fits a client that begins with e, 0 for
// not at all.
func (h *host) fits(p *part, e *session.Event, user, cookie string) int {
	if user != "" && !h.says(p, user) {
		return 0
	}
	first := h.first(p, cookie != "", user != "")
	if first == nil || first.In.Verb != e.In.Verb {
		return 0
	}
	n := 1
	if len(compare.Message(first, e, h.compare)) == 0 {
		n += 32
	}
	if cookie != "" {
		if string(first.Row.Find(&first.In, dialect.Cookie)) == cookie {
			n += 64
		}
	}
	switch {
	case p.plan.referral == 0:
		n += 12
	case h.referred[p.plan.referral]: // which the client follows now
		n += 16
	}
	switch {
	case p.guest != nil && user == "": // rather any other
		n = 1
	case p.guest != nil: // its guest has not said yet who it is, and gets another one
		n += 8
	case !p.served:
		n += 8
	}
	return n
}

// says reports whether the client of a recorded connection says that it is the user.
func (h *host) says(p *part, user string) bool {
	if p.users == nil {
		p.users = []string{strings.ToLower(p.plan.user)}
		for i := range min(len(p.steps), 8*maxSaid) {
			if p.steps[i].do != send {
				continue
			}
			e := h.plan.log.At(int(p.steps[i].index))
			if e.Row == nil {
				continue
			}
			if self := e.Row.Find(&e.In, dialect.Self); self != nil {
				p.users = append(p.users, strings.ToLower(string(self)))
			}
		}
	}
	return slices.Contains(p.users, user)
}

// first returns the client's first command on a recorded connection, or the first that says who it
// is; nil if there is none.
func (h *host) first(p *part, cookie, user bool) *session.Event {
	for i := range p.steps {
		if p.steps[i].do != send {
			continue
		}
		e := h.plan.log.At(int(p.steps[i].index))
		if !user || e.Row != nil && e.Row.Find(&e.In, dialect.Self) != nil {
			return e
		}
		if i > 4*maxSaid {
			break
		}
	}
	return nil
}

// unmatched answers a command for which the recording has no answer, by the policy of
// ServeOptions.Unmatched.
func (h *host) unmatched(g *guest, e *session.Event) {
	near, p, i := h.near(g, e)
	why := "nothing like it was recorded"
	if near != nil {
		why = fmt.Sprintf("the nearest recorded is #%d %s", near.N, printable(redact.Line(&near.In, near.Row)))
	}
	h.add(h.unexpected(g, e, why))
	strange := g.part == nil && h.o.Unmatched == Embedded
	if e.Row != nil && e.Row.Effect(e.Role) == dialect.Ends && !strange {
		h.dismiss(g, "closed by the server")
		return
	}
	switch cmp.Or(h.o.Unmatched, Nearest) {
	case WithError:
		h.refuse(g, e)
	case Embedded:
		h.ask(g, e)
	case Nearest:
		if near == nil {
			return
		}
		h.answerAs(g, p, i, e)
	}
}

// answerAs answers a client's command as the one of step i was answered.
func (h *host) answerAs(g *guest, p *part, i int, e *session.Event) {
	index := p.steps[i].index
	g.trids[index] = append([]byte(nil), e.In.TrIDText()...)
	for j := i; j < len(p.steps); j++ {
		if a := &p.steps[j]; a.do == expect && a.cause == index && a.is&answers != 0 {
			h.say(g, a)
		}
	}
}

// near returns the nearest recorded command, with its part and step: the same command about
// something else, of the same user if possible, on a connection to the same kind of server.
func (h *host) near(g *guest, e *session.Event) (near *session.Event, of *part, at int) {
	best := 0
	for _, p := range h.parts {
		if g.part != nil && p.plan.role != g.part.plan.role {
			continue
		}
		for i := range p.steps {
			if p.steps[i].do != send || i > matchAhead {
				continue
			}
			r := h.plan.log.At(int(p.steps[i].index))
			if r.In.Verb != e.In.Verb || r.In.Opaque() {
				continue
			}
			n := 1
			if p == g.part {
				n += 8
			}
			for a := range r.In.NumArgs() {
				if a < e.In.NumArgs() && string(r.In.Arg(a)) == string(e.In.Arg(a)) {
					n++
				}
			}
			if n > best {
				near, of, at, best = r, p, i, n
			}
		}
	}
	return near, of, at
}

// unexpected returns the outcome for a client's command that was not recorded.
func (h *host) unexpected(g *guest, e *session.Event, why string) Outcome {
	c := &connPlan{}
	conn := 0
	if g.part != nil {
		c, conn = g.part.plan, g.part.conn
	}
	out := outcome(conn, c, decode.FromClient, Extra)
	out.Command, out.Why = printable(redact.Line(&e.In, e.Row)), why
	return out
}
