package parquet_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	lib "github.com/parquet-go/parquet-go"

	"github.com/msnscope/msnscope/internal/format/parquet"
)

var (
	names = []string{"n", "time", "rtt_ms", "payload.text", "flags", "args"}
	types = []any{int64(0), time.Time{}, 0.0, "", []string(nil), map[string][]string(nil)}
	noon  = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
)

// line is the same table for the library's own reader.
type line struct {
	N    *int64              `parquet:"n,optional"`
	Time *time.Time          `parquet:"time,optional,timestamp(nanosecond:local)"`
	RTT  *float64            `parquet:"rtt_ms,optional"`
	Text *string             `parquet:"payload.text,optional"`
	Flag []string            `parquet:"flags,optional,list"`
	Args map[string][]string `parquet:"args,optional" parquet-value:",list"`
}

func write(t *testing.T, rows ...[]any) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := parquet.NewWriter(&file, names, types, "test")
	for _, row := range rows {
		err = errors.Join(err, w.Write(row))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestRoundTrip(t *testing.T) {
	args := map[string][]string{"DialectName": {"MSNP2", "CVR0"}, "Extra": {"x"}}
	file := write(
		t, []any{int64(1), noon, 1.5, "hello \x00", []string{"held", "edited"}, args},
		[]any{int64(2), noon.In(time.FixedZone("", 3600)), nil, nil, nil, nil},
		[]any{int64(0), noon, 0.0, "", nil, nil},
		[]any{int64(3), nil, nil, nil, nil, nil},
	)
	got, err := lib.Read[line](bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	want := []line{
		{
			N: new(int64(1)), Time: &noon, RTT: new(1.5), Text: new("hello \x00"), Flag: []string{"held", "edited"},
			Args: args,
		},
		{N: new(int64(2)), Time: &noon},
		{N: new(int64(0)), Time: &noon, RTT: new(0.0), Text: new("")},
		{N: new(int64(3))},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	schema, err := lib.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"optional int64 n", "optional int64 time (TIMESTAMP(isAdjustedToUTC=false,unit=NANOS))",
		"optional double rtt_ms",
		"optional binary payload.text (STRING)", "optional group flags (LIST)", "optional group args (MAP)",
	} {
		if !strings.Contains(schema.Schema().String(), want) {
			t.Errorf("no column %q in %s", want, schema.Schema())
		}
	}
}

// TestPages: a column may have several pages in a row group, its levels may vary, and a name may
// have no value. The footer tells readers which row groups they can skip.
func TestPages(t *testing.T) {
	var rows [][]any
	var want []line
	for i := range 5000 {
		n := int64(i - 100)
		row, l := []any{n, noon, nil, nil, nil, nil}, line{N: &n, Time: &noon}
		if i%3 > 0 {
			text := strings.Repeat("text ", 40*(i%3))
			row[3], l.Text = text, &text
		}
		if i%5 > 0 {
			l.Flag = slices.Repeat([]string{"edited"}, i%5)
			l.Args = map[string][]string{"A": l.Flag, "B": {}, "C": {""}}
			row[4], row[5] = l.Flag, l.Args
		}
		rows, want = append(rows, row), append(want, l)
	}
	file := write(t, rows...)
	got, err := lib.Read[line](bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	f, err := lib.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	n := f.Metadata().RowGroups[0].Columns[0].MetaData
	least, most := n.Statistics.MinValue, n.Statistics.MaxValue
	if v := [2]int64{int64(binary.LittleEndian.Uint64(least)), int64(binary.LittleEndian.Uint64(most))}; v !=
		[2]int64{-100, 4899} {
		t.Errorf("the footer says that n has from %d to %d", v[0], v[1])
	}
}

// TestManyRows: row groups are written as they fill, so memory does not grow with the file.
func TestManyRows(t *testing.T) {
	w := &counting{}
	table, err := parquet.NewWriter(w, names, types, "test")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 70_000 {
		if err := table.Write([]any{int64(i), noon, nil, "x", nil, nil}); err != nil {
			t.Fatal(err)
		}
	}
	if w.n < 1000 {
		t.Errorf("only %d bytes are written after 70,000 rows", w.n)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLargeRows: rows of a megabyte do not wait in memory until there are thousands of them.
func TestLargeRows(t *testing.T) {
	var file bytes.Buffer
	table, err := parquet.NewWriter(&file, names, types, "test")
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 1<<20)
	const rows = 70
	for i := range rows {
		if err := table.Write([]any{int64(i), noon, nil, large, nil, nil}); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := lib.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var groups []int64
	for _, g := range f.RowGroups() {
		groups = append(groups, g.NumRows())
	}
	if want := []int64{32, 32, 6}; !slices.Equal(groups, want) {
		t.Errorf("row groups of %d rows, want %d", groups, want)
	}
}

type counting struct{ n int }

func (c *counting) Write(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestErrors(t *testing.T) {
	if _, err := parquet.NewWriter(io.Discard, []string{"a_b", "A_b"}, []any{"", ""}, ""); err == nil ||
		!strings.Contains(err.Error(), "a_b and A_b") {
		t.Errorf("two columns of one name: %v", err)
	}
	if _, err := parquet.NewWriter(io.Discard, []string{"a"}, []any{1i}, ""); err == nil {
		t.Error("a complex number is no type of a column")
	}
	w, err := parquet.NewWriter(full{}, names, types, "")
	if err == nil {
		err = errors.Join(w.Write([]any{int64(1), noon, nil, nil, nil, nil}), w.Close())
	}
	if !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a full disk: %v", err)
	}
}
