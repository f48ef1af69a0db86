package dialect

import (
	"testing"

	"github.com/msnscope/msnscope/decode"
)

// TestFitsIsEachTable checks that asking each distinct row once gives the same set as asking every
// copy of it.
func TestFitsIsEachTable(t *testing.T) {
	several := 0
	for _, from := range tables {
		for i := range from.rows {
			row := &from.rows[i]
			m := decode.Parse([]byte(row.Example), row.Dir, from)
			if row.Roles == FT {
				m = decode.Parse([]byte(row.Example), row.Dir, from.At(FT))
			}
			var want uint32
			for bit, table := range tables {
				for _, r := range table.Of(row.Dir, m.Verb) {
					if r.admits(&m) {
						want |= 1 << bit
					}
				}
			}
			if got := Fits(row.Dir, Any|row.Roles, &m); got != want {
				t.Errorf("%s: %q fits the tables %b, want %b", from.name, row.Example, got, want)
			}
			if want != 0 && want != 1<<len(tables)-1 {
				several++
			}
		}
	}
	if several == 0 {
		t.Error("no example tells dialects apart")
	}
}
