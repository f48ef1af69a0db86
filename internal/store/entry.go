package store

import (
	"encoding/binary"
	"math"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// entrySize is what an event takes in the index.
const entrySize = 32

// entry is an event in the index: all of it but its bytes and what is known of its connection.
//
//	0   place  40 bits: where its bytes begin, 8 bits: in which source, 16 bits: flags
//	8   time   nanoseconds since 1970
//	16  fact   number of what is known of the connection
//	20  packet of the capture file with its first byte, 0 for none
//	24  size   24 bits: how many bytes it has there, 8 bits: form
//	28  reply  how many events before it its request stands, 0 for none
//	30  row    see rowIndex
//
// What does not fit stands in front of the bytes: see [extra].
type entry struct {
	place  uint64
	time   int64
	fact   uint32
	packet uint32
	size   uint32
	reply  uint16
	row    uint16
}

const (
	placeBits  = 40
	maxPlace   = 1<<placeBits - 1 // of a source: a terabyte
	maxSources = 255
	sizeBits   = 24
	maxSize    = 1<<sizeBits - 1 // of an event: the longest command and what was sent on in its place have 2 MB
)

// The form: what an event is.
const (
	formKind   = 1<<3 - 1 // a session.Kind
	formClient = 1 << 3   // the client sent it
	formServer = 1 << 4   // the server sent it
	formTrID   = 1 << 5
	formExtra  = 1 << 6 // an extra stands in front of the bytes
	formShared = 1 << 7 // one of its packets holds other commands as well
)

func (e *entry) at() int64           { return int64(e.place & maxPlace) }
func (e *entry) source() int         { return int(e.place >> placeBits & 0xff) }
func (e *entry) flags() session.Flag { return session.Flag(e.place >> 48) }
func (e *entry) length() int         { return int(e.size & maxSize) }
func (e *entry) form() uint8         { return uint8(e.size >> sizeBits) }
func (e *entry) is(form uint8) bool  { return e.form()&form != 0 }
func (e *entry) kind() session.Kind  { return session.Kind(e.form() & formKind) }

func (e *entry) dir() decode.Dir {
	switch {
	case e.is(formClient):
		return decode.FromClient
	case e.is(formServer):
		return decode.FromServer
	}
	return 0
}

func (e *entry) put(b *[entrySize]byte) {
	le := binary.LittleEndian
	le.PutUint64(b[:], e.place)
	le.PutUint64(b[8:], uint64(e.time))
	le.PutUint32(b[16:], e.fact)
	le.PutUint32(b[20:], e.packet)
	le.PutUint32(b[24:], e.size)
	le.PutUint16(b[28:], e.reply)
	le.PutUint16(b[30:], e.row)
}

func (e *entry) get(b []byte) {
	le := binary.LittleEndian
	_ = b[entrySize-1]
	e.place = le.Uint64(b)
	e.time = int64(le.Uint64(b[8:]))
	e.fact = le.Uint32(b[16:])
	e.packet = le.Uint32(b[20:])
	e.size = le.Uint32(b[24:])
	e.reply = le.Uint16(b[28:])
	e.row = le.Uint16(b[30:])
}

// formOf returns the form of an event, without what is known only later.
func formOf(e *session.Event) uint8 {
	form := uint8(e.Kind)
	switch e.Dir {
	case decode.FromClient:
		form |= formClient
	case decode.FromServer:
		form |= formServer
	}
	if e.In.HasTrID {
		form |= formTrID
	}
	return form
}

// nanoTime returns a time as the index holds it, and whether it can.
func nanoTime(t time.Time) (int64, bool) {
	sec := t.Unix()
	if sec <= math.MinInt64/int64(time.Second) || sec >= math.MaxInt64/int64(time.Second) {
		return 0, false
	}
	return t.UnixNano(), true
}

// rowIndex makes numbers of rows: their ID, but for errors, which have one for each code and row; what has no row has one that
// says why. It does not change once made.
type rowIndex struct {
	rows   []*dialect.Row // by ID
	verbs  []decode.Verb
	number []uint16       // by ID
	errors []*dialect.Row // those that stand for any code, behind nil
}

const (
	rowOther  = 0x1000 // set where the bytes have the verb in other letters, such as lower case
	rowError  = 0x2000 // with the code, and a thousand times the place in errors; without code only the bytes tell the verb
	rowOpaque = 0x8000 // with the reason
)

// theRows numbers the rows for all logs.
var theRows = sync.OnceValue(newRowIndex)

func newRowIndex() *rowIndex {
	x := &rowIndex{rows: make([]*dialect.Row, 1), verbs: make([]decode.Verb, 1), number: make([]uint16, 1), errors: make([]*dialect.Row, 1)}
	for _, t := range dialect.All() {
		rows := t.Rows()
		for i := range rows {
			row, verb := &rows[i], decode.V(rows[i].Verb)
			number := uint16(row.ID())
			if verb == (decode.Verb{}) {
				number = rowError + uint16(1000*len(x.errors))
				x.errors = append(x.errors, row)
			}
			x.rows, x.verbs, x.number = append(x.rows, row), append(x.verbs, verb), append(x.number, number)
		}
	}
	return x
}

// of returns what the index says of an event's row: 0 for one of no table.
func (x *rowIndex) of(e *session.Event) uint16 {
	switch {
	case e.In.Opaque():
		return rowOpaque | uint16(e.In.Why)
	case e.Row == nil:
		return rowError + uint16(e.In.Verb.Code())
	}
	id := e.Row.ID()
	if id >= len(x.rows) || x.rows[id] != e.Row {
		return 0
	}
	switch n := x.number[id]; {
	case n >= rowError:
		return n + uint16(e.In.Verb.Code())
	case x.verbs[id] != e.In.Verb:
		return n | rowOther
	default:
		return n
	}
}

// row returns the row of a number, nil for none.
func (x *rowIndex) row(number uint16) *dialect.Row {
	if number < rowError {
		number &^= rowOther
	}
	switch {
	case number >= rowOpaque:
	case number >= rowError:
		if i := int(number-rowError) / 1000; i < len(x.errors) {
			return x.errors[i]
		}
	case int(number) < len(x.rows):
		return x.rows[number]
	}
	return nil
}

// verb returns the verb that a number tells, and false where only the bytes do.
func (x *rowIndex) verb(number uint16) (decode.Verb, bool) {
	switch {
	case number >= rowOpaque:
		return decode.Verb{}, true
	case number >= rowError:
		code := (number - rowError) % 1000
		return decode.Verb{'0' + byte(code/100), '0' + byte(code/10%10), '0' + byte(code%10)}, code != 0
	case number > 0 && int(number) < len(x.rows):
		return x.verbs[number], true
	}
	return decode.Verb{}, false
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

// shape frames a command whose TrID is known to be one, or not: a [decode.Grammar] that needs no table.
type shape bool

// Shape implements [decode.Grammar].
func (s shape) Shape(decode.Dir, decode.Verb) decode.Shape { return decode.Shape{TrID: bool(s)} }

// Fits implements [decode.Grammar].
func (s shape) Fits(decode.Dir, *decode.Message) bool { return true }
