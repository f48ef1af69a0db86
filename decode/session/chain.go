package session

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// signal describes events: commands in one direction, or the ends of connections.
type signal struct {
	kind Kind
	dir  decode.Dir
	verb decode.Verb
	role dialect.Role // 0 for any
	word string       // an argument that must be there, "" for none
}

// client and server are commands; ended is the end of a connection.
func client(verb, word string) signal {
	return signal{dir: decode.FromClient, verb: decode.V(verb), word: word}
}

func server(verb, word string) signal {
	return signal{dir: decode.FromServer, verb: decode.V(verb), word: word}
}

func ended() signal { return signal{kind: Close} }

func (s signal) at(role dialect.Role) signal {
	s.role = role
	return s
}

// is reports whether the event is one of those.
func (s *signal) is(e *Event) bool {
	if e.Kind != s.kind || s.role != 0 && e.Role != s.role {
		return false
	}
	if s.kind != Command {
		return true
	}
	if e.Dir != s.dir || e.In.Verb != s.verb {
		return false
	}
	for i := range e.In.NumArgs() {
		if s.word == string(e.In.Arg(i)) {
			return true
		}
	}
	return s.word == ""
}

// field is something by which an effect is told to be that of a cause.
type field uint8

const (
	theUser   field = iota // the user of the connection
	theOther               // the user that the command names
	theCookie              // the cookie
	theTalk                // the switchboard session
	theState               // the presence
	theText                // the payload
	theConn                // the connection
)

// chain says that events of one kind cause events of another, if these fields of the one are those of the other.
type chain struct {
	from signal
	by   []field
	to   signal
	of   []field
	// late effects may come at any time; others soon or never.
	late bool
	// each cause has one effect on a connection: where several fit, the latest that has none there.
	each bool
	// reply says that the effect answers the cause, though no TrID says so.
	reply bool
}

// soon is how long after a cause an effect may come: what is later has another one.
const soon = 30 * time.Second

// chains is what causes what, on the same connection where no TrID tells, and on others. Of several causes of an event the
// first one here is the one whose transaction it belongs to.
var chains = []chain{
	// A referral leads to the connection on which its user appears (§7.4, §8.2), a ring to that of the callee (§8.4).
	{from: server("XFR", "NS"), by: []field{theUser}, to: client("USR", "I"), of: []field{theUser}},
	{from: server("XFR", "SB"), by: []field{theCookie, theUser}, to: client("USR", ""), of: []field{theCookie, theUser}, late: true},
	{from: server("RNG", ""), by: []field{theCookie, theUser}, to: client("ANS", ""), of: []field{theCookie, theUser}, late: true},

	// A call rings, and brings the callee into the session, which all are told who are in it (§8.3 to §8.5).
	{from: client("CAL", ""), by: []field{theUser, theOther}, to: server("RNG", ""), of: []field{theOther, theUser}},
	{from: client("CAL", ""), by: []field{theConn, theOther}, to: server("JOI", ""), of: []field{theConn, theOther}, late: true},
	{from: client("ANS", ""), by: []field{theTalk, theUser}, to: server("JOI", ""), of: []field{theTalk, theOther}},
	{from: client("MSG", ""), by: []field{theUser, theText}, to: server("MSG", ""), of: []field{theOther, theText}, each: true},

	// In later dialects what follows SYN has no TrID.
	{from: server("SYN", ""), by: []field{theConn}, to: server("LST", ""), of: []field{theConn}, reply: true},
	{from: server("SYN", ""), by: []field{theConn}, to: server("LSG", ""), of: []field{theConn}, reply: true},
	{from: server("SYN", ""), by: []field{theConn}, to: server("GTC", ""), of: []field{theConn}, reply: true},
	{from: server("SYN", ""), by: []field{theConn}, to: server("BLP", ""), of: []field{theConn}, reply: true},
	{from: server("SYN", ""), by: []field{theConn}, to: server("PRP", ""), of: []field{theConn}, reply: true},
	{from: server("SYN", ""), by: []field{theConn}, to: server("BPR", ""), of: []field{theConn}, reply: true},

	// Leaving ends the connection, and is told to those who are in the session, or who see the user (§7.10, §8.6).
	{from: client("OUT", ""), by: []field{theConn}, to: ended(), of: []field{theConn}, reply: true},
	{from: client("OUT", "").at(dialect.SB), by: []field{theTalk, theUser}, to: server("BYE", ""), of: []field{theTalk, theOther}},
	{from: ended().at(dialect.SB), by: []field{theTalk, theUser}, to: server("BYE", ""), of: []field{theTalk, theOther}},
	{from: client("OUT", "").at(dialect.NS), by: []field{theUser}, to: server("FLN", ""), of: []field{theOther}},
	{from: ended().at(dialect.NS), by: []field{theUser}, to: server("FLN", ""), of: []field{theOther}},

	// What a user is like is told to those who have that user on a list (§7.7, §7.9), and being on one to the user (§7.8).
	{from: client("CHG", ""), by: []field{theUser, theState}, to: server("NLN", ""), of: []field{theOther, theState}},
	{from: client("CHG", "HDN"), by: []field{theUser}, to: server("FLN", ""), of: []field{theOther}},
	{from: client("CHG", "FLN"), by: []field{theUser}, to: server("FLN", ""), of: []field{theOther}},
	{from: client("ADD", "FL"), by: []field{theUser, theOther}, to: server("ADD", "RL"), of: []field{theOther, theUser}},
	{from: client("REM", "FL"), by: []field{theUser, theOther}, to: server("REM", "RL"), of: []field{theOther, theUser}},
	{from: client("ADC", "FL"), by: []field{theUser, theOther}, to: server("ADC", "RL"), of: []field{theOther, theUser}},
	{from: client("ADD", "BL"), by: []field{theUser, theOther}, to: server("FLN", ""), of: []field{theOther, theUser}},
	{from: client("REM", "BL"), by: []field{theUser, theOther}, to: server("NLN", ""), of: []field{theOther, theUser}},

	// A second logon ends the first one (§7.10).
	{from: client("USR", "S"), by: []field{theUser}, to: server("OUT", "OTH"), of: []field{theUser}},
}

// causes are the latest events with the same fields, the latest first. More than these are not under way at a time.
type causes [4]*record

// follow finds what caused the event, and remembers what it may cause. It returns the transaction that it belongs to: r, or
// where r is nil that of its cause, or one that it begins.
func (t *Transactions) follow(e *Event, r *record) *record {
	var w words
	if e.Row != nil {
		w.read(e.Row, &e.In)
	} else if e.Kind != Close {
		return r
	}
	for i := range chains {
		c := &chains[i]
		if e.ReplyTo != 0 || !c.to.is(e) || r != nil && r.outcome == Orphaned {
			continue
		}
		cause := t.causeOf(i, e, &w)
		switch {
		case cause == nil:
			continue
		case r == nil:
			r = cause
		case r.request == e.N && r.cause == 0:
			r.cause = cause.request
		}
		if c.reply {
			cause.addReply(e, e.Time.Sub(cause.at))
		} else {
			t.attach(cause, e)
		}
	}
	for i := range chains {
		if !chains[i].from.is(e) {
			continue
		}
		key, ok := t.key(i, chains[i].by, e, &w)
		if !ok {
			continue
		}
		if r == nil {
			r = newRecord(e, Told)
		}
		old, _ := t.chain[i].get(key)
		if old[0] != r {
			t.chain[i].put(key, causes{r, old[0], old[1], old[2]})
		}
	}
	return r
}

// causeOf returns the cause of an event by a chain, nil for none.
func (t *Transactions) causeOf(i int, e *Event, w *words) *record {
	c := &chains[i]
	key, ok := t.key(i, c.of, e, w)
	if !ok {
		return nil
	}
	all, _ := t.chain[i].get(key)
	for _, r := range all {
		switch {
		case r == nil:
			return nil
		case r.request == e.N || r.outcome == Failed || !c.late && e.Time.Sub(r.at) > soon:
		case c.each && (r.conn == e.Conn || r.reaches(e.Conn)):
		default:
			return r
		}
		if !c.each {
			return nil
		}
	}
	return nil
}

// reaches reports whether the transaction has a consequence on the connection.
func (r *record) reaches(conn int) bool {
	return slices.ContainsFunc(r.effects, func(f effect) bool { return f.conn == conn })
}

// maxDepth is how far back causes are followed: a call causes a ring, a ring an answer, an answer a join.
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

// key returns a hash of the fields of an event, and false where one of them is not known.
func (t *Transactions) key(i int, fields []field, e *Event, w *words) (uint64, bool) {
	b := append(t.buf[:0], byte(i))
	for _, f := range fields {
		n := len(b)
		switch f {
		case theUser:
			b = appendFold(b, e.User)
		case theOther:
			b = appendFold(b, w.user())
		case theCookie:
			b = append(b, w.get(partCookie)...)
		case theTalk:
			b = append(b, e.Session...)
		case theState:
			b = append(b, w.get(partState)...)
		case theText:
			b = binary.LittleEndian.AppendUint64(b, maphash.Bytes(t.seed, e.In.Payload()))
		case theConn:
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
