package dialect_test

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

func TestEvidence(t *testing.T) {
	for _, tc := range []struct {
		name, said string // lines that begin with C: or S:, separated by |
		want       string // the oldest dialect that fits, with ! if it is sure
	}{
		{"nothing", "", ""},
		{"what all dialects say", "C:OUT|S:MSG Hotmail Hotmail 0|C:URL 5 INBOX", ""},
		{"what no dialect says", "C:ZZZ 1|S:NLN NLN|S:\r", ""},
		{"the draft's presence", "S:NLN AWY bob@hotmail.com Bob", "MSNP2"},
		{"properties", "S:PRP 10 12 PHH 555", "MSNP5"},
		{"groups", "S:LSG 7 12 1 2 0 Friends 0", "MSNP7!"},
		{"the short answer to SYN", "S:LSG 0 Friends 0|S:GTC A|S:LST bob@hotmail.com Bob 11 0", "MSNP8"},
		{"the same and a page", "S:LSG 0 Friends 0|C:PAG 9 bob@hotmail.com 0", "MSNP8!"},
		{"capabilities", "C:CHG 8 NLN 268435488", "MSNP8"},
		{"a picture", "C:CHG 8 NLN 268435488 %3Cmsnobj%2F%3E", "MSNP9"},
		{"words that say what they are", "S:LST N=bob@hotmail.com F=Bob 8", "MSNP10"},
		{"ADC", "C:ADC 16 FL N=bob@hotmail.com F=Bob", "MSNP10"},
		{"ADC and a personal message", "C:ADC 16 FL N=bob@hotmail.com F=Bob|S:UBX bob@hotmail.com 0", "MSNP11"},
		{
			"that and networks",
			"C:ADC 16 FL N=bob@hotmail.com|S:UBX bob@hotmail.com 0|S:LST N=bob@hotmail.com F=Bob C=1-2 11 1 3-4",
			"MSNP12!",
		},
		{"capabilities at a switchboard", "S:IRO 1 1 1 bob@hotmail.com Bob 268435488", "MSNP12"},
		{"the same with a JOI", "S:JOI bob@hotmail.com Bob 268435488", "MSNP12"},
		{"lists of a web service", "S:ADL 9 OK", "MSNP13"},
		{"networks of contacts", "S:NLN AWY bob@hotmail.com 1 Bob 268435488 0", "MSNP14"},
		{"a logon with a key", "C:USR 4 SSO S t=x response", "MSNP15"},
		{"places", "C:USR 1 alice@hotmail.com;{b0a9c2e0} 17.42", "MSNP16"},
		{"two capabilities", "S:JOI bob@hotmail.com Bob 2788999228:48", "MSNP16"},
		{"networks before handles", "S:NLN AWY 1:bob@hotmail.com Bob 2788999228:48 0", "MSNP18!"},
		{"hops", "C:CVR 2 0x0409 winnt 6.1 i386 MSNMSGR 15.4 MSNMSGR alice@hotmail.com VmVy", "MSNP21!"},
		{"one who contradicts himself", "S:NLN AWY 1:bob@hotmail.com Bob 2788999228:48 0|C:SYN 7 0", "MSNP2"},
		{"one alone fits most", "C:PAG 9 a@b.c 0|S:LSG 0 Friends 0|S:IRO 1 1 1 a@b.c A 32", "MSNP8"},
		{"most of it counts", "S:IRO 1 1 1 a@b.c A 32|S:JOI b@b.c B 32|S:PRP 10 12 PHH 555", "MSNP12"},
	} {
		var e dialect.Evidence
		for _, said := range strings.Split(tc.said, "|") {
			if said == "" {
				continue
			}
			dir := decode.Dir(said[0])
			m := decode.Parse([]byte(said[2:]), dir, dialect.MSNP2)
			e.Add(dir, dialect.Any, &m)
		}
		table, sure := e.Best()
		got := ""
		if table != nil {
			got = table.Name()
		}
		if sure {
			got += "!"
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestEvidenceOfExamples checks that no dialect is excluded by its own examples, whatever grammar
// they were parsed with.
func TestEvidenceOfExamples(t *testing.T) {
	for i, table := range dialect.All() {
		for _, row := range table.Rows() {
			grammars := []decode.Grammar{table.At(row.Roles), dialect.MSNP2, decode.Plain{}}
			if row.Payload == decode.OneBlock {
				grammars = grammars[:1] // no other frames a block
			}
			for _, g := range grammars {
				m := decode.Parse([]byte(row.Example), row.Dir, g)
				if dialect.Fits(row.Dir, row.Roles, &m)>>i&1 == 0 {
					t.Errorf("%s: %q framed by %T does not fit", table.Name(), row.Example, g)
				}
			}
		}
	}
}

func TestValue(t *testing.T) {
	for _, tc := range []struct {
		arg        dialect.Arg
		word, want string
	}{
		{dialect.Arg{Kind: dialect.Handle, Prefix: "N="}, "N=bob@hotmail.com", "bob@hotmail.com"},
		{
			dialect.Arg{Kind: dialect.Handle, Pattern: dialect.MaybeAtEndpoint},
			"bob@hotmail.com;{b0a9}",
			"bob@hotmail.com",
		},
		{dialect.Arg{Kind: dialect.Self, Pattern: dialect.AtEndpoint}, "bob@hotmail.com", "bob@hotmail.com"},
		{
			dialect.Arg{Kind: dialect.Handle, Pattern: dialect.Networked},
			"9:circle@live.com;via=1:bob@hotmail.com",
			"circle@live.com",
		},
		{dialect.Arg{Kind: dialect.Handle}, "tel:+15551234", "tel:+15551234"},
		{dialect.Arg{Kind: dialect.Flags, Pattern: dialect.Paired}, "2788999228:48", "2788999228:48"},
	} {
		if got := string(tc.arg.Value([]byte(tc.word))); got != tc.want {
			t.Errorf("the value of %q is %q, want %q", tc.word, got, tc.want)
		}
	}
}
