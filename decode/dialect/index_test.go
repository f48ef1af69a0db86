package dialect

import (
	"testing"

	"github.com/msnscope/msnscope/decode"
)

// TestMatchAlone checks that the shortcut for a row that is the only one of its verb at some roles
// finds the same row as the full search, also for a message that does not fit it.
func TestMatchAlone(t *testing.T) {
	found := 0
	for _, table := range All() {
		for _, row := range table.Rows() {
			for _, line := range []string{
				row.Example, row.Example[:3] + "\r\n",
				row.Example[:3] + " 7 a b c d e f g h\r\n",
			} {
				m := decode.Parse([]byte(line), row.Dir, table)
				for roles := range Any + 1 {
					got, want := table.Match(row.Dir, roles,
						&m), match(table.all[side(row.Dir)][table.ids.of(m.Verb)], roles, &m)
					if got != want {
						t.Errorf("%s at %s: %q is %v, want %v", table.Name(), roles, line, got, want)
					}
					if got != nil {
						found++
					}
				}
			}
		}
	}
	if alone := MSNP2.sole[viewOf(SB)][side(decode.FromClient)][MSNP2.ids.of(decode.V("MSG"))]; found == 0 ||
		alone == nil {
		t.Errorf("%d rows found, MSG at a switchboard is %v", found, alone)
	}
	if alone := MSNP2.sole[viewOf(NS)][side(decode.FromClient)][MSNP2.ids.of(decode.V("USR"))]; alone != nil {
		t.Errorf("USR has two forms, but %s is alone", alone.Grammar())
	}
}
