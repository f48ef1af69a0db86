// Package parquet writes tables of events as Parquet files, for DuckDB, pandas and the like.
//
//	int64       INT64                       string               BYTE_ARRAY, UTF8
//	float64     DOUBLE                      []string             LIST of UTF8
//	time.Time   TIMESTAMP, nanoseconds      map[string][]string  MAP of UTF8 to LIST of UTF8
//
// An absent value is null, an empty text is empty. Columns have the names of the fields, as in
// "payload.text"; SQL needs the quotes. Times are in UTC but not marked as such: readers with times
// of microseconds, such as DuckDB, would cut those that are.
//
// A file consists of row groups, a row group of one chunk for each column, a chunk of pages, and
// the file's footer says where they are. We write this by hand, because the least of the libraries
// was a seventh of the program and an eighth of its build, and we need one encoding of six types:
// plain values, in pages that are compressed with zstd.
//
//	┌──────┬────── row group ──────┬─ row group ─┬────────┬────────┬──────┐
//	│ PAR1 │ pages of n │ of time… │ …           │ footer │ length │ PAR1 │
//	└──────┴───────────────────────┴─────────────┴────────┴────────┴──────┘
package parquet

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Pages are compressed when they have pageBytes, and wait until the row group is written, the unit
// that readers can skip: when it has groupRows rows, or groupBytes of values, since a command can
// have more than a megabyte in several columns.
const (
	groupRows  = 1 << 16
	groupBytes = 32 << 20
	pageBytes  = 1 << 18
)

const magic = "PAR1"

// Writer writes one Parquet file. It is not safe for concurrent use.
type Writer struct {
	w           io.Writer
	offset      int64 // in the file
	zstd        *zstd.Encoder
	application string
	names       []string
	types       []any
	leaves      []*leaf
	groups      []group // already written
	rows        int     // in the row group that is being collected
	bytes       int     // of the values of these rows
}

// group is a row group of the file.
type group struct {
	rows   int
	size   int64 // of its pages before compression
	chunks []chunk
}

// NewWriter returns a Writer for a table with the named columns. types holds the zero value of each
// column's type; Columns of package filter provide both. Pass empty lists and maps to Write as nil.
// NewWriter writes nothing yet.
func NewWriter(w io.Writer, names []string, types []any, application string) (*Writer, error) {
	compress, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	out := &Writer{w: w, zstd: compress, application: application, names: names, types: types}
	seen := map[string]string{}
	for i, name := range names {
		folded := strings.ToLower(name)
		if other, twice := seen[folded]; twice { // SQL ignores case
			return nil, fmt.Errorf("parquet: two columns would have one name: %s and %s", other, name)
		}
		seen[folded] = name
		leaves := leavesOf(name, types[i])
		if leaves == nil {
			return nil, fmt.Errorf("parquet: column %s: no type for %T", name, types[i])
		}
		out.leaves = append(out.leaves, leaves...)
	}
	return out, nil
}

// Write adds a row: a value for each column, of its type or nil. It does not keep the values.
func (w *Writer) Write(values []any) error {
	next := 0
	for i, v := range values {
		next += w.add(w.leaves[next:], v, w.types[i])
	}
	for _, l := range w.leaves {
		if len(l.values) >= pageBytes {
			l.endPage(w.zstd)
		}
	}
	if w.rows++; w.rows < groupRows && w.bytes < groupBytes {
		return nil
	}
	return w.endGroup()
}

// add adds a column's value to its leaves, which are the first of the given ones, and returns how
// many these are. Each value has two levels: the repetition level says what it begins (0 a row, 1
// an element of a list or map, 2 an element of a list in a map), the definition level how many of
// the optional and repeated parts above it are present.
func (w *Writer) add(leaves []*leaf, v, typ any) int {
	switch v := v.(type) {
	case nil:
		leaves[0].null(0, 0)
		if _, isMap := typ.(map[string][]string); isMap {
			leaves[1].null(0, 0)
			return 2
		}
	case int64:
		leaves[0].int64(v)
	case float64:
		leaves[0].float64(v)
	case string:
		w.text(leaves[0], v, 0, 1)
	case time.Time:
		leaves[0].int64(v.UnixNano())
	case []string:
		for i, s := range v {
			w.text(leaves[0], s, min(i, 1), 2)
		}
	case map[string][]string:
		for i, key := range slices.Sorted(maps.Keys(v)) {
			w.text(leaves[0], key, min(i, 1), 2)
			for j, s := range v[key] {
				w.text(leaves[1], s, max(min(i, 1), 2*min(j, 1)), 3)
			}
			if len(v[key]) == 0 {
				leaves[1].null(min(i, 1), 2)
			}
		}
		return 2
	}
	return 1
}

func (w *Writer) text(l *leaf, s string, repetition, definition int) {
	w.bytes += len(s)
	l.text(s, repetition, definition)
}

// endGroup writes the rows that have been collected as a row group, behind the file's beginning if
// it is the first.
func (w *Writer) endGroup() error {
	if w.offset == 0 {
		if err := w.write([]byte(magic)); err != nil {
			return err
		}
	}
	if w.rows == 0 {
		return nil
	}
	g := group{rows: w.rows}
	for _, l := range w.leaves {
		l.endPage(w.zstd)
		c := l.chunk
		c.offset = w.offset
		if err := w.write(l.pages); err != nil {
			return err
		}
		g.size += c.size
		g.chunks = append(g.chunks, c)
		l.pages, l.chunk = l.pages[:0], chunk{}
	}
	w.groups = append(w.groups, g)
	w.rows, w.bytes = 0, 0
	return nil
}

func (w *Writer) write(p []byte) error {
	n, err := w.w.Write(p)
	w.offset += int64(n)
	if err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	return nil
}

// Close writes the remaining rows and the file's footer, without which the file cannot be read. It
// does not close the underlying writer.
func (w *Writer) Close() error {
	if err := w.endGroup(); err != nil {
		return err
	}
	footer := w.footer()
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	return w.write(append(footer, magic...))
}
