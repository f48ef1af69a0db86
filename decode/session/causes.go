package session

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// occurs reports whether the event is an instance of the occasion.
func occurs(o *dialect.Occasion, e *Event) bool {
	switch {
	case o.Role != 0 && e.Role != o.Role:
		return false
	case o.End:
		return e.Kind == Close
	case e.Kind != Command || e.Dir != o.Dir || e.In.Verb != o.Verb:
		return false
	}
	for i := range e.In.NumArgs() {
		if o.Word == string(e.In.Arg(i)) {
			return true
		}
	}
	return o.Word == ""
}

// soon is the time after its cause within which a consequence must come, unless the table allows it
// to come later. Whatever comes later has another cause.
const soon = 30 * time.Second

// causes holds the transactions of the latest events with the same fields, the latest first. No
// more than these are pending at a time.
type causes [4]*record

// follow finds what caused the event, and remembers what it may cause. It returns the transaction
// that it belongs to (r, or where r is nil that of its cause, or one that it begins) and the number
// of its latest cause, 0 for none.
func (t *Transactions) follow(e *Event, r *record) (own *record, latest uint64) {
	latest = e.ReplyTo
	mine := t.entriesOf(e)
	if len(mine.from) == 0 && (len(mine.to) == 0 || e.ReplyTo != 0) {
		return r, latest
	}
	var args arguments
	if e.Row != nil {
		args.read(e.Row, &e.In)
	}
	table := dialect.Causes()
	for _, i := range mine.to {
		c := &table[i]
		if e.ReplyTo != 0 || !occurs(&c.To, e) || r != nil && r.outcome == Orphaned {
			continue
		}
		cause := t.causeOf(i, e, &args)
		switch {
		case cause == nil:
			continue
		case r == nil:
			r = cause
		case r.request == e.N && r.cause == 0:
			r.cause = cause.request
		}
		latest = max(latest, cause.request)
		if c.Reply {
			cause.addReply(e, e.Time.Sub(cause.at))
		} else {
			t.attach(cause, e)
		}
	}
	for _, i := range mine.from {
		if !occurs(&table[i].From, e) {
			continue
		}
		key, ok := t.key(i, table[i].From.By, e, &args)
		if !ok {
			continue
		}
		if r == nil {
			r = newRecord(e, OneWay)
		}
		old, _ := t.begun[i].get(key)
		if old[0] != r {
			t.begun[i].put(key, causes{r, old[0], old[1], old[2]})
		}
	}
	return r, latest
}

// entries are those of [dialect.Causes] in which an event may be the cause, or the consequence.
type entries struct{ from, to []int }

// entriesOf returns the entries that name the event's verb, or for a close those that name the end
// of a connection.
func (t *Transactions) entriesOf(e *Event) entries {
	switch {
	case e.Kind == Close:
		return t.table[decode.Verb{}]
	case e.Row == nil:
		return entries{}
	}
	return t.table[e.In.Verb]
}

// causeOf returns the cause of an event by entry i of [dialect.Causes], nil for none.
func (t *Transactions) causeOf(i int, e *Event, args *arguments) *record {
	c := &dialect.Causes()[i]
	key, ok := t.key(i, c.To.By, e, args)
	if !ok {
		return nil
	}
	all, _ := t.begun[i].get(key)
	for _, r := range all {
		switch {
		case r == nil:
			return nil
		case r.request == e.N || r.outcome == Failed || !c.Late && e.Time.Sub(r.at) > soon:
		case c.Each && (r.conn == e.Conn || r.reaches(e.Conn)):
		default:
			return r
		}
		if !c.Each {
			return nil
		}
	}
	return nil
}

// reaches reports whether the transaction has a consequence on the connection.
func (r *record) reaches(conn int) bool {
	return slices.ContainsFunc(r.effects, func(f effect) bool { return f.conn == conn })
}

// maxDepth is how far back causes are followed: a call causes a ring, a ring an answer, an answer a
// join.
const maxDepth = 4

// attach adds the event to the consequences of a transaction and of those that caused it.
func (t *Transactions) attach(r *record, e *Event) {
	for range maxDepth {
		if r == nil {
			return
		}
		n := len(r.effects)
		if (n == 0 || r.effects[n-1].n != e.N) && n < maxEffects {
			r.effects = append(r.effects, effect{e.N, e.Conn})
		}
		if r.cause == 0 {
			return
		}
		r = t.get(r.cause)
	}
}

// key returns a hash of the fields of an event. It reports false if one of them is unknown. The
// index i of the entry is part of the hash, so equal fields of two entries differ.
func (t *Transactions) key(i int, fields []dialect.Field, e *Event, args *arguments) (uint64, bool) {
	b := append(t.buf[:0], byte(i))
	for _, f := range fields {
		n := len(b)
		switch f {
		case dialect.OwnUser:
			b = appendFold(b, e.User)
		case dialect.OtherUser:
			b = appendFold(b, args.user())
		case dialect.ItsCookie:
			b = append(b, args.get(partCookie)...)
		case dialect.ItsTalk:
			b = append(b, e.Session...)
		case dialect.ItsState:
			b = append(b, args.get(partState)...)
		case dialect.ItsText:
			b = binary.LittleEndian.AppendUint64(b, maphash.Bytes(t.seed, e.In.Payload()))
		case dialect.ItsConn:
			b = binary.AppendVarint(b, int64(e.Conn))
		}
		if len(b) == n {
			return 0, false
		}
		b = append(b, 0)
	}
	t.buf = b
	return maphash.Bytes(t.seed, b), true
}
