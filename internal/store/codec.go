package store

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// A page in the spill file is its events, one after the other, in numbers of variable length:
//
//	n (difference) | kind | dir | conn | what is known of the connection | seconds (difference), nanoseconds | flags | has
//	[why, length, bytes] [row] [length, bytes] [reply, rtt] [length, text]
//
// What is known of a connection is written once a page and change. The file never outlives the process, so the form has no
// version.

// The parts that an event may have.
const (
	hasIn = 1 << iota
	hasTrID
	hasOut
	hasRow
	hasReply
	hasText
)

// inferredBit stands beside a role in its byte.
const inferredBit = 1 << 7

// about is what is known of a connection at some moment.
type about struct {
	client, server         string
	role                   dialect.Role
	dialect, user, session string
	inferred               bool // the dialect is a conclusion
	via                    int
}

func aboutOf(e *session.Event) about {
	return about{e.Client, e.Server, e.Role, e.Dialect, e.User, e.Session, e.Inferred, e.Via}
}

func (a *about) set(e *session.Event) {
	e.Client, e.Server, e.Role, e.Via = a.client, a.server, a.role, a.via
	e.Dialect, e.User, e.Session, e.Inferred = a.dialect, a.user, a.session, a.inferred
}

// rowIndex numbers the rows of all tables, from 1. It does not change once made.
type rowIndex struct {
	rows    []*dialect.Row
	numbers map[*dialect.Row]uint64
}

func newRowIndex() *rowIndex {
	x := &rowIndex{numbers: map[*dialect.Row]uint64{}}
	for _, t := range dialect.All() {
		rows := t.Rows()
		for i := range rows {
			x.rows = append(x.rows, &rows[i])
			x.numbers[&rows[i]] = uint64(len(x.rows))
		}
	}
	return x
}

// row returns the row of a number; for a row of no table, number 0, the one that describes the command.
func (x *rowIndex) row(number uint64, e *session.Event) *dialect.Row {
	if number > 0 && number <= uint64(len(x.rows)) {
		return x.rows[number-1]
	}
	return guessRow(e)
}

// guessRow returns the row that describes an event's command, going by what the event knows of its connection.
func guessRow(e *session.Event) *dialect.Row {
	if e.In.Opaque() {
		return nil
	}
	table := session.Table(e.Dialect)
	if e.Role.Known() {
		if row := table.Match(e.Dir, e.Role, &e.In); row != nil {
			return row
		}
	}
	return table.Match(e.Dir, dialect.Any, &e.In)
}

// encoder writes pages. It keeps its buffer, and is for one goroutine.
type encoder struct {
	rows  *rowIndex
	buf   []byte
	known map[int]about
	n     uint64
	sec   int64
}

// page returns the events in the form above, valid until the next call.
func (w *encoder) page(events []*session.Event) []byte {
	w.buf, w.n, w.sec = w.buf[:0], 0, 0
	w.known = make(map[int]about)
	for _, e := range events {
		w.event(e)
	}
	return w.buf
}

func (w *encoder) uint(n uint64)  { w.buf = binary.AppendUvarint(w.buf, n) }
func (w *encoder) int(n int64)    { w.buf = binary.AppendVarint(w.buf, n) }
func (w *encoder) text(s string)  { w.uint(uint64(len(s))); w.buf = append(w.buf, s...) }
func (w *encoder) bytes(b []byte) { w.uint(uint64(len(b))); w.buf = append(w.buf, b...) }

func (w *encoder) event(e *session.Event) {
	w.int(int64(e.N - w.n))
	w.n = e.N
	w.buf = append(w.buf, byte(e.Kind), byte(e.Dir))
	w.int(int64(e.Conn))
	if a, ok := w.known[e.Conn]; ok && a == aboutOf(e) {
		w.buf = append(w.buf, 0)
	} else {
		w.about(e)
	}
	sec := e.Time.Unix()
	w.int(sec - w.sec)
	w.sec = sec
	w.uint(uint64(e.Time.Nanosecond()))
	w.uint(uint64(e.Flags))
	has := parts(e)
	w.buf = append(w.buf, has)
	if has&hasIn != 0 {
		w.buf = append(w.buf, byte(e.In.Why))
		w.bytes(e.In.Raw)
	}
	if has&hasRow != 0 {
		w.uint(w.rows.numbers[e.Row])
	}
	if has&hasOut != 0 {
		w.bytes(e.Out)
	}
	if has&hasReply != 0 {
		w.uint(e.ReplyTo)
		w.int(int64(e.RTT))
	}
	if has&hasText != 0 {
		w.text(e.Text)
	}
}

func (w *encoder) about(e *session.Event) {
	a := aboutOf(e)
	w.known[e.Conn] = a
	role := byte(a.role)
	if a.inferred {
		role |= inferredBit
	}
	w.buf = append(w.buf, 1, role)
	for _, s := range [...]string{a.client, a.server, a.dialect, a.user, a.session} {
		w.text(s)
	}
	w.int(int64(a.via))
}

func parts(e *session.Event) byte {
	var has byte
	set := func(bit byte, on bool) {
		if on {
			has |= bit
		}
	}
	set(hasIn, e.In.Raw != nil || e.In.Opaque())
	set(hasTrID, e.In.HasTrID)
	set(hasOut, e.Out != nil)
	set(hasRow, e.Row != nil)
	set(hasReply, e.ReplyTo != 0 || e.RTT != 0)
	set(hasText, e.Text != "")
	return has
}

// shape frames a command whose TrID is known to be one, or not: a [decode.Grammar] that needs no table.
type shape bool

// Shape implements [decode.Grammar].
func (s shape) Shape(decode.Dir, decode.Verb) decode.Shape { return decode.Shape{TrID: bool(s)} }

// Fits implements [decode.Grammar].
func (s shape) Fits(decode.Dir, *decode.Message) bool { return true }

// message returns the message of which these bytes, this reason and whether it has a TrID were kept.
func message(raw []byte, why decode.Reason, hasTrID bool, dir decode.Dir) decode.Message {
	if why != decode.NotOpaque {
		return decode.Blob(raw, why)
	}
	return decode.Parse(raw, dir, shape(hasTrID))
}

var errPage = errors.New("spill file: a page is damaged")

// decoder reads what encoder wrote. What runs past the end sets bad and yields zeros.
type decoder struct {
	buf   []byte
	bad   bool
	rows  *rowIndex
	zone  *time.Location
	known map[int]*about
	n     uint64
	sec   int64
}

// decodePage returns the n events in data, which becomes theirs.
func decodePage(data []byte, n int, zone *time.Location, rows *rowIndex) ([]*session.Event, error) {
	r := decoder{buf: data, rows: rows, zone: zone, known: make(map[int]*about)}
	all, events := make([]session.Event, n), make([]*session.Event, n)
	for i := range all {
		if r.event(&all[i]); r.bad {
			return nil, errPage
		}
		events[i] = &all[i]
	}
	if len(r.buf) > 0 {
		return nil, errPage
	}
	return events, nil
}

func (r *decoder) skip(n int) {
	if n <= 0 || n > len(r.buf) {
		r.buf, r.bad = nil, true
		return
	}
	r.buf = r.buf[n:]
}

func (r *decoder) uint() uint64 {
	v, n := binary.Uvarint(r.buf)
	r.skip(n)
	return v
}

func (r *decoder) int() int64 {
	v, n := binary.Varint(r.buf)
	r.skip(n)
	return v
}

func (r *decoder) byte() byte {
	if len(r.buf) == 0 {
		r.bad = true
		return 0
	}
	b := r.buf[0]
	r.buf = r.buf[1:]
	return b
}

func (r *decoder) bytes() []byte {
	n := r.uint()
	if n > uint64(len(r.buf)) {
		r.bad = true
		return nil
	}
	b := r.buf[:n:n]
	r.buf = r.buf[n:]
	return b
}

func (r *decoder) event(e *session.Event) {
	r.n += uint64(r.int())
	e.N, e.Kind, e.Dir = r.n, session.Kind(r.byte()), decode.Dir(r.byte())
	e.Conn = int(r.int())
	if r.byte() != 0 {
		r.known[e.Conn] = r.about()
	}
	a := r.known[e.Conn]
	if a == nil {
		r.bad = true
		return
	}
	a.set(e)
	r.sec += r.int()
	e.Time = time.Unix(r.sec, int64(r.uint())).In(r.zone)
	e.Flags = session.Flag(r.uint())
	has := r.byte()
	if has&hasIn != 0 {
		why := decode.Reason(r.byte())
		e.In = message(r.bytes(), why, has&hasTrID != 0, e.Dir)
	}
	if has&hasRow != 0 {
		e.Row = r.rows.row(r.uint(), e)
	}
	if has&hasOut != 0 {
		e.Out = r.bytes()
	}
	if has&hasReply != 0 {
		e.ReplyTo, e.RTT = r.uint(), time.Duration(r.int())
	}
	if has&hasText != 0 {
		e.Text = string(r.bytes())
	}
}

func (r *decoder) about() *about {
	role := r.byte()
	a := &about{role: dialect.Role(role &^ inferredBit), inferred: role&inferredBit != 0}
	for _, s := range [...]*string{&a.client, &a.server, &a.dialect, &a.user, &a.session} {
		*s = string(r.bytes())
	}
	a.via = int(r.int())
	return a
}
