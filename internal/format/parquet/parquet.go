// Package parquet writes tables of events as Parquet files, for DuckDB, pandas and the like. It is
// separate from package format because the library behind it is a quarter of the program, 10 of 43
// MB: a program that imports format alone does not contain it.
//
//	int64       INT64                       string               BYTE_ARRAY, UTF8
//	float64     DOUBLE                      []string             LIST of UTF8
//	time.Time   TIMESTAMP, nanoseconds      map[string][]string  MAP of UTF8 to LIST of UTF8
//
// An absent value is null, an empty text is empty. Columns have the names of the fields, as in
// "payload.text"; SQL needs the quotes. Times are in UTC but not marked as such: readers with times
// of microseconds, such as DuckDB, would cut those that are.
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

// Rows are collected in memory and then written as a row group, the unit that readers can skip:
// when there are groupRows of them, which take some 30 MB for commands of 500 bytes, or when their
// values have groupBytes, since a command can have more than a megabyte in several columns.
const (
	groupRows  = 1 << 16
	groupBytes = 32 << 20
)

// Writer writes one Parquet file. It is not safe for concurrent use.
type Writer struct {
	w      *parquet.GenericWriter[any]
	types  []any
	row    parquet.Row // reused
	column int         // which leaf of the schema comes next
	rows   int         // in the row group that is being collected
	bytes  int         // of the values of these rows
}

// NewWriter returns a Writer for a table with the named columns. types holds the zero value of each
// column's type; Columns of package filter provide both. Pass empty lists and maps to Write as nil.
// NewWriter writes nothing yet.
func NewWriter(w io.Writer, names []string, types []any, application string) (*Writer, error) {
	fields := make([]reflect.StructField, len(names))
	seen := map[string]string{}
	for i, name := range names {
		column := columnName(name)
		if other, twice := seen[strings.ToLower(column)]; twice { // SQL ignores case
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
	out := parquet.NewGenericWriter[any](w, schema, parquet.Compression(&parquet.Snappy),
		parquet.CreatedBy(application, "", ""))
	return &Writer{w: out, types: types}, nil
}

// columnName returns the name of a field as the library accepts it in a struct tag: without commas,
// quotes and control characters, which only names of header fields can have.
func columnName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`,"\\`+"`", r) {
			return '_'
		}
		return r
	}, name)
}

// structField returns the struct field from which the library derives the type of a column, and
// false for a type that it does not support. Every column may be null.
func structField(column string, zero any) (f reflect.StructField, ok bool) {
	tag := `parquet:"` + column
	switch zero.(type) {
	case time.Time:
		f.Type, tag = reflect.TypeFor[time.Time](), tag+`,optional,timestamp(nanosecond:local)"`
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

// Write adds a row: a value for each column, of its type or nil. It does not keep the values.
func (w *Writer) Write(values []any) error {
	w.row = w.row[:0]
	w.column = 0
	for i, v := range values {
		w.add(v, w.types[i])
	}
	if _, err := w.w.WriteRows([]parquet.Row{w.row}); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	if w.rows++; w.rows < groupRows && w.bytes < groupBytes {
		return nil
	}
	w.rows, w.bytes = 0, 0
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	return nil
}

// add appends a column's values to the row. Each has two levels of the Parquet format: the
// repetition level says what the value begins (0 a row, 1 an element of a list or map, 2 an element
// of a list in a map), the definition level how many of the optional parts are present.
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
		w.value(parquet.Int64Value(v.UnixNano()), 0, 1)
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
	if v.Kind() == parquet.ByteArray {
		w.bytes += len(v.ByteArray())
	}
	w.row = append(w.row, v.Level(repetition, definition, w.column))
}

// text returns a string as a value without copying it; the library must not change it.
func text(s string) parquet.Value {
	return parquet.ByteArrayValue([]byte(s))
}

// Close writes the remaining rows and the file's footer, without which the file cannot be read. It
// does not close the underlying writer.
func (w *Writer) Close() error {
	if err := w.w.Close(); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	return nil
}
