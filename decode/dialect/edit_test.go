package dialect_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// parse frames one command and returns it with its row in the table.
func parse(t *testing.T, table *dialect.Table, dir decode.Dir, roles dialect.Role, raw string) (decode.Message,
	*dialect.Row,
) {
	t.Helper()
	m := decode.Parse([]byte(raw), dir, table.At(roles))
	row := table.Match(dir, roles, &m)
	if row == nil {
		t.Fatalf("no row for %q", raw)
	}
	return m, row
}

// TestApply checks that Apply changes what the edit names, and nothing else.
func TestApply(t *testing.T) {
	for _, tc := range []struct {
		name, raw string
		dir       decode.Dir
		role      dialect.Role
		edit      dialect.Edit
		want      string // or a part of the error after "!"
	}{
		{"nothing", "CHG  8\tNLN \n", decode.FromClient, dialect.NS, dialect.Edit{}, "CHG  8\tNLN \n"},
		{
			"an argument", "CHG  8\tNLN \n", decode.FromClient, dialect.NS,
			dialect.Edit{Args: map[string]string{"State": "BSY"}},
			"CHG  8\tBSY \n",
		},
		{
			"all words of an argument that repeats", "VER 1  MSNP7 MSNP6\tCVR0 \r\n", decode.FromServer, dialect.NS,
			dialect.Edit{Args: map[string]string{"DialectName": "MSNP5 MSNP4"}},
			"VER 1  MSNP5 MSNP4 \r\n",
		},
		{
			"an escape is text", "USR 1 OK a@b.c A\r\n", decode.FromServer, dialect.SB,
			dialect.Edit{Args: map[string]string{"FriendlyName": "1%3A é"}},
			"USR 1 OK a@b.c 1%253A%20%C3%A9\r\n",
		},
		{
			"an escape stays", "USR 1 OK a@b.c A\r\n", decode.FromServer, dialect.SB,
			dialect.Edit{Args: map[string]string{"FriendlyName": "1%3A é 5%"}, KeepEscapes: true},
			"USR 1 OK a@b.c 1%3A%20%C3%A9%205%25\r\n",
		},
		{
			"the TrID", "CHG  008 NLN\r\n", decode.FromClient, dialect.NS,
			dialect.Edit{Args: map[string]string{"TrID": "4294967295"}},
			"CHG  4294967295 NLN\r\n",
		},
		{
			"both", "CHG 8 NLN\r\n", decode.FromClient, dialect.NS,
			dialect.Edit{Args: map[string]string{"State": "AWY", "TrID": "9"}},
			"CHG 9 AWY\r\n",
		},
		{
			"a name with blanks", "ADD 9 FL bob@hotmail.com Bob\r\n", decode.FromClient, dialect.NS,
			dialect.Edit{Args: map[string]string{"CustomUserName": "Bob B. 100%"}},
			"ADD 9 FL bob@hotmail.com Bob%20B.%20100%25\r\n",
		},
		{
			"surplus words stay", "REM 9 AL bob@hotmail.com bob@hotmail.com\r\n", decode.FromClient, dialect.NS,
			dialect.Edit{Args: map[string]string{"LIST": "BL"}},
			"REM 9 BL bob@hotmail.com bob@hotmail.com\r\n",
		},
		{
			"an optional argument comes", "OUT\r\n", decode.FromServer, dialect.NS,
			dialect.Edit{Args: map[string]string{"StatusCode": "OTH"}},
			"OUT OTH\r\n",
		},
		{
			"an optional argument goes", "OUT  SSD\r\n", decode.FromServer, dialect.NS,
			dialect.Edit{Args: map[string]string{"StatusCode": ""}},
			"OUT\r\n",
		},
		{
			"a payload, and its length", "MSG 4 N 5\r\nhello", decode.FromClient, dialect.SB,
			dialect.Edit{Payload: []byte("hello, world")},
			"MSG 4 N 12\r\nhello, world",
		},
		{
			"a length that lies on purpose", "MSG 4 N 5\r\nhello", decode.FromClient, dialect.SB,
			dialect.Edit{Args: map[string]string{"Length": "7"}},
			"MSG 4 N 7\r\nhello",
		},
		{
			"no such argument", "CHG 8 NLN\r\n", decode.FromClient, dialect.NS,
			dialect.Edit{Args: map[string]string{"Ser": "1"}},
			"!CHG has no argument Ser: its form is CHG TrID State",
		},
		{
			"no TrID", "OUT\r\n", decode.FromClient, dialect.NS,
			dialect.Edit{Args: map[string]string{"TrID": "1"}},
			"!OUT has no TrID",
		},
		{
			"no number", "CHG 8 NLN\r\n", decode.FromClient, dialect.NS,
			dialect.Edit{Args: map[string]string{"TrID": "x"}},
			`!TrID is "x"`,
		},
		{
			"must be there", "CHG 8 NLN\r\n", decode.FromClient, dialect.NS,
			dialect.Edit{Args: map[string]string{"State": ""}},
			"!CHG must have State",
		},
		{
			"no payload", "CHG 8 NLN\r\n", decode.FromClient, dialect.NS,
			dialect.Edit{Payload: []byte("x")},
			"!CHG has no payload",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m, row := parse(t, dialect.MSNP2, tc.dir, tc.role, tc.raw)
			got, err := row.Apply(&m, tc.edit)
			if wrong, ok := strings.CutPrefix(tc.want, "!"); ok {
				if err == nil || !strings.Contains(err.Error(), wrong) {
					t.Fatalf("got %q, %v, want the error %s", got, err, wrong)
				}
				return
			}
			if err != nil || string(got) != tc.want {
				t.Fatalf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

// TestApplyPayloadWithoutLength checks that a command whose line tells no length of a payload gets
// none: its receiver would take the payload for commands.
func TestApplyPayloadWithoutLength(t *testing.T) {
	all := dialect.All()
	newest := all[len(all)-1]
	for _, tc := range []struct {
		table *dialect.Table
		raw   string
		role  dialect.Role
	}{
		{dialect.MSNP2, "FIL 627\r\n", dialect.FT},
		{dialect.MSNP2, "\x00\x03\x00abc", dialect.FT},
		{newest, "ADL 5 OK\r\n", dialect.NS},
		{newest, "241 7\r\n", dialect.NS},
	} {
		m, row := parse(t, tc.table, decode.FromServer, tc.role, tc.raw)
		got, err := row.Apply(&m, dialect.Edit{Payload: []byte("x")})
		if err == nil || !strings.Contains(err.Error(), "has no payload") {
			t.Errorf("%q: got %q, %v, want the error that it has no payload", tc.raw, got, err)
		}
	}
}

// TestApplyKeepsPrefixAndPlace checks that the parts of a word around the value stay.
func TestApplyKeepsPrefixAndPlace(t *testing.T) {
	table := dialect.Lookup("MSNP18")
	m, row := parse(t, table, decode.FromServer, dialect.NS, "NLN NLN 1:bob@hotmail.com Bob 0:0\r\n")
	got, err := row.Apply(&m, dialect.Edit{Args: map[string]string{"UserHandle": "carol@hotmail.com"}})
	if want := "NLN NLN 1:carol@hotmail.com Bob 0:0\r\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// TestApplyAnyArgument sets any argument of any row to any value and checks that the value is read
// back and that the other arguments are unchanged.
func TestApplyAnyArgument(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := dialect.All() // drawn by number, since rapid prints what it draws
		table := all[rapid.IntRange(0, len(all)-1).Draw(rt, "table")]
		row := &table.Rows()[rapid.IntRange(0, len(table.Rows())-1).Draw(rt, "row")]
		g := generator{rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))}
		args := g.args(row)
		if len(args) == 0 || args[len(args)-1] == "" || row.Args[min(len(args), len(row.Args))-1].Many {
			return
		}
		var e decode.Encoder
		e.Command(g.verb(row))
		if row.TrID != dialect.None {
			e.TrID(7)
		}
		e.Arg(args...).End()
		wire, err := e.Bytes()
		if err != nil {
			rt.Fatal(err)
		}
		m := decode.Parse(wire, row.Dir, table.At(row.Roles))
		i := rapid.IntRange(0, len(args)-1).Draw(rt, "argument")
		value := rapid.StringMatching(`[ -~é]{1,20}`).Draw(rt, "value")
		for k := range i { // a name that occurs twice means the first argument
			if row.Args[k].Name == row.Args[i].Name {
				return
			}
		}
		out, err := row.Apply(&m, dialect.Edit{Args: map[string]string{row.Args[i].Name: value}})
		if err != nil {
			rt.Fatal(err)
		}
		got := decode.Parse(out, row.Dir, table.At(row.Roles))
		if got.HasTrID != m.HasTrID { // a number may be a TrID now, or a serial number none any more
			return
		}
		if got.NumArgs() != m.NumArgs() {
			rt.Fatalf("%q became %q", wire, out)
		}
		for k := range got.NumArgs() {
			if k != i && string(got.Arg(k)) != string(m.Arg(k)) {
				rt.Fatalf("argument %d of %q changed: %q", k, wire, out)
			}
		}
		if !strings.Contains(decode.Unescape(string(got.Arg(i))), value) {
			rt.Fatalf("argument %d of %q is not %q: %q", i, wire, value, out)
		}
	})
}

// TestCheck checks that the error names each mistake.
func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		raw  string
		dir  decode.Dir
		role dialect.Role
		want string // a part of the error, "" for none
	}{
		{"CHG 8 NLN\r\n", decode.FromClient, dialect.NS, ""},
		{"CHG 8 NLN\r\n", decode.FromClient, 0, ""},
		{"CHG 8 XXX\r\n", decode.FromClient, dialect.NS, `State is "XXX"`},
		{"CHG 8\r\n", decode.FromClient, dialect.NS, "the number of arguments is 0: the form is CHG TrID State"},
		{"CHG NLN\r\n", decode.FromClient, dialect.NS, "the TrID"},
		{"CHG 8 NLN 1 2\r\n", decode.FromClient, dialect.NS, "the number of arguments is 3"},
		{"CHG 8 NLN\r\n", decode.FromClient, dialect.SB, "MSNP2 has no CHG to the SB"},
		{"NLN NLN a@hotmail.com A\r\n", decode.FromClient, dialect.NS, "MSNP2 has no NLN to the NS"},
		{"UUX 8 0\r\n", decode.FromClient, dialect.NS, "MSNP2 has no UUX"},
		{"nonsense\r\n", decode.FromClient, dialect.NS, "not a command"},
		{"217 4\r\n", decode.FromServer, dialect.SB, ""},
	} {
		m := decode.Parse([]byte(tc.raw), tc.dir, dialect.MSNP2.At(tc.role))
		err := dialect.MSNP2.Check(tc.dir, tc.role, &m)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Check(%q, %s): %v, want %q", tc.raw, tc.role, err, tc.want)
		}
	}
}
