package dialect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// carriers holds the commands that have a payload in some dialect, with the rule that says whether
// it may be missing.
var carriers = map[decode.Dir]map[string]decode.Payload{
	decode.FromClient: {
		"MSG": decode.LastArg, "SDC": decode.LastArg, "PAG": decode.LastArg, "QRY": decode.LastArg,
		"PGD": decode.LastArg, "UUX": decode.LastArg,
		"ADL": decode.LastArg, "RML": decode.LastArg, "UUN": decode.ThirdArgIfNumeric, "FQY": decode.LastArg,
		"UUM": decode.LastArg,
		"PUT": decode.LastArg, "DEL": decode.LastArg, "SDG": decode.LastArg, "VAS": decode.LastArg,
	},
	decode.FromServer: {
		"MSG": decode.LastArg, "NOT": decode.LastArg, "IPG": decode.LastArg, "GCF": decode.LastArg,
		"UBX": decode.LastArg, "UUX": decode.LastArg,
		"ADL": decode.LastArgIfNumeric, "RML": decode.LastArgIfNumeric, "UUN": decode.LastArgIfNumeric,
		"UBN": decode.LastArg,
		"FQY": decode.LastArg, "UBM": decode.LastArg, "PUT": decode.LastArg, "DEL": decode.LastArg,
		"NFY": decode.LastArg,
		"SDG": decode.LastArgIfNumeric,
	},
}

// TestPayloadsByDialect checks that in every dialect, and at every kind of server, these commands
// have a payload and no others do: a client that uses one too early, or still, means the same by
// it. Only errors depend on both: they have one from MSNP13 on, from notification servers.
func TestPayloadsByDialect(t *testing.T) {
	verbs := map[string]bool{"ZZZ": true}
	for _, table := range dialect.All() {
		for _, row := range table.Rows() {
			verbs[strings.Replace(row.Verb, "###", "911", 1)] = true
		}
	}
	for _, table := range dialect.All() {
		for _, role := range []dialect.Role{0, dialect.DS, dialect.NS, dialect.SB, dialect.Any} {
			for verb := range verbs {
				for dir, rules := range carriers {
					want := rules[verb]
					if verb == "911" && dir == decode.FromServer && table.Number() >= 13 && role == dialect.NS {
						want = decode.OnlyArgIfNumeric
					}
					if got := table.At(role).Shape(dir, decode.V(verb)).Payload; got != want {
						t.Errorf("%s %s at %q: rule %d for %s, want %d", table.Name(), dir, role, got, verb, want)
					}
				}
			}
		}
	}
}

// summary returns how a message was framed, in one line.
func summary(m *decode.Message) string {
	if m.Opaque() {
		return fmt.Sprintf("opaque %q", m.Raw)
	}
	s := m.Verb.String()
	if m.HasTrID {
		s += fmt.Sprintf(" #%d", m.TrID)
	}
	for i := range m.NumArgs() {
		s += " " + string(m.Arg(i))
	}
	if m.Payload() != nil {
		s += fmt.Sprintf(" + %d", len(m.Payload()))
	}
	return s
}

func TestFraming(t *testing.T) {
	policies := strings.Repeat("<Policies/>", 600)
	for _, tc := range []struct {
		name, dialect string
		role          dialect.Role
		dir           decode.Dir
		stream        string
		want          []string
	}{
		{
			"numbers that are no lengths", "MSNP9", dialect.NS, 'S',
			"QNG 60\r\nQRY 10\r\nCHL 0 15570131571988941333\r\nSYN 8 1 5 4\r\nSBS 0 null\r\nLSG 0 Friends 0\r\n",
			[]string{
				"QNG 60", "QRY #10", "CHL #0 15570131571988941333", "SYN #8 1 5 4", "SBS #0 null",
				"LSG 0 Friends 0",
			},
		},
		{
			"numbers at a switchboard", "MSNP2", dialect.SB, 'S',
			"ACK 4\r\nCAL 2 RINGING 11752013\r\nNAK 5\r\nIRO 1 1 1 a@b.c A\r\n",
			[]string{"ACK #4", "CAL #2 RINGING 11752013", "NAK #5", "IRO #1 1 1 a@b.c A"},
		},
		{
			"the answer to SYN of MSNP8 has no TrID", "MSNP8", dialect.NS, 'S',
			"GTC A\r\nBLP AL\r\nPRP PHH 01%20234\r\nLST a@b.c A 11 0,1\r\nBPR MOB Y\r\nGTC 9 28 N\r\n",
			[]string{"GTC A", "BLP AL", "PRP PHH 01%20234", "LST a@b.c A 11 0,1", "BPR MOB Y", "GTC #9 28 N"},
		},
		{
			"GCF of a client", "MSNP11", dialect.NS, 'C', "GCF 6 Shields.xml\r\nOUT\r\n",
			[]string{"GCF #6 Shields.xml", "OUT"},
		},
		{
			"six KB of GCF before the answer to USR", "MSNP15", dialect.NS, 'S',
			fmt.Sprintf("GCF 0 %d\r\n%sUSR 3 SSO S MBI_KEY_OLD nonce\r\n", len(policies), policies),
			[]string{fmt.Sprintf("GCF #0 %d + %[1]d", len(policies)), "USR #3 SSO S MBI_KEY_OLD nonce"},
		},
		{
			"ADL and UUX", "MSNP13", dialect.NS, 'S', "ADL 9 OK\r\nADL 0 5\r\n<ml/>UUX 10 0\r\nRML 11 OK\r\n",
			[]string{"ADL #9 OK", "ADL #0 5 + 5", "UUX #10 0", "RML #11 OK"},
		},
		{
			"UUN of a client with and without a length", "MSNP14", dialect.NS, 'C',
			"UUN 9 bob@hotmail.com 1\r\nUUN 10 bob@hotmail.com 1 5\r\nhelloOUT\r\n",
			[]string{"UUN #9 bob@hotmail.com 1", "UUN #10 bob@hotmail.com 1 5 + 5", "OUT"},
		},
		{
			"UUN and UBN of a server", "MSNP14", dialect.NS, 'S',
			"UUN 9 OK\r\nUBN bob@hotmail.com 5 5\r\nhelloUUN 10 2\r\nhi",
			[]string{"UUN #9 OK", "UBN bob@hotmail.com 5 5 + 5", "UUN #10 2 + 2"},
		},
		{"a notice", "MSNP5", dialect.NS, 'S', "NOT 7\r\n<NOT/>\nBYE a@b.c\r\n", []string{"NOT 7 + 7", "BYE a@b.c"}},
		{
			"errors with a document", "MSNP13", dialect.NS, 'S', "241 7 5\r\n<ml/>241 7\r\n911\r\n200 8 text\r\n",
			[]string{"241 #7 5 + 5", "241 #7", "911", "200 #8 text"},
		},
		{"errors of old", "MSNP12", dialect.NS, 'S', "241 7 5\r\nOUT\r\n", []string{"241 #7 5", "OUT"}},
		{"errors of a switchboard", "MSNP18", dialect.SB, 'S', "217 7 5\r\nACK 8\r\n", []string{"217 #7 5", "ACK #8"}},
		{"errors of nobody knows whom", "MSNP18", 0, 'S', "217 7 5\r\nACK 8\r\n", []string{"217 #7 5", "ACK #8"}},
		{
			"wrapped documents", "MSNP18", dialect.NS, 'S', "NFY PUT 5\r\nhelloPUT 9 OK 0\r\nSDG 0 2\r\nhiSDG 9 OK\r\n",
			[]string{"NFY PUT 5 + 5", "PUT #9 OK 0", "SDG #0 2 + 2", "SDG #9 OK"},
		},
		{
			"a switchboard that no longer is", "MSNP21", dialect.SB, 'C',
			"USR 1 a@b.c 17.42\r\nMSG 2 N 5\r\nhelloOUT\r\n",
			[]string{"USR #1 a@b.c 17.42", "MSG #2 N 5 + 5", "OUT"},
		},
		{
			"a ring that no longer is", "MSNP21", dialect.NS, 'S',
			"RNG 11752013 10.0.0.9:1863 CKI 8.9 a@b.c A U m 1\r\n",
			[]string{"RNG 11752013 10.0.0.9:1863 CKI 8.9 a@b.c A U m 1"},
		},
		{
			"lists that no longer are", "MSNP15", dialect.NS, 'S',
			"LSG Friends 5\r\nSYN 7 1 2 3\r\nADC 9 FL N=a@b.c\r\n",
			[]string{"LSG Friends 5", "SYN #7 1 2 3", "ADC #9 FL N=a@b.c"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := decode.NewReader(tc.dir, dialect.Lookup(tc.dialect).At(tc.role))
			r.Feed([]byte(tc.stream))
			var got []string
			var m decode.Message
			for r.Next(&m) || r.Flush(&m) {
				got = append(got, summary(&m))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAtDoesNotAllocate(t *testing.T) {
	table := dialect.Lookup("MSNP18")
	if n := testing.AllocsPerRun(100, func() {
		for _, role := range []dialect.Role{0, dialect.DS, dialect.NS, dialect.SB} {
			if table.At(role) != table.At(role) {
				t.Error("two grammars for one role")
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
