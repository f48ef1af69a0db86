package session

import (
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// request is a command that waits for an answer, or got one and may get more, as SYN and LST do.
type request struct {
	n       uint64
	at      time.Time
	row     *dialect.Row // nil for a command that nobody knows: it answers itself
	older   uint64       // the next older one in the same chain, 0 for none
	trid    uint32
	verb    decode.Verb
	hasTrID bool
	// answered says that there was an answer: more may come only where a TrID tells what they answer.
	answered bool
}

// accepts reports whether the verb can answer the request.
func (r *request) accepts(v decode.Verb) bool {
	switch {
	case v.Code() != 0:
		return true
	case r.row == nil:
		return v == r.verb
	}
	return r.row.AnsweredBy(v)
}

// numChains is over how many chains the requests are spread by their TrID; one more is for those without.
const numChains = 64

// requests are the latest maxRequests requests of a connection: a ring, and chains through it, so that an answer is compared
// with few of them. Numbers count from 1.
type requests struct {
	ring   []request
	last   uint64
	chains [numChains + 1]uint64 // the youngest of each
	open   [numChains + 1]uint16 // how many of each have no answer yet
}

func chainOf(hasTrID bool, trid uint32) int {
	if !hasTrID {
		return numChains
	}
	return int(trid % numChains)
}

// get returns a request by its number, nil for 0 and for one that is forgotten.
func (q *requests) get(number uint64) *request {
	if number == 0 || q.last-number >= maxRequests {
		return nil
	}
	return &q.ring[(number-1)%maxRequests]
}

func (q *requests) add(r request) {
	chain := chainOf(r.hasTrID, r.trid)
	r.older = q.chains[chain]
	q.last++
	q.chains[chain] = q.last
	q.open[chain]++
	if len(q.ring) < maxRequests {
		q.ring = append(q.ring, r)
		return
	}
	oldest := &q.ring[(q.last-1)%maxRequests]
	q.settle(oldest)
	*oldest = r
}

// settle notes that the request does not wait any longer.
func (q *requests) settle(r *request) {
	if !r.answered {
		r.answered = true
		q.open[chainOf(r.hasTrID, r.trid)]--
	}
}

// find returns the request that the message answers, nil for none: the oldest that has no answer yet, else the youngest that
// has one and may get more. A number that no request has stays alone, and 0 pairs with a request that waits for it only,
// since servers use it for what nobody asked for (§5.6).
func (q *requests) find(m *decode.Message) *request {
	var waiting, answered *request
	more := m.Verb.Code() == 0 && m.TrID != 0 // it may be one more answer
	chain := chainOf(m.HasTrID, m.TrID)
	open := q.open[chain]
	for r := q.get(q.chains[chain]); r != nil && (open > 0 || more); r = q.get(r.older) {
		if !r.answered {
			open--
		}
		switch {
		case r.trid != m.TrID || r.answered && !more:
		case !r.accepts(m.Verb):
		case !r.answered:
			waiting = r
		default:
			answered, more = r, false
		}
	}
	if waiting != nil {
		return waiting
	}
	return answered
}

// ask remembers a request.
func (c *Conn) ask(e *Event) {
	if !e.In.HasTrID && (e.Row == nil || len(e.Row.Replies) == 0) {
		return
	}
	if c.requests == nil {
		c.requests = c.graph.room()
	}
	c.requests.add(request{n: e.N, at: e.Time, hasTrID: e.In.HasTrID, trid: e.In.TrID, row: e.Row, verb: e.In.Verb})
}

// answer pairs what the server sent with the request that it answers (law: by connection, TrID and the request's replies).
func (c *Conn) answer(e *Event) {
	m := &e.In
	if m.Verb.Code() != 0 && !m.HasTrID {
		return // no request caused it (§7.11)
	}
	if c.requests == nil {
		return
	}
	r := c.requests.find(m)
	if r == nil {
		return
	}
	c.requests.settle(r)
	e.ReplyTo, e.RTT = r.n, e.Time.Sub(r.at)
}
