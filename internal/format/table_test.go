package format_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/format"
)

var cells = []any{
	int64(-3), nil, 1.5, "plain", time.Date(2026, 3, 1, 12, 0, 0, 5, time.FixedZone("", 3600)),
	[]string{"rewritten", "held"},
	map[string][]string{"B": {"x", "y"}, "A": {`q"`}},
	true, "",
}

func TestTableRows(t *testing.T) {
	names := []string{"i", "none", "f", "s", "t", "l", "m", "b", "e"}
	for _, tc := range []struct{ name, got, want string }{
		{
			"tabs", string(format.AppendTabs(nil, cells)),
			"-3\t\t1.5\tplain\t2026-03-01T11:00:00.000000005Z\trewritten,held\t" + `{"A":"q\"","B":["x","y"]}` +
				"\ttrue\t\n",
		},
		{
			"csv", string(format.AppendCSV(nil, cells)),
			`-3,,1.5,plain,2026-03-01T11:00:00.000000005Z,"rewritten,held","{""A"":""q\"""",""B"":[""x"",""y""]}",true,` + "\r\n",
		},
		{
			"json", string(format.AppendObject(nil, names, cells)),
			`{"i":-3,"f":1.5,"s":"plain","t":"2026-03-01T11:00:00.000000005Z","l":["rewritten","held"],` +
				`"m":{"A":"q\"","B":["x","y"]},"b":true,"e":""}` + "\n",
		},
		{"json of nothing", string(format.AppendObject(nil, names, make([]any, 9))), "{}\n"},
		{
			"tabs of what is no text", string(format.AppendTabs(nil, []any{"a\tb\r\n\x1b[2J\xff"})),
			`a\x09b\x0d\x0a\x1b[2J\xff` + "\n",
		},
	} {
		if tc.got != tc.want {
			t.Errorf("%s:\n got %q\nwant %q", tc.name, tc.got, tc.want)
		}
	}
}

// TestCSVCells checks that a text from the wire becomes neither a formula nor a control character,
// and can be restored.
func TestCSVCells(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1":                 "'=1+1",
		"+31 20":               "'+31 20",
		"-2":                   "'-2",
		"@SUM(A1)":             "'@SUM(A1)",
		"'tis":                 "''tis",
		"a=1":                  "a=1",
		"\tx":                  "'\tx",
		"\r\n=1":               "\"'\r\n=1\"",
		"=HYPERLINK(\"x\",1)":  `"'=HYPERLINK(""x"",1)"`,
		"two\r\nlines\nand\ta": "\"two\r\nlines\nand\ta\"",
		"bell\a \x1b[2J":       `bell\x07 \x1b[2J`,
		"back\rover":           `back\x0dover`,
		"ends\r":               `ends\x0d`,
		"rtl \u202e":           `rtl \u202e`,
		"grüße":                "grüße",
		"a,b":                  `"a,b"`,
		"":                     "",
	} {
		if got := string(format.AppendCSV(nil, []any{in, int64(1)})); got != want+",1\r\n" {
			t.Errorf("%q becomes %q, want %q", in, got, want+",1\r\n")
		}
	}
	values := []any{"=1+1", "-2", "'tis", "a,b", "x\r\n"}
	if got, want := string(format.AppendExactCSV(nil, values)), "=1+1,-2,'tis,\"a,b\",\"x\r\n\"\r\n"; got != want {
		t.Errorf("exactly %q, want %q", got, want)
	}
}

// FuzzTable checks that other programs read each row as one record with as many cells as there are
// values, and that it is safe to show.
func FuzzTable(f *testing.F) {
	for _, e := range events(f) {
		f.Add(string(e.In.Raw), e.Text, e.N)
	}
	f.Fuzz(func(t *testing.T, a, b string, n uint64) {
		values := []any{a, []string{b, a}, int64(n), map[string][]string{a: {b}}}
		record := format.AppendCSV(nil, values)
		rows, err := csv.NewReader(bytes.NewReader(record)).ReadAll()
		if err != nil || len(rows) != 1 || len(rows[0]) != 4 {
			t.Fatalf("%q is %q: %v", record, rows, err)
		}
		for i, cell := range rows[0] {
			if i != 2 && cell != "" && strings.IndexByte("=+-@\t\r\n", cell[0]) >= 0 {
				t.Fatalf("a spreadsheet may calculate %q", cell)
			}
		}
		checkPrintable(t, strings.NewReplacer("\r\n", "", "\n", "", "\t", "").Replace(string(record)))
		line := format.AppendTabs(nil, values)
		checkPrintable(t, strings.ReplaceAll(string(line[:len(line)-1]), "\t", ""))
		if bytes.Count(line, []byte("\t")) != 3 {
			t.Fatalf("not four cells: %q", line)
		}
		if object := format.AppendObject(nil, []string{"a", "b", "c", "d"}, values); !json.Valid(object) {
			t.Fatalf("not JSON: %q", object)
		}
	})
}
