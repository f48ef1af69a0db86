package parquet

import "encoding/binary"

// thrift writes structs in Thrift's compact protocol. A field is one byte, its type and how much
// its number is greater than that of the field before, and then its value.
type thrift struct {
	b    []byte
	last []int // the number of the last field, of each struct that has begun
}

const (
	thriftFalse  = 2 // a truth value is in the field's type
	thriftI32    = 5
	thriftI64    = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

func (t *thrift) begin() { t.last = append(t.last, 0) }

func (t *thrift) end() {
	t.b = append(t.b, 0)
	t.last = t.last[:len(t.last)-1]
}

// field begins a field. Fields of a struct must come in the order of their numbers, which are
// less than 16 apart.
func (t *thrift) field(number, typ int) {
	last := &t.last[len(t.last)-1]
	t.b = append(t.b, byte((number-*last)<<4|typ))
	*last = number
}

// list begins a list; its elements follow.
func (t *thrift) list(number, typ, n int) {
	t.field(number, thriftList)
	if n < 15 {
		t.b = append(t.b, byte(n<<4|typ))
		return
	}
	t.b = binary.AppendUvarint(append(t.b, byte(15<<4|typ)), uint64(n))
}

func (t *thrift) i32(number, v int) {
	t.field(number, thriftI32)
	t.varint(int64(v))
}

func (t *thrift) i64(number int, v int64) {
	t.field(number, thriftI64)
	t.varint(v)
}

func (t *thrift) text(number int, s string) {
	t.field(number, thriftBinary)
	t.bytes(s)
}

// empty writes a field that is a struct without fields.
func (t *thrift) empty(number int) {
	t.field(number, thriftStruct)
	t.begin()
	t.end()
}

func (t *thrift) varint(v int64) { t.b = binary.AppendVarint(t.b, v) }

func (t *thrift) bytes(s string) {
	t.b = append(binary.AppendUvarint(t.b, uint64(len(s))), s...)
}
