package parquet

import (
	"encoding/binary"
	"time"
)

// version is that of the format: the first with times in nanoseconds, 2.6, is a 2 in the file.
const version = 2

// How often a part of a column is there, and the types for people, which the format has twice: by
// a number for older readers and as one of the structs of a union for newer ones.
const (
	optional = 1
	repeated = 2

	convertedUTF8, logicalString = 0, 1
	convertedMap, logicalMap     = 1, 2
	convertedList, logicalList   = 3, 3
	logicalTimestamp             = 8
)

// footer returns what tells readers the columns and where their pages are (FileMetaData).
func (w *Writer) footer() []byte {
	var t thrift
	rows := 0
	for _, g := range w.groups {
		rows += g.rows
	}
	t.begin()
	t.i32(1, version)
	w.schema(&t)
	t.i64(3, int64(rows))
	t.list(4, thriftStruct, len(w.groups))
	for _, g := range w.groups {
		w.group(&t, g)
	}
	t.text(6, w.application)
	t.list(7, thriftStruct, len(w.leaves)) // how least and most of each leaf are to be understood
	for range w.leaves {
		t.begin()
		t.empty(1) // in the order of the leaf's type
		t.end()
	}
	t.end()
	return t.b
}

// schema writes the columns as a tree, each node of which is followed by its children.
func (w *Writer) schema(t *thrift) {
	elements := 1
	for i := range w.names {
		switch w.types[i].(type) {
		case []string:
			elements += 3
		case map[string][]string:
			elements += 6
		default:
			elements++
		}
	}
	t.list(2, thriftStruct, elements)
	node(t, "events", 0, len(w.names), nil)
	for i, name := range w.names {
		switch w.types[i].(type) {
		case int64:
			value(t, name, typeInt64, optional, nil)
		case float64:
			value(t, name, typeDouble, optional, nil)
		case time.Time:
			value(t, name, typeInt64, optional, timestamp)
		case string:
			value(t, name, typeByteArray, optional, utf8)
		case []string:
			textList(t, name, optional)
		case map[string][]string:
			node(t, name, optional, 1, mapType)
			node(t, "key_value", repeated, 2, nil)
			value(t, "key", typeByteArray, 0, utf8)
			textList(t, "value", 0)
		}
	}
}

func textList(t *thrift, name string, times int) {
	node(t, name, times, 1, listType)
	node(t, "list", repeated, 1, nil)
	value(t, "element", typeByteArray, 0, utf8)
}

// node writes a part of a column that has parts itself. Its type for people is nil for none.
func node(t *thrift, name string, times, children int, meaning func(*thrift)) {
	t.begin()
	t.i32(3, times)
	t.text(4, name)
	t.i32(5, children)
	if meaning != nil {
		meaning(t)
	}
	t.end()
}

// value writes a leaf.
func value(t *thrift, name string, typ, times int, meaning func(*thrift)) {
	t.begin()
	t.i32(1, typ)
	t.i32(3, times)
	t.text(4, name)
	if meaning != nil {
		meaning(t)
	}
	t.end()
}

func utf8(t *thrift)     { meaning(t, convertedUTF8, logicalString) }
func mapType(t *thrift)  { meaning(t, convertedMap, logicalMap) }
func listType(t *thrift) { meaning(t, convertedList, logicalList) }

func meaning(t *thrift, converted, logical int) {
	t.i32(6, converted)
	t.field(10, thriftStruct)
	t.begin()
	t.empty(logical)
	t.end()
}

func timestamp(t *thrift) {
	t.field(10, thriftStruct)
	t.begin()
	t.field(logicalTimestamp, thriftStruct)
	t.begin()
	t.field(1, thriftFalse) // not adjusted to UTC
	t.field(2, thriftStruct)
	t.begin()
	t.empty(3) // nanoseconds
	t.end()
	t.end()
	t.end()
}

func (w *Writer) group(t *thrift, g group) {
	t.begin()
	t.list(1, thriftStruct, len(g.chunks))
	for i, c := range g.chunks {
		w.leaves[i].describe(t, c)
	}
	t.i64(2, g.size)
	t.i64(3, int64(g.rows))
	t.end()
}

// describe writes what the footer has about a chunk of the leaf.
func (l *leaf) describe(t *thrift, c chunk) {
	t.begin()
	t.i64(2, c.offset)
	t.field(3, thriftStruct)
	t.begin()
	t.i32(1, l.typ)
	t.list(2, thriftI32, 2)
	t.varint(encodingPlain)
	t.varint(encodingRLE)
	t.list(3, thriftBinary, len(l.path))
	for _, p := range l.path {
		t.bytes(p)
	}
	t.i32(4, codecZstd)
	t.i64(5, int64(c.count))
	t.i64(6, c.size)
	t.i64(7, c.stored)
	t.i64(9, c.offset)
	t.field(12, thriftStruct)
	t.begin()
	t.i64(3, int64(c.nulls))
	if l.typ == typeInt64 && c.nulls < c.count {
		t.text(5, int64Bytes(c.most))
		t.text(6, int64Bytes(c.least))
	}
	t.end()
	t.end()
	t.end()
}

func int64Bytes(v int64) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(v)))
}
