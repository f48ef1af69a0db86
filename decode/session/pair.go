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
	row     *dialect.Row // nil for an unknown command, whose answer has the same verb
	older   uint64       // the number of the next older request in the same bucket, 0 for none
	trid    uint32
	verb    decode.Verb
	hasTrID bool
	// answered reports whether an answer came. More answers are accepted only if their TrID
	// identifies the request.
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

// numBuckets is the number of buckets over which requests are spread by their TrID. One more bucket
// holds requests without a TrID.
const numBuckets = 64

// requests holds the latest maxRequests requests of a connection in a ring. Numbers count from 1.
type requests struct {
	ring []request
	last uint64
	open int // how many have no answer yet
	// index is nil for the first firstRequests, of which an answer is compared with each: most
	// connections have few.
	index *index
}

// index links requests into buckets, so that an answer is compared with few of them.
type index struct {
	youngest [numBuckets + 1]uint64 // by bucket, the number of the youngest request
	open     [numBuckets + 1]uint16 // by bucket, how many requests have no answer yet
}

// firstRequests is the number of requests that a connection has without an index.
const firstRequests = 8

// add makes r the youngest request of its bucket.
func (x *index) add(r *request, number uint64) {
	bucket := bucketOf(r.hasTrID, r.trid)
	r.older = x.youngest[bucket]
	x.youngest[bucket] = number
	if !r.answered {
		x.open[bucket]++
	}
}

func bucketOf(hasTrID bool, trid uint32) int {
	if !hasTrID {
		return numBuckets
	}
	return int(trid % numBuckets)
}

// get returns a request by its number, nil for 0 and for a forgotten one.
func (q *requests) get(number uint64) *request {
	if number == 0 || q.last-number >= maxRequests {
		return nil
	}
	return &q.ring[(number-1)%maxRequests]
}

func (q *requests) add(r request) {
	q.last++
	q.open++
	if q.index == nil && q.last > firstRequests {
		q.index = new(index)
		for i := range q.ring {
			q.index.add(&q.ring[i], uint64(i)+1)
		}
	}
	if q.index == nil {
		r.older = q.last - 1
	} else {
		q.index.add(&r, q.last)
	}
	if len(q.ring) < maxRequests {
		q.ring = append(q.ring, r)
		return
	}
	oldest := &q.ring[(q.last-1)%maxRequests]
	q.settle(oldest)
	*oldest = r
}

// settle notes that the request no longer waits for its first answer.
func (q *requests) settle(r *request) {
	if !r.answered {
		r.answered = true
		q.open--
		if q.index != nil {
			q.index.open[bucketOf(r.hasTrID, r.trid)]--
		}
	}
}

// find returns the request that the message answers, nil for none: the oldest request without an
// answer, else the youngest one that was answered and may get more answers. A TrID that no request
// has matches nothing, and TrID 0 matches only a request that still waits, since servers use it for
// what nobody asked for (§5.6).
func (q *requests) find(m *decode.Message) *request {
	var waiting, answered *request
	more := m.Verb.Code() == 0 && m.TrID != 0 // whether it may be a further answer
	youngest, open := q.last, uint16(q.open)
	if q.index != nil {
		bucket := bucketOf(m.HasTrID, m.TrID)
		youngest, open = q.index.youngest[bucket], q.index.open[bucket]
	}
	for r := q.get(youngest); r != nil && (open > 0 || more && waiting == nil); r = q.get(r.older) {
		if !r.answered {
			open--
		}
		switch {
		case r.trid != m.TrID || r.hasTrID != m.HasTrID || r.answered && !more:
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

// answer pairs an event from the server with the request that it answers, by connection, TrID and
// the request's replies.
func (c *Conn) answer(e *Event) {
	m := &e.In
	if m.Verb.Code() != 0 && !m.HasTrID {
		return // an error that no request caused (§7.11)
	}
	if c.requests == nil {
		return
	}
	r := c.requests.find(m)
	if r == nil {
		return
	}
	c.requests.settle(r)
	if e.ReplyTo = r.n; !r.at.IsZero() && !e.Time.IsZero() {
		e.RTT = e.Time.Sub(r.at)
	}
}
