package dialect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// TestRows walks all tables and checks that each row is complete, and that its example is a command
// that the table frames, matches and names.
func TestRows(t *testing.T) {
	for _, table := range dialect.All() {
		seen := map[string]bool{}
		for i := range table.Rows() {
			row := &table.Rows()[i]
			name := table.Name() + " " + row.Dir.String() + ": " + row.Grammar()
			if id := fmt.Sprint(row.Dir, row.Verb, row.TrID, row.Form(), row.Roles, row.Min(), row.Max()); seen[id] {
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
			if row.Speaker != (dialect.Speaker{}) && row.Dir == decode.FromClient {
				t.Errorf("%s: a client never speaks for a server", name)
			}
			leads := row.Kinds()&dialect.KindsOf(dialect.HostPort) != 0
			if leads != (row.Speaker == dialect.Speaker{Roles: dialect.Any}) {
				t.Errorf("%s: it has an address to go to: %v, and its speaker is %+v", name, leads, row.Speaker)
			}
			checkOrder(t, name, row)
			checkExample(t, name, table, row)
		}
	}
}

// checkOrder asserts that optional arguments come last, and that only the very last one repeats.
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
	r := decode.NewReader(row.Dir, table.At(row.Roles))
	r.Feed([]byte(row.Example))
	var m decode.Message
	if !r.Next(&m) || string(m.Raw) != row.Example || m.Opaque() {
		t.Errorf("%s: the example %q is not one command", name, row.Example)
		return
	}
	if got := table.Match(row.Dir, row.Roles, &m); got != row &&
		(row.Roles.Known() || got == nil || got.Verb != row.Verb) {
		t.Errorf("%s: the example %q matches another row: %v", name, row.Example, got)
	}
	if row.TrID != dialect.Perhaps && m.HasTrID != (row.TrID != dialect.None) {
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
	length := string(row.Find(&m, dialect.Length))
	if row.Payload != decode.OneBlock && (m.Payload() != nil) != (length != "" && length != "0") {
		t.Errorf("%s: the example has a payload of %d bytes, length %s", name, len(m.Payload()), length)
	}
}

func contains(words []string, w string) bool {
	return strings.Contains(" "+strings.Join(words, " ")+" ", " "+w+" ")
}

// TestDraftIsWhole compares MSNP2 with the list of commands in the draft's section 6, and their
// directions.
func TestDraftIsWhole(t *testing.T) {
	want := map[string]string{
		"ACK": "S", "ADD": "CS", "ANS": "CS", "BLP": "CS", "BYE": "S", "CAL": "CS", "CHG": "CS", "FLN": "S",
		"GTC": "CS", "INF": "CS",
		"ILN": "S", "IRO": "S", "JOI": "S", "LST": "CS", "MSG": "CS", "NAK": "S", "NLN": "S", "OUT": "CS",
		"REM": "CS", "RNG": "S", "SYN": "CS",
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
		{"PRP 4 12 PHH", 'S', dialect.NS, `NS PRP TrID Ser Property {Value}`}, // a row of a later dialect
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

// TestMatchByDialect checks lines whose arguments have other names, or another order, in each
// dialect.
func TestMatchByDialect(t *testing.T) {
	for _, tc := range []struct {
		dialect, line string
		dir           decode.Dir
		roles         dialect.Role
		want          string
	}{
		{"MSNP3", "IMS 5 0 OFF", 'S', dialect.NS, "IMS TrID Ser [ON | OFF]"},
		{
			"MSNP6", "USR 6 OK alice@hotmail.com Alice 1", 'S', dialect.NS,
			"USR TrID OK UserHandle FriendlyName Verified",
		},
		{"MSNP6", "USR 6 OK alice@hotmail.com Alice", 'S', dialect.SB, "USR TrID OK UserHandle FriendlyName"},
		{"MSNP8", "LST bob@hotmail.com Bob 11 0", 'S', dialect.NS, "LST UserHandle CustomUserName Lists {GroupIDs}"},
		{
			"MSNP8", "LST 8 FL 12 0 0", 'S', dialect.NS,
			"LST TrID [FL | RL | AL | BL] Ser Item TtlItems {UserHandle} {CustomUserName} {GroupIDs}",
		},
		{"MSNP6", "PRP 1 PHH 555%20123", 'S', dialect.NS, "PRP Ser Property {Value}"}, // a server without a TrID
		{"MSNP7", "PRP 10 1 PHH 555", 'S', dialect.NS, "PRP TrID Ser Property {Value}"},
		{"MSNP7", "PRP 10 1 PHH", 'S', dialect.NS, "PRP TrID Ser Property {Value}"},
		{"MSNP8", "PRP PHH 555", 'S', dialect.NS, "PRP Property {Value}"},
		{"MSNP8", "PRP 10 12 PHH", 'S', dialect.NS, "PRP TrID Ser Property {Value}"},
		{"MSNP8", "BPR MOB Y", 'S', dialect.NS, "BPR Property {Value}"},
		{"MSNP8", "BPR 12 bob@hotmail.com MOB Y", 'S', dialect.NS, "BPR Ser UserHandle Property {Value}"},
		{"MSNP10", "BPR bob@hotmail.com MOB", 'S', dialect.NS, "BPR UserHandle Property {Value}"},
		{"MSNP10", "BPR HSB 1", 'S', dialect.NS, "BPR Property {Value}"},
		{
			"MSNP10", "LST N=bob@hotmail.com F=Bob C=1-2 11", 'S', dialect.NS,
			"LST N=UserHandle F=FriendlyName C=ContactID Lists {GroupIDs}",
		},
		{
			"MSNP10", "LST N=bob@hotmail.com F=Bob 11 3-4", 'S', dialect.NS,
			"LST N=UserHandle F=FriendlyName Lists {GroupIDs}",
		},
		{"MSNP10", "ADC 17 FL C=1-2 3-4", 'C', dialect.NS, "ADC TrID LIST C=ContactID {GroupID}"},
		{"MSNP13", "GCF 0 Shields.xml 0", 'S', dialect.NS, `GCF TrID FileName Length\r\nMessage`},
		{"MSNP13", "ADL 9 OK", 'S', dialect.NS, "ADL TrID OK"},
		{"MSNP13", "ADL 9 0", 'S', dialect.NS, `ADL TrID Length\r\nMessage`},
		{"MSNP13", "241 7 0", 'S', dialect.NS, `### {TrID} Length\r\nMessage`},
		{"MSNP13", "241 7", 'S', dialect.NS, "### {TrID} {ErrorInfo ...}"},
		{
			"MSNP14", "NLN AWY bob@hotmail.com 1 Bob 32 0", 'S', dialect.NS,
			"NLN Substate UserHandle NetworkType FriendlyName Capabilities {MSNObject} {IconURL}",
		},
		{
			"MSNP18", "NLN AWY 1:bob@hotmail.com Bob 32:0 0", 'S', dialect.NS,
			"NLN Substate Network:UserHandle FriendlyName Capabilities:More {MSNObject} {IconURL}",
		},
		{"MSNP18", "USR 12 SHA A dDEy", 'C', dialect.NS, "USR TrID SHA A AuthResponseInfo"},
		{"MSNP18", "USR 4 SSO S t=x y {z}", 'C', dialect.Any, "USR TrID [SSO] S AuthResponseInfo {Response} {Machine}"},
		// The row is that of the nearest dialect.
		{"MSNP20", "UBX 1:bob@hotmail.com 0", 'S', dialect.NS, `UBX {TrID} Network:UserHandle Length\r\nMessage`},
		// The dialect lost the command, but it is named all the same.
		{"MSNP8", "INF 1 MD5", 'S', dialect.NS, "INF TrID {SP ...}"},
	} {
		table := dialect.Lookup(tc.dialect)
		m := decode.Parse([]byte(tc.line), tc.dir, table.At(tc.roles))
		row := table.Match(tc.dir, tc.roles, &m)
		if row == nil {
			t.Errorf("%s: %s: no row", tc.dialect, tc.line)
		} else if got := row.Grammar(); got != tc.want {
			t.Errorf("%s: %s: row %q, want %q", tc.dialect, tc.line, got, tc.want)
		}
	}
}

// TestGone checks that commands that a dialect lost are not in its table.
func TestGone(t *testing.T) {
	for verb, last := range map[string]int{
		"CINF": 7, "SINF": 7, "CFND": 7, "CPAG": 8, "CADD": 9, "CREA": 9, "CLSG": 9, "SGSB": 11, "CSYN": 12,
		"SLST": 12, "CADC": 12, "CGCF": 12,
		"SILN": 17, "SNLN": 18, "CCHG": 18, "CXFR": 20, "SRNG": 20, "CANS": 20, "SJOI": 20, "CMSG": 20, "SMSG": 21,
		"SXFR": 21, "SGCF": 21,
	} {
		for _, table := range dialect.All() {
			if rows := table.Of(decode.Dir(verb[0]), decode.V(verb[1:])); table.Number() > last && rows != nil {
				t.Errorf("%s has %s", table.Name(), rows[0].Grammar())
			} else if table.Number() == last && rows == nil {
				t.Errorf("%s lacks %s", table.Name(), verb)
			}
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
	for _, name := range []string{"MSNP1", "MSNP22", "MSNP02", "MSNP", "foo", ""} {
		if got := dialect.Lookup(name); got != nil {
			t.Errorf("Lookup(%q) = %v, want nil", name, got.Name())
		}
	}
	for i, table := range dialect.All() {
		if name := fmt.Sprint("mSnP", i+2); dialect.Lookup(name) != table || table.Number() != i+2 {
			t.Errorf("Lookup(%s) is not table %d, or that is %s", name, i, table.Name())
		}
	}
	if got := dialect.Lookup("MSNP5").Of(decode.FromServer, decode.V("BPR")); len(got) != 1 {
		t.Errorf("MSNP5 has %d rows for BPR, want 1", len(got))
	}
}

// TestSpeaker checks that a message counts as the server's own only if the server sends it in its
// own name.
func TestSpeaker(t *testing.T) {
	for _, tc := range []struct {
		line string
		role dialect.Role
		want bool
	}{
		{"MSG Hotmail Hotmail 0\r\n", dialect.NS, true},
		{"MSG hotmail x 0\r\n", dialect.NS, true},
		{"MSG Hotmail Hotmail 0\r\n", dialect.SB, false},
		{"MSG Hotmail Hotmail 0\r\n", dialect.DS, false},
		{"MSG Hotmail Hotmail 0\r\n", 0, false}, // the server may be a switchboard
		{"MSG Hotmail@hotmail.com Hotmail 0\r\n", dialect.NS, false},
		{"MSG bob@hotmail.com Hotmail 0\r\n", dialect.NS, false},
		{"XFR 2 NS 10.0.0.5\r\n", 0, true},
		{"XFR 2 NS 10.0.0.5\r\n", dialect.SB, true},
		{"RNG 1 10.0.0.9 CKI 8.9 bob@hotmail.com Bob\r\n", dialect.NS, true},
		{"NLN NLN bob@hotmail.com 10.0.0.5\r\n", dialect.NS, false},
	} {
		for _, table := range dialect.All() {
			m := decode.Parse([]byte(tc.line), decode.FromServer, table.At(tc.role))
			row := table.Match(decode.FromServer, dialect.Any, &m)
			if got := row.Orders(tc.role, &m); got != tc.want {
				t.Errorf("%s: %q at %s is an order: %v, want %v", table.Name(), tc.line, tc.role, got, tc.want)
			}
		}
	}
}
