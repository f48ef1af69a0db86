package dialect_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// TestRows walks all tables: each row is complete, and its example is a command that the table frames, matches and names.
func TestRows(t *testing.T) {
	for _, table := range dialect.All() {
		seen := map[string]bool{}
		for i := range table.Rows() {
			row := &table.Rows()[i]
			name := table.Name() + " " + row.Dir.String() + ": " + row.Grammar()
			if id := row.Dir.String() + row.Verb + " " + row.Form() + row.Roles.String(); seen[id] {
				t.Errorf("%s stands twice", name)
			} else {
				seen[id] = true
			}
			if row.Means == "" || (row.Section == "") != row.Extension || row.Roles == 0 {
				t.Errorf("%s: a row needs a meaning, roles, and a section or the mark of an extension", name)
			}
			if (row.Dir == decode.FromClient) != (row.When != 0) {
				t.Errorf("%s: what clients send has states, what servers send has none", name)
			}
			checkOrder(t, name, row)
			checkExample(t, name, table, row)
		}
	}
}

// checkOrder asserts that only the last arguments are optional, and only the last repeats.
func checkOrder(t *testing.T, name string, row *dialect.Row) {
	optional := false
	for i, a := range row.Args {
		if optional && !a.Optional {
			t.Errorf("%s: %s must be optional, or what is before it must not", name, a.Name)
		}
		optional = optional || a.Optional
		if a.Many && i != len(row.Args)-1 {
			t.Errorf("%s: %s repeats but is not last", name, a.Name)
		}
	}
}

func checkExample(t *testing.T, name string, table *dialect.Table, row *dialect.Row) {
	r := decode.NewReader(row.Dir, table)
	r.Feed([]byte(row.Example))
	var m decode.Message
	if !r.Next(&m) || string(m.Raw) != row.Example || m.Opaque() {
		t.Errorf("%s: the example %q is not one command", name, row.Example)
		return
	}
	if got := table.Match(row.Dir, row.Roles, &m); got != row && (row.Roles.Known() || got == nil || got.Verb != row.Verb) {
		t.Errorf("%s: the example %q matches another row: %v", name, row.Example, got)
	}
	if m.HasTrID != (row.TrID != dialect.None) {
		t.Errorf("%s: the example has a TrID: %v", name, m.HasTrID)
	}
	if n := m.NumArgs(); n < row.Min() || row.Max() >= 0 && n > row.Max() {
		t.Errorf("%s: the example has %d arguments", name, n)
	}
	for i := range m.NumArgs() {
		if a, _ := row.Arg(i); len(a.Values) > 0 && !contains(a.Values, string(m.Arg(i))) {
			t.Errorf("%s: %s of the example is not one of %v", name, a.Name, a.Values)
		}
	}
	if m.Payload() == nil && row.Payload != decode.NoPayload {
		t.Errorf("%s: the example has no payload", name)
	}
}

func contains(words []string, w string) bool {
	return strings.Contains(" "+strings.Join(words, " ")+" ", " "+w+" ")
}

// TestDraftIsWhole compares MSNP2 with the list of commands in the draft's section 6, and their directions.
func TestDraftIsWhole(t *testing.T) {
	want := map[string]string{
		"ACK": "S", "ADD": "CS", "ANS": "CS", "BLP": "CS", "BYE": "S", "CAL": "CS", "CHG": "CS", "FLN": "S", "GTC": "CS", "INF": "CS",
		"ILN": "S", "IRO": "S", "JOI": "S", "LST": "CS", "MSG": "CS", "NAK": "S", "NLN": "S", "OUT": "CS", "REM": "CS", "RNG": "S", "SYN": "CS",
		"USR": "CS", "VER": "CS", "XFR": "CS", "###": "S",
	}
	got := map[string]string{}
	for _, row := range dialect.MSNP2.Rows() {
		if !row.Extension && !strings.Contains(got[row.Verb], row.Dir.String()) {
			got[row.Verb] += row.Dir.String()
			if got[row.Verb] == "SC" {
				got[row.Verb] = "CS"
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands of the draft (-want +got):\n%s", diff)
	}
}

func TestMatchTellsFormsApart(t *testing.T) {
	for _, tc := range []struct {
		line  string
		dir   decode.Dir
		roles dialect.Role
		want  string // roles and grammar of the row
	}{
		{"USR 5 MD5 I alice@hotmail.com", 'C', dialect.Any, "DS,NS USR TrID [MD5 | CTP] I {AuthInitiateInfo}"},
		{"USR 5 MD5 I alice", 'C', dialect.NS, "DS,NS USR TrID [MD5 | CTP] I {AuthInitiateInfo}"},
		{"USR 6 MD5 S 7f919fab", 'C', dialect.Any, "NS USR TrID [MD5 | CTP] S {AuthResponseInfo}"},
		{"USR 1 alice@hotmail.com 17.1050826919.323", 'C', dialect.Any, "SB USR TrID UserHandle AuthResponseInfo"},
		{"USR 1 OK alice@hotmail.com Alice", 'S', dialect.SB, "SB USR TrID OK UserHandle FriendlyName"},
		{"USR 5 MD5 S 1013928519.693957190", 'S', dialect.Any, "NS USR TrID [MD5 | CTP] S {AuthChallengeInfo}"},
		{"XFR 9 SB", 'C', dialect.Any, "NS XFR TrID SB"},
		{"XFR 9 SB 10.0.0.9 CKI 17.42", 'S', dialect.NS, `NS XFR TrID SB Address [CKI] AuthChallengeInfo`},
		{"XFR 2 NS 10.0.0.5", 'S', dialect.Any, `DS,NS XFR TrID NS Address {Reserved} {CurrentAddress}`},
		{"REM 7 AL bob@hotmail.com bob@hotmail.com", 'C', dialect.NS, `NS REM TrID [FL | AL | BL] UserHandle`},
		{"217 4", 'S', dialect.SB, `DS,NS,SB ### {TrID} {ErrorInfo ...}`},
		{"PRP 4 12 PHH", 'S', dialect.NS, `NS PRP TrID Ser Property {Value}`}, // of a later dialect
	} {
		m := decode.Parse([]byte(tc.line), tc.dir, dialect.MSNP2)
		row := dialect.MSNP2.Match(tc.dir, tc.roles, &m)
		if row == nil {
			t.Errorf("%s: no row", tc.line)
		} else if got := row.Roles.String() + " " + row.Grammar(); got != tc.want {
			t.Errorf("%s: row %q, want %q", tc.line, got, tc.want)
		}
	}
	for _, line := range []string{"NLN NLN bob@hotmail.com Bob", "ZZZ 1"} {
		m := decode.Parse([]byte(line), decode.FromClient, dialect.MSNP2)
		if row := dialect.MSNP2.Match(decode.FromClient, dialect.Any, &m); row != nil {
			t.Errorf("a client's %q matches %s", line, row.Grammar())
		}
	}
}

func TestLookup(t *testing.T) {
	if got := dialect.Lookup("msnp2"); got != dialect.MSNP2 {
		t.Errorf("Lookup(msnp2) = %v: names are compared without case (§7.1)", got)
	}
	if got := dialect.Lookup("CVR0"); got != nil {
		t.Errorf("Lookup(CVR0) = %v, want nil: it is no dialect", got)
	}
	if got := dialect.Lookup("MSNP5").Of(decode.FromServer, decode.V("BPR")); len(got) != 1 {
		t.Errorf("MSNP5 has %d rows for BPR, want 1", len(got))
	}
}
