// Package parquet writes tables of events as Parquet files, for DuckDB, pandas and the like. It is apart from package format
// so that who prints lines does not pay for the library.
//
//	int64       INT64                       string               BYTE_ARRAY, UTF8
//	float64     DOUBLE                      []string             LIST of UTF8
//	time.Time   TIMESTAMP, UTC, nanoseconds map[string][]string  MAP of UTF8 to LIST of UTF8
//
// A column is null where the value is absent. A dot in its name becomes an underscore, payload_text: in SQL a dot means
// something else.
package parquet

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
)

// groupRows is how many rows are collected in memory before they are written as a row group: some 30 MB of commands, and
// what readers like to skip as one.
const groupRows = 1 << 16

// Writer writes one file. It is not safe for concurrent use.
type Writer struct {
	w      *parquet.GenericWriter[any]
	types  []any
	row    parquet.Row // reused
	column int         // which leaf of the schema comes next
	rows   int
}

// NewWriter returns a Writer of a table with these columns, each with the zero value of its type; package filter's Columns
// have both. An empty list or map is to be nil. It writes nothing yet.
func NewWriter(w io.Writer, names []string, types []any, application string) (*Writer, error) {
	fields := make([]reflect.StructField, len(names))
	seen := map[string]string{}
	for i, name := range names {
		column := columnName(name)
		if other, twice := seen[strings.ToLower(column)]; twice { // SQL takes both cases for the same
			return nil, fmt.Errorf("parquet: two columns would be named %s: %s and %s", column, other, name)
		}
		seen[strings.ToLower(column)] = name
		f, ok := structField(column, types[i])
		if !ok {
			return nil, fmt.Errorf("parquet: column %s: no type for %T", name, types[i])
		}
		f.Name = "F" + strconv.Itoa(i)
		fields[i] = f
	}
	schema := parquet.NewSchema("events", parquet.SchemaOf(reflect.New(reflect.StructOf(fields)).Interface()))
	out := parquet.NewGenericWriter[any](w, schema, parquet.Compression(&parquet.Snappy), parquet.CreatedBy(application, "", ""))
	return &Writer{w: out, types: types}, nil
}

// columnName makes of a field's name one that needs no quotes in SQL.
func columnName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' {
			return r
		}
		return '_'
	}, name)
}

// structField describes a column as the library wants to be told. All but times, which every event has, may be null.
func structField(column string, zero any) (f reflect.StructField, ok bool) {
	tag := `parquet:"` + column
	switch zero.(type) {
	case time.Time:
		f.Type, tag = reflect.TypeFor[time.Time](), tag+`,timestamp(nanosecond:utc)"`
	case int64, float64, string:
		f.Type, tag = reflect.TypeOf(zero), tag+`,optional"`
	case []string:
		f.Type, tag = reflect.TypeOf(zero), tag+`,optional,list"`
	case map[string][]string:
		f.Type, tag = reflect.TypeOf(zero), tag+`,optional" parquet-value:",list"`
	default:
		return f, false
	}
	f.Tag = reflect.StructTag(tag)
	return f, true
}

// Write adds a row: a value for each column, of its type or nil. The values are not kept.
func (w *Writer) Write(values []any) error {
	w.row = w.row[:0]
	w.column = 0
	for i, v := range values {
		w.add(v, w.types[i])
	}
	if _, err := w.w.WriteRows([]parquet.Row{w.row}); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	if w.rows++; w.rows%groupRows == 0 {
		if err := w.w.Flush(); err != nil {
			return fmt.Errorf("parquet: %w", err)
		}
	}
	return nil
}

// add appends a column's values to the row. Each has two levels: what begins again with it (0 the row, 1 the entry of a list
// or map, 2 the entry of a list in a map), and how much of what may be absent is there.
func (w *Writer) add(v, typ any) {
	switch v := v.(type) {
	case nil:
		w.value(parquet.Value{}, 0, 0)
		if _, isMap := typ.(map[string][]string); isMap {
			w.column++
			w.value(parquet.Value{}, 0, 0)
		}
	case int64:
		w.value(parquet.Int64Value(v), 0, 1)
	case float64:
		w.value(parquet.DoubleValue(v), 0, 1)
	case string:
		w.value(text(v), 0, 1)
	case time.Time:
		w.value(parquet.Int64Value(v.UnixNano()), 0, 0)
	case []string:
		for i, s := range v {
			w.value(text(s), min(i, 1), 2)
		}
	case map[string][]string:
		keys := slices.Sorted(maps.Keys(v))
		for i, key := range keys {
			w.value(text(key), min(i, 1), 2)
		}
		w.column++
		for i, key := range keys {
			for j, s := range v[key] {
				w.value(text(s), max(min(i, 1), 2*min(j, 1)), 3)
			}
		}
	}
	w.column++
}

func (w *Writer) value(v parquet.Value, repetition, definition int) {
	w.row = append(w.row, v.Level(repetition, definition, w.column))
}

// text is a string as a value; the library must not change it.
func text(s string) parquet.Value {
	return parquet.ByteArrayValue([]byte(s))
}

// Close writes what is left and the file's foot, without which nobody can read it. It does not close the underlying writer.
func (w *Writer) Close() error {
	if err := w.w.Close(); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	return nil
}
