package parquet

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Physical types, encodings, the one codec and the one type of pages, by their numbers.
const (
	typeInt64     = 2
	typeDouble    = 5
	typeByteArray = 6

	encodingPlain = 0
	encodingRLE   = 3
	codecZstd     = 6
	dataPage      = 0
)

// leaf is a column of the file: a column of the table, or a part of one.
type leaf struct {
	path             []string
	typ              int
	maxRep, maxDef   int
	repeats, defined levels // of the page that is being filled
	values           []byte // likewise
	pages            []byte // those of the row group
	page, compressed []byte // buffers
	chunk
}

// chunk says what the footer must tell about a leaf's pages in one row group.
type chunk struct {
	offset       int64 // in the file
	size, stored int64 // of the pages, before and after compression
	count, nulls int   // of values, null included
	least, most  int64 // of whole numbers and times
}

// leavesOf returns the leaves of a column with the zero value of its type, nil for a type that is
// none of ours. Every column may be null.
func leavesOf(name string, zero any) []*leaf {
	one := func(typ int) []*leaf { return []*leaf{{path: []string{name}, typ: typ, maxDef: 1}} }
	switch zero.(type) {
	case int64, time.Time:
		return one(typeInt64)
	case float64:
		return one(typeDouble)
	case string:
		return one(typeByteArray)
	case []string:
		return []*leaf{{path: []string{name, "list", "element"}, typ: typeByteArray, maxRep: 1, maxDef: 2}}
	case map[string][]string:
		return []*leaf{
			{path: []string{name, "key_value", "key"}, typ: typeByteArray, maxRep: 1, maxDef: 2},
			{
				path: []string{name, "key_value", "value", "list", "element"},
				typ:  typeByteArray, maxRep: 2, maxDef: 3,
			},
		}
	}
	return nil
}

func (l *leaf) null(repetition, definition int) {
	l.nulls++
	l.level(repetition, definition)
}

func (l *leaf) int64(v int64) {
	if l.count == l.nulls {
		l.least, l.most = v, v
	}
	l.least, l.most = min(l.least, v), max(l.most, v)
	l.values = binary.LittleEndian.AppendUint64(l.values, uint64(v))
	l.level(0, 1)
}

func (l *leaf) float64(v float64) {
	l.values = binary.LittleEndian.AppendUint64(l.values, math.Float64bits(v))
	l.level(0, 1)
}

func (l *leaf) text(s string, repetition, definition int) {
	l.values = binary.LittleEndian.AppendUint32(l.values, uint32(len(s)))
	l.values = append(l.values, s...)
	l.level(repetition, definition)
}

func (l *leaf) level(repetition, definition int) {
	l.count++
	l.repeats.add(byte(repetition))
	l.defined.add(byte(definition))
}

// endPage compresses what has been collected as a page: the repetition levels unless they are all
// 0, the definition levels, and the values that are not null.
func (l *leaf) endPage(compress *zstd.Encoder) {
	count := l.defined.count
	if count == 0 {
		return
	}
	page := l.page[:0]
	if l.maxRep > 0 {
		page = l.repeats.appendTo(page)
	}
	page = append(l.defined.appendTo(page), l.values...)
	l.page = page
	l.compressed = compress.EncodeAll(page, l.compressed[:0])

	var head thrift
	head.begin()
	head.i32(1, dataPage)
	head.i32(2, len(page))
	head.i32(3, len(l.compressed))
	head.field(5, thriftStruct)
	head.begin()
	head.i32(1, count)
	head.i32(2, encodingPlain)
	head.i32(3, encodingRLE) // of definition levels
	head.i32(4, encodingRLE) // of repetition levels
	head.end()
	head.end()

	l.pages = append(append(l.pages, head.b...), l.compressed...)
	l.size += int64(len(head.b) + len(page))
	l.stored += int64(len(head.b) + len(l.compressed))
	l.repeats, l.defined, l.values = levels{b: l.repeats.b[:0]}, levels{b: l.defined.b[:0]}, l.values[:0]
}

// levels are small numbers in runs of equal ones: a run is twice its length, as a varint, and the
// number. The format has a second form for those that vary, which compression makes unnecessary.
type levels struct {
	b     []byte
	level byte // of the run that goes on
	run   int
	count int
}

func (l *levels) add(level byte) {
	if level != l.level {
		l.endRun()
		l.level = level
	}
	l.run++
	l.count++
}

func (l *levels) endRun() {
	if l.run > 0 {
		l.b = append(binary.AppendUvarint(l.b, uint64(l.run)<<1), l.level)
	}
	l.run = 0
}

// appendTo ends the last run and appends all of them behind their length.
func (l *levels) appendTo(b []byte) []byte {
	l.endRun()
	b = binary.LittleEndian.AppendUint32(b, uint32(len(l.b)))
	return append(b, l.b...)
}
