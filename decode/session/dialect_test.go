package session_test

import (
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

func TestDialect(t *testing.T) {
	for _, tc := range []struct {
		name, script, conn string
		dialect, table     string
		inferred           bool
	}{
		{"told", "c C: VER 1 MSNP5 MSNP4 CVR0\\r\\n\nc S: VER 1 MSNP4 CVR0\\r\\n", "c", "MSNP4", "MSNP4", false},
		{"in lower case", "c S: VER 1 msnp4\\r\\n", "c", "MSNP4", "MSNP4", false},
		{"after the other word", "c S: VER 1 CVR0 MSNP4\\r\\n", "c", "MSNP4", "MSNP4", false},
		{"a later one than all known", "c S: VER 1 msnp22\\r\\n", "c", "MSNP22", "MSNP21", false},
		{"an earlier one than all known", "c S: VER 1 MSNP1\\r\\n", "c", "MSNP1", "MSNP2", false},
		{"refused", "c C: VER 1 MSNP1\\r\\n\nc S: VER 1 0\\r\\n", "c", "", "MSNP2", false},
		{"refused, with what there is", "c S: VER 1 0 MSNP3 MSNP2\\r\\n", "c", "", "MSNP2", false},
		{"none", "c S: VER 1 CVR0\\r\\n", "c", "", "MSNP2", false},
		{"not a number", "c S: VER 1 MSNPx\\r\\n", "c", "", "MSNP2", false},
		{
			"asked, and no answer awaited", "c C: VER 1 MSNP15 MSNP14 CVR0\\r\\n\nc C: USR 3 SSO I a@b.c\\r\\n", "c",
			"MSNP15", "MSNP15", true,
		},
		{
			"asked, no answer awaited, then another one told",
			"c C: VER 1 MSNP15\\r\\n\nc C: USR 3 SSO I a@b.c\\r\\n\nc S: VER 1 MSNP12 CVR0\\r\\n",
			"c", "MSNP12", "MSNP12", false,
		},
		{
			"asked, no answer awaited, then refused",
			"c C: VER 1 MSNP15\\r\\n\nc C: USR 3 SSO I a@b.c\\r\\n\nc S: VER 1 0\\r\\n", "c", "", "MSNP2", false,
		},
		{"no VER, nothing that the draft does not have", "c C: USR 2 MD5 I a@b.c\\r\\n", "c", "", "MSNP2", false},
		{"from the middle", "c S: NLN NLN a@b.c A 268435488\\r\\n", "c", "MSNP8", "MSNP8", true},
		{
			"told after all", "c S: NLN NLN a@b.c A 268435488\\r\\n\nc S: VER 3 MSNP9\\r\\n", "c", "MSNP9", "MSNP9",
			false,
		},
		{"concluded, then not asked again", "c C: OUT\\r\\n", "c", "", "MSNP2", false},
		{
			"the switchboard speaks what the notification server does",
			"c S: VER 1 MSNP9\\r\\n\nc S: USR 2 OK a@b.c A 1 0\\r\\n\nc S: XFR 3 SB 10.0.0.9 CKI 1.2\\r\\n\ns C: " +
				"USR 1 " +
				"a@b.c 1.2\\r\\n", "s", "MSNP9", "MSNP9", false,
		},
		{
			"the same where no table is for it",
			"c S: VER 1 MSNP22\\r\\n\nc S: USR 2 OK a@b.c A\\r\\n\nc S: RNG 5 10.0.0.9 CKI 1.2 d@e.f D\\r\\n\ns C: " +
				"ANS " +
				"1 A@b.c 1.2 5\\r\\n", "s", "MSNP22", "MSNP21", false,
		},
		{
			"what is concluded too",
			"c C: USR 2 TWN I a@b.c\\r\\n\nc S: NLN NLN d@e.f D 32 0\\r\\n\nc S: RNG 5 10.0.0.9 CKI 1.2 d@e.f " +
				"D\\r\\n\ns C: ANS 1 a@b.c 1.2 5\\r\\n", "s", "MSNP9", "MSNP9", true,
		},
		{
			"the notification server speaks what the dispatch server did if no VER asks for more",
			"c S: VER 1 MSNP7\\r\\n\nc C: USR 2 MD5 I a@b.c\\r\\n\nc S: XFR 2 NS 10.0.0.9 0\\r\\n\nn C: USR 3 MD5 I " +
				"A@b.c\\r\\n", "n", "MSNP7", "MSNP7", false,
		},
		{
			"and what it is told if one does",
			"c S: VER 1 MSNP7\\r\\n\nc C: USR 2 MD5 I a@b.c\\r\\n\nc S: XFR 2 NS 10.0.0.9 0\\r\\n\n" +
				"n S: VER 1 MSNP5\\r\\n\nn C: USR 3 MD5 I a@b.c\\r\\n", "n", "MSNP5", "MSNP5", false,
		},
		{
			"and the switchboard adds to it",
			"c C: USR 2 TWN I a@b.c\\r\\n\nc S: RNG 5 10.0.0.9 CKI 1.2 d@e.f D\\r\\n\ns C: ANS 1 a@b.c 1.2 " +
				"5\\r\\n\ns " +
				"S: JOI d@e.f D 32\\r\\n", "s", "MSNP12", "MSNP12", true,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPlayer()
			events := p.play(t, tc.script)
			c, e := p.conns[tc.conn], events[len(events)-1]
			if c.Dialect() != tc.dialect || c.Grammar().Name() != tc.table || c.Inferred() != tc.inferred {
				t.Errorf("got %q, table %s, inferred %v; want %q, table %s, inferred %v",
					c.Dialect(), c.Grammar().Name(), c.Inferred(), tc.dialect, tc.table, tc.inferred)
			}
			if e.Dialect != tc.dialect || e.Inferred != tc.inferred || session.Table(e.Dialect).Name() != tc.table {
				t.Errorf("the event has %q, inferred %v, table %s", e.Dialect, e.Inferred,
					session.Table(e.Dialect).Name())
			}
		})
	}
}

// TestFramingKnowsTheRole checks that from MSNP13 on an error may have a payload, but not at a
// switchboard.
func TestFramingKnowsTheRole(t *testing.T) {
	for role, want := range map[string]string{
		"c S: XFR 3 SB 10.0.0.9 CKI 1.2\\r\\n": "<ml/>",
		"c C: ANS 1 a@b.c 1.2 5\\r\\n":         "",
	} {
		p := newPlayer()
		p.play(t, role+"\nc S: VER 1 MSNP15\\r\\n")
		r := decode.NewReader(decode.FromServer, p.conns["c"].Framing())
		r.Feed([]byte("241 7 5\r\n<ml/>"))
		var m decode.Message
		if r.Next(&m); string(m.Payload()) != want {
			t.Errorf("after %s an error with a number has the payload %q, want %q", role, m.Payload(), want)
		}
	}
}

// TestVia checks that each referral leads to the connection for which it was meant.
func TestVia(t *testing.T) {
	for _, tc := range []struct {
		name, script string
		want         map[string]int
	}{
		{"moved in mid-session", `
			ns C: USR 1 MD5 I a@b.c\r\n
			ns S: USR 1 OK a@b.c A\r\n
			ns S: XFR 0 NS 10.0.0.6:1863\r\n
			ns2 C: VER 1 MSNP2\r\n
			ns2 C: USR 2 MD5 I A@B.c\r\n`, map[string]int{"ns": 0, "ns2": 1}},
		{"moved with the present address", `
			ns C: USR 1 MD5 I a@b.c\r\n
			ns S: XFR 1 NS 10.0.0.6:1863 0 10.0.0.5:1863\r\n
			ns2 C: USR 2 MD5 I a@b.c\r\n`, map[string]int{"ns2": 1}},
		{"begin again here", `
			ns C: USR 1 MD5 I a@b.c\r\n
			ns S: XFR 1 NS 0\r\n
			ns2 C: USR 2 MD5 I a@b.c\r\n`, map[string]int{"ns": 0, "ns2": 0}},
		{"one cookie, two connections", `
			ns C: USR 1 MD5 I a@b.c\r\n
			ns S: XFR 2 SB 10.0.0.9 CKI 1.2\r\n
			s1 C: USR 1 a@b.c 1.2\r\n
			s2 C: USR 1 A@b.c 1.2\r\n`, map[string]int{"s1": 1, "s2": 1}},
		{"another user's cookie", `
			ns C: USR 1 MD5 I a@b.c\r\n
			ns S: XFR 2 SB 10.0.0.9 CKI 1.2\r\n
			s1 C: USR 1 d@e.f 1.2\r\n`, map[string]int{"s1": 0}},
		{"the same cookie twice: the latest", `
			ns C: USR 1 MD5 I a@b.c\r\n
			ns S: XFR 2 SB 10.0.0.9 CKI 1.2\r\n
			ns2 C: USR 1 MD5 I a@b.c\r\n
			ns2 S: XFR 2 SB 10.0.0.9 CKI 1.2\r\n
			s1 C: USR 1 a@b.c 1.2\r\n`, map[string]int{"s1": 2}},
		{"a place is no part of the user", `
			ns C: USR 1 SSO I a@b.c\r\n
			ns S: XFR 2 SB 10.0.0.9 CKI 1.2\r\n
			s1 C: USR 1 a@b.c;{b0a9c2e0-13a2-4d3f-9b77-2f9c46b1a001} 1.2\r\n`, map[string]int{"s1": 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPlayer()
			p.play(t, tc.script)
			for name, want := range tc.want {
				if got := p.conns[name].Via(); got != want {
					t.Errorf("%s was led here by connection %d, want %d", name, got, want)
				}
			}
		})
	}
}
