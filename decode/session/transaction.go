package session

import (
	"hash/maphash"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Outcome is the result of a request.
type Outcome uint8

// The outcomes.
const (
	// Waiting is a request that has no answer yet.
	Waiting Outcome = iota
	// Answered is a request that has its answer.
	Answered
	// Failed is a request that was answered with an error, or a message that was not delivered.
	Failed
	// Unanswered is a request whose connection ended before an answer came.
	Unanswered
	// OneWay is a request that needs no answer, or one that is not a client's: a server's command,
	// or the end of a connection.
	OneWay
	// Orphaned is not a request but the answers to one that was not seen.
	Orphaned
)

// String returns the name that machines see: "open", "answered", "failed", "unanswered", "told",
// "orphaned".
func (o Outcome) String() string {
	return [...]string{"open", "answered", "failed", "unanswered", "told", "orphaned"}[o]
}

// Transaction is one request and its replies and consequences, by the numbers of the events.
type Transaction struct {
	// Request is the event that began the transaction: mostly a client's command, else a server's
	// command with consequences of its own, such as a ring from a caller who was not seen, or the
	// end of a connection. It is 0 if Outcome is Orphaned.
	Request uint64
	// Cause is the request of the transaction of which this request is a consequence, as CAL is of
	// ANS; 0 for none.
	Cause uint64
	// Replies are the answers on the connection of the request, in their order, errors included.
	Replies []uint64
	// Consequences are the other events that the request caused, mostly on other connections:
	// notifications of other users, the first command of the connection to which a referral led,
	// and their consequences in turn.
	Consequences []uint64
	// RTT is the time from the request to the first reply.
	RTT     time.Duration
	Outcome Outcome
}

// Limits of what Transactions remember. For the latest million events they keep memory at about 40
// MB, 100 MB at worst.
const (
	maxTracked = 1 << 20 // events
	pageSize   = 1 << 10 // events that are forgotten together
	maxReplies = 1 << 13 // replies to one request: four full lists of later servers with their settings
	maxEffects = 1 << 10 // consequences of one request: more than the users who can have one user on a list
	maxWaiting = 256     // unanswered requests on one connection
	maxOpen    = 1 << 14 // open connections
	maxCauses  = 1 << 14 // possible causes for one entry of dialect.Causes
)

// Transactions collects requests with their replies and consequences. The zero value is ready for
// use. It remembers the latest million events, and is not safe for concurrent use.
type Transactions struct {
	pages map[uint64]*page
	order []uint64 // the numbers of the pages, the oldest first
	conns recent[int, *asker]
	begun []recent[uint64, causes] // possible causes, for each entry of dialect.Causes
	table map[decode.Verb]entries  // of dialect.Causes, by verb; the zero Verb stands for the end of a connection
	seed  maphash.Seed
	buf   []byte
	ready bool
}

// page holds the transactions to which pageSize consecutive events belong, nil for none.
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

// effect is a consequence, and the connection on which it was seen.
type effect struct {
	n    uint64
	conn int
}

// asker holds the requests of one connection that wait for an answer.
type asker struct{ waiting []*record }

// Add adds the next event of the log. It returns the number of the event that caused this one most
// directly: the request that it answers, or the latest one of which it is a consequence; 0 if none
// is known.
func (t *Transactions) Add(e *Event) (cause uint64) {
	t.prepare()
	var r *record
	switch {
	case e.Kind != Command || e.In.Opaque():
	case e.Dir == decode.FromClient:
		r = t.request(e)
	default:
		r = t.reply(e)
	}
	r, cause = t.follow(e, r)
	if e.Kind == Close {
		t.settle(e)
	}
	if r != nil {
		t.set(e.N, r)
	}
	return cause
}

// At returns the transaction to which event n belongs. It reports false for an event that belongs
// to none or is forgotten. A request belongs to its own transaction even if it is a consequence
// too; its Cause says of which request. The slices are the caller's.
func (t *Transactions) At(n uint64) (Transaction, bool) {
	r := t.get(n)
	if r == nil {
		return Transaction{}, false
	}
	x := Transaction{
		Request: r.request, Cause: r.cause, Replies: slices.Clone(r.replies), RTT: r.rtt,
		Outcome: r.outcome,
	}
	for _, f := range r.effects {
		x.Consequences = append(x.Consequences, f.n)
	}
	return x, true
}

// FirstReply returns the row of the request to which event n is the first reply. It reports false
// for any other event, and where the request is of no known command or was not seen.
func (t *Transactions) FirstReply(n uint64) (*dialect.Row, bool) {
	r := t.get(n)
	if r == nil || r.row == nil || len(r.replies) == 0 || r.replies[0] != n {
		return nil, false
	}
	return r.row, true
}

func (t *Transactions) prepare() {
	if t.ready {
		return
	}
	t.ready, t.seed = true, maphash.MakeSeed()
	t.pages, t.conns = map[uint64]*page{}, newRecent[int, *asker](maxOpen)
	t.table = map[decode.Verb]entries{}
	for i, c := range dialect.Causes() {
		t.begun = append(t.begun, newRecent[uint64, causes](maxCauses))
		from := t.table[c.From.Verb]
		from.from = append(from.from, i)
		t.table[c.From.Verb] = from
		to := t.table[c.To.Verb]
		to.to = append(to.to, i)
		t.table[c.To.Verb] = to
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

// asker returns the asker of a connection, which it makes if necessary.
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

// request begins a transaction with the event, and returns it.
func (t *Transactions) request(e *Event) *record {
	r := newRecord(e, OneWay)
	if !WantsAnswer(e.Row, &e.In) {
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

// quiet lists the acknowledgment modes in which a message gets no answer, or only one on failure
// (§8.7).
var quiet = []string{"U", "N"}

// WantsAnswer reports whether the request m must be answered. row describes it, nil for an unknown
// command.
func WantsAnswer(row *dialect.Row, m *decode.Message) bool {
	if row == nil {
		return m.HasTrID
	}
	for i := range row.Args {
		if row.Args[i].Name == "AckMode" {
			return !slices.Contains(quiet, string(m.Arg(i)))
		}
	}
	return len(row.Replies) > 0
}

// failed reports whether a reply is negative: an error, a message that was not delivered (§8.7), a
// dialect that the server does not speak (§7.1).
func failed(e *Event) bool {
	if e.Flags&Error != 0 {
		return true
	}
	return e.Row != nil && (e.Row.Effect(e.Role) == dialect.Fails || string(e.Row.Find(&e.In, dialect.Dialect)) == "0")
}

// reply adds a server's command to the transaction that it answers, and returns that; nil if it
// answers none.
func (t *Transactions) reply(e *Event) *record {
	switch {
	case e.ReplyTo != 0:
		r := t.get(e.ReplyTo)
		if r == nil || r.request != e.ReplyTo { // the request is not in this log
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

// addReply adds an answer, which came after the given time since the request.
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

// settle marks the requests that still wait on a connection as unanswered when it ends.
func (t *Transactions) settle(e *Event) {
	for _, r := range t.asker(e.Conn).waiting {
		if r.outcome == Waiting {
			r.outcome = Unanswered
		}
	}
	t.conns.drop(e.Conn)
}
