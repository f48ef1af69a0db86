package eventlog

import (
	"encoding/binary"
	"math"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// entrySize is the size of an event in the index in bytes.
const entrySize = 32

// entry is an event in the index: everything but its bytes and the info on its connection.
//
//	0   where  40 bits: offset of its bytes, 8 bits: their source, 16 bits: flags
//	8   time   nanoseconds since 1970
//	16  info   number of what is known of the connection
//	20  packet of the capture file with its first byte, 0 for none
//	24  size   24 bits: how many bytes it has there, 8 bits: form
//	28  reply  how many events before it its request stands, 0 for none
//	30  row    see rowIndex
//
// Values that do not fit stand in front of the bytes: see [extra].
type entry struct {
	where  uint64
	time   int64
	info   uint32
	packet uint32
	size   uint32
	reply  uint16
	row    uint16
}

const (
	offsetBits = 40
	maxOffset  = 1<<offsetBits - 1 // of a source: a terabyte
	maxSources = 255
	sizeBits   = 24
	maxSize    = 1<<sizeBits - 1 // of an event in bytes: the longest command and its replacement have 2 MB
)

// The form describes the kind of an event, in bits.
const (
	formKind   = 1<<3 - 1 // a session.Kind
	formClient = 1 << 3   // the client sent it
	formServer = 1 << 4   // the server sent it
	formTrID   = 1 << 5   // it has a TrID, or a number in place of one
	formExtra  = 1 << 6   // an extra stands in front of the bytes
	formShared = 1 << 7   // one of its packets holds other commands as well
)

func (e *entry) at() int64           { return int64(e.where & maxOffset) }
func (e *entry) source() int         { return int(e.where >> offsetBits & 0xff) }
func (e *entry) flags() session.Flag { return session.Flag(e.where >> 48) }
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
	le.PutUint64(b[:], e.where)
	le.PutUint64(b[8:], uint64(e.time))
	le.PutUint32(b[16:], e.info)
	le.PutUint32(b[20:], e.packet)
	le.PutUint32(b[24:], e.size)
	le.PutUint16(b[28:], e.reply)
	le.PutUint16(b[30:], e.row)
}

func (e *entry) get(b []byte) {
	le := binary.LittleEndian
	_ = b[entrySize-1]
	e.where = le.Uint64(b)
	e.time = int64(le.Uint64(b[8:]))
	e.info = le.Uint32(b[16:])
	e.packet = le.Uint32(b[20:])
	e.size = le.Uint32(b[24:])
	e.reply = le.Uint16(b[28:])
	e.row = le.Uint16(b[30:])
}

// formOf returns the form of an event, except for the bits formExtra and formShared.
func formOf(e *session.Event) uint8 {
	form := uint8(e.Kind)
	switch e.Dir {
	case decode.FromClient:
		form |= formClient
	case decode.FromServer:
		form |= formServer
	}
	if e.In.TrIDText() != nil {
		form |= formTrID
	}
	return form
}

// nanoTime returns t in nanoseconds since 1970, and whether the index can hold that.
func nanoTime(t time.Time) (int64, bool) {
	sec := t.Unix()
	if sec <= math.MinInt64/int64(time.Second) || sec >= math.MaxInt64/int64(time.Second) {
		return 0, false
	}
	return t.UnixNano(), true
}

// rowIndex maps the rows of all tables to 16-bit numbers: the ID of the row or, for rows of errors,
// a number for each code and row. Opaque bytes have a number that tells the reason. It does not
// change once it is made.
type rowIndex struct {
	rows   []*dialect.Row // by ID
	verbs  []decode.Verb
	number []uint16       // by ID
	errors []*dialect.Row // rows that stand for any code, after a nil
}

const (
	// rowError is added to the code and a thousand times the index in errors; without a code, only
	// the bytes tell the verb.
	rowError  = 0x2000
	rowOpaque = 0xff00 // added to the decode.Reason of opaque bytes
)

// theRows numbers the rows for all logs.
var theRows = sync.OnceValue(newRowIndex)

func newRowIndex() *rowIndex {
	x := &rowIndex{
		rows: make([]*dialect.Row, 1), verbs: make([]decode.Verb, 1), number: make([]uint16, 1),
		errors: make([]*dialect.Row, 1),
	}
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

// of returns the number of an event's row, 0 for a row of no table.
func (x *rowIndex) of(e *session.Event) uint16 {
	switch {
	case e.In.Opaque():
		return rowOpaque + uint16(e.In.Why)
	case e.Row == nil:
		return rowError + uint16(e.In.Verb.Code())
	}
	id := e.Row.ID()
	if id >= len(x.rows) || x.rows[id] != e.Row {
		return 0
	}
	n := x.number[id]
	if n >= rowError {
		n += uint16(e.In.Verb.Code())
	}
	return n
}

// row returns the row of a number, nil for none.
func (x *rowIndex) row(number uint16) *dialect.Row {
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

// verb returns the verb of a number, and false if only the bytes tell it.
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
