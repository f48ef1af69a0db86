package session

import (
	"slices"
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
	return slices.Contains(r.row.Replies, v.String())
}

// numChains is over how many chains the requests are spread by their TrID; one more is for those without.
const numChains = 64

// requests are the latest maxRequests requests of a connection: a ring, and chains through it, so that an answer is compared
// with few of them. Numbers count from 1.
type requests struct {
	ring   []request
	last   uint64
	chains [numChains + 1]uint64 // the youngest of each
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
	chain := &q.chains[chainOf(r.hasTrID, r.trid)]
	r.older = *chain
	q.last++
	*chain = q.last
	if len(q.ring) < maxRequests {
		q.ring = append(q.ring, r)
		return
	}
	q.ring[(q.last-1)%maxRequests] = r
}

// find returns the request that the message answers, nil for none: the oldest that has no answer yet, else the youngest that
// has one and may get more. A number that no request has stays alone, and 0 pairs with a request that waits for it only,
// since servers use it for what nobody asked for (§5.6).
func (q *requests) find(m *decode.Message) *request {
	var waiting, answered *request
	more := m.Verb.Code() == 0 && m.TrID != 0 // it may be one more answer
	for r := q.get(q.chains[chainOf(m.HasTrID, m.TrID)]); r != nil; r = q.get(r.older) {
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
	c.requests.add(request{n: e.N, at: e.Time, hasTrID: e.In.HasTrID, trid: e.In.TrID, row: e.Row, verb: e.In.Verb})
}

// answer pairs what the server sent with the request that it answers (law: by connection, TrID and the request's replies).
func (c *Conn) answer(e *Event) {
	m := &e.In
	if m.Verb.Code() != 0 && !m.HasTrID {
		return // no request caused it (§7.11)
	}
	r := c.requests.find(m)
	if r == nil {
		return
	}
	r.answered = true
	e.ReplyTo, e.RTT = r.n, e.Time.Sub(r.at)
}
