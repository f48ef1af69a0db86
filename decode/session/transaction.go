package session

import (
	"hash/maphash"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Outcome says how a request ended.
type Outcome uint8

// The outcomes.
const (
	Waiting    Outcome = iota // it has no answer yet
	Answered                  // it has one
	Failed                    // it was answered with an error, or the message was not delivered
	Unanswered                // the connection ended before an answer came
	Told                      // it wants no answer, or a server or the end of a connection began it
	Orphaned                  // there are answers to a request that nobody saw
)

// String returns the name that machines see: "open", "answered", "failed", "unanswered", "told", "orphaned".
func (o Outcome) String() string {
	return [...]string{"open", "answered", "failed", "unanswered", "told", "orphaned"}[o]
}

// Transaction is one request and all that came of it, by the numbers of the events.
type Transaction struct {
	// Request is what began it: mostly a client's command, else a server's that has consequences of its own, such as a ring
	// from a caller who was not seen, or the end of a connection. It is 0 where Outcome is Orphaned.
	Request uint64
	// Cause is the request of another transaction whose consequence this request is, as CAL is of ANS; 0 for none.
	Cause uint64
	// Replies answer the request on its connection, in their order, errors included.
	Replies []uint64
	// Consequences are what it caused besides, mostly on other connections: what other users were told, the first command of
	// the connection that a referral led to, and their consequences in turn.
	Consequences []uint64
	// RTT is the time from the request to the first reply.
	RTT     time.Duration
	Outcome Outcome
}

// Caps of what Transactions remember: of the latest million events, in about 40 MB, 100 MB at worst.
const (
	maxTracked = 1 << 20 // events
	pageSize   = 1 << 10 // events that are forgotten together
	maxReplies = 1 << 13 // of one request: four full lists of the later servers, with all that comes with them
	maxEffects = 1 << 10 // of one request: more than the users who can have one user on a list
	maxWaiting = 256     // requests without an answer on one connection
	maxOpen    = 1 << 14 // connections that are open
	maxCauses  = 1 << 14 // what may have consequences yet, a kind
)

// Transactions collect what requests led to. The zero value is ready. They remember the latest million events (see the caps)
// and are not safe for concurrent use.
type Transactions struct {
	pages map[uint64]*page
	order []uint64 // the numbers of the pages, the oldest first
	conns recent[int, *asker]
	chain []recent[uint64, causes] // one for each of chains
	seed  maphash.Seed
	buf   []byte
	ready bool
}

// page is which transactions pageSize events belong to.
type page [pageSize]*record

// record is a transaction that is being collected.
type record struct {
	request, cause uint64
	conn           int
	at             time.Time
	rtt            time.Duration
	outcome        Outcome
	row            *dialect.Row
	replies        []uint64
	effects        []effect
}

// effect is a consequence on a connection.
type effect struct {
	n    uint64
	conn int
}

// asker is one connection: its requests that wait.
type asker struct{ waiting []*record }

// Add takes the next event of the log.
func (t *Transactions) Add(e *Event) {
	t.prepare()
	var r *record
	switch {
	case e.Kind != Command || e.In.Opaque():
	case e.Dir == decode.FromClient:
		r = t.request(e)
	default:
		r = t.reply(e)
	}
	r = t.follow(e, r)
	if e.Kind == Close {
		t.settle(e)
	}
	if r != nil {
		t.set(e.N, r)
	}
}

// At returns the transaction that the event n belongs to, and false where there is none or it is forgotten. A request belongs
// to its own transaction even where it is a consequence too; Cause says of what. The slices are the caller's.
func (t *Transactions) At(n uint64) (Transaction, bool) {
	r := t.get(n)
	if r == nil {
		return Transaction{}, false
	}
	x := Transaction{Request: r.request, Cause: r.cause, Replies: slices.Clone(r.replies), RTT: r.rtt, Outcome: r.outcome}
	for _, f := range r.effects {
		x.Consequences = append(x.Consequences, f.n)
	}
	return x, true
}

func (t *Transactions) prepare() {
	if t.ready {
		return
	}
	t.ready, t.seed = true, maphash.MakeSeed()
	t.pages, t.conns = map[uint64]*page{}, newRecent[int, *asker](maxOpen)
	for range chains {
		t.chain = append(t.chain, newRecent[uint64, causes](maxCauses))
	}
}

func (t *Transactions) get(n uint64) *record {
	if p := t.pages[n/pageSize]; p != nil {
		return p[n%pageSize]
	}
	return nil
}

func (t *Transactions) set(n uint64, r *record) {
	p := t.pages[n/pageSize]
	if p == nil {
		p = new(page)
		t.pages[n/pageSize] = p
		t.order = append(t.order, n/pageSize)
		if len(t.order) > maxTracked/pageSize {
			delete(t.pages, t.order[0])
			t.order = t.order[1:]
		}
	}
	p[n%pageSize] = r
}

// asker returns what is known of the event's connection.
func (t *Transactions) asker(conn int) *asker {
	a, ok := t.conns.get(conn)
	if !ok {
		a = new(asker)
		t.conns.put(conn, a)
	}
	return a
}

func newRecord(e *Event, o Outcome) *record {
	return &record{request: e.N, conn: e.Conn, at: e.Time, row: e.Row, outcome: o}
}

// request begins a transaction.
func (t *Transactions) request(e *Event) *record {
	r := newRecord(e, Told)
	if !wantsAnswer(e) {
		return r
	}
	r.outcome = Waiting
	a := t.asker(e.Conn)
	if len(a.waiting) == maxWaiting {
		a.waiting = slices.DeleteFunc(a.waiting, func(r *record) bool { return r.outcome != Waiting })
		if len(a.waiting) == maxWaiting {
			a.waiting = slices.Delete(a.waiting, 0, maxWaiting/2)
		}
	}
	a.waiting = append(a.waiting, r)
	return r
}

// quiet are the modes in which nothing, or a failure only, answers a message (§8.7).
var quiet = []string{"U", "N"}

// wantsAnswer reports whether a request must be answered.
func wantsAnswer(e *Event) bool {
	if e.Row == nil {
		return e.In.HasTrID
	}
	for i := range e.Row.Args {
		if e.Row.Args[i].Name == "AckMode" {
			return !slices.Contains(quiet, string(e.In.Arg(i)))
		}
	}
	return len(e.Row.Replies) > 0
}

// refusal is what says that a message was not delivered (§8.7).
var refusal = decode.V("NAK")

// failed reports whether a reply says no: an error, a message that was not delivered, a version that is not spoken (§7.1).
func failed(e *Event) bool {
	if e.Flags&Error != 0 || e.In.Verb == refusal {
		return true
	}
	return e.Row != nil && string(e.Row.Find(&e.In, dialect.Dialect)) == "0"
}

// reply adds what a server said to the transaction that it answers; nil for what answers nothing.
func (t *Transactions) reply(e *Event) *record {
	switch {
	case e.ReplyTo != 0:
		r := t.get(e.ReplyTo)
		if r == nil || r.request != e.ReplyTo { // not in this log
			r = &record{request: e.ReplyTo, conn: e.Conn, at: e.Time.Add(-e.RTT)}
			if t.pages[e.ReplyTo/pageSize] != nil {
				t.set(e.ReplyTo, r)
			}
		}
		r.addReply(e, e.RTT)
		return r
	case e.In.HasTrID && e.In.TrID != 0:
		return &record{conn: e.Conn, outcome: Orphaned, replies: []uint64{e.N}}
	}
	return nil
}

// addReply adds an answer, which came so long after the request.
func (r *record) addReply(e *Event, after time.Duration) {
	if len(r.replies) == 0 {
		r.rtt, r.outcome = after, Answered
	}
	if failed(e) {
		r.outcome = Failed
	}
	if len(r.replies) < maxReplies {
		r.replies = append(r.replies, e.N)
	}
}

// settle ends what waits on a connection that ended.
func (t *Transactions) settle(e *Event) {
	for _, r := range t.asker(e.Conn).waiting {
		if r.outcome == Waiting {
			r.outcome = Unanswered
		}
	}
	t.conns.drop(e.Conn)
}
