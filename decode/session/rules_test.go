package session_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// TestRulesFitTheirCommands: rules go by arguments; in no dialect may one fit a command that means something else.
func TestRulesFitTheirCommands(t *testing.T) {
	want := []string{
		"USR", "LST", "ADC ADD", "REM", "REA", "ILN NLN", "CHG", "LST", "FLN", "BLP GTC IMS", "BPR PRP", "SYN", "SYN", "ADL RML", "ADL RML", "ADL RML", // at a notification server
		"USR", "IRO JOI MSG", "BYE", "CAL", "ANS", "CAL",
	}
	got := make([]string, len(want))
	for i := range got {
		var all []string
		for _, table := range dialect.All() {
			all = append(all, session.Rules(table)[i]...)
		}
		slices.Sort(all)
		got[i] = strings.Join(slices.Compact(all), " ")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands by rule (-want +got):\n%s", diff)
	}
}

// TestChainsNameCommands: a cause or effect that no dialect has is a slip of the pen.
func TestChainsNameCommands(t *testing.T) {
	signals := session.Signals()
	if len(signals) < 15 {
		t.Errorf("%d commands cause something or are caused", len(signals))
	}
	for verb, dir := range signals {
		if !slices.ContainsFunc(dialect.All(), func(x *dialect.Table) bool { return x.Of(dir, verb) != nil }) {
			t.Errorf("no dialect has %s %s", dir, verb)
		}
	}
}

// TestNameOfLaterDialects: from MSNP10 on the user's own name is a property.
func TestNameOfLaterDialects(t *testing.T) {
	s := session.NewState()
	for _, e := range newTape().play(t, `
		c S: VER 1 MSNP10\r\n
		c S: USR 2 OK a@b.c 1 0\r\n
		c S: PRP PHH 555\r\n
		c S: PRP 4 MFN Alice%20L\r\n`) {
		s.Apply(e)
	}
	if u := s.User("a@b.c"); u == nil || u.Name != "Alice%20L" {
		t.Errorf("the user is %+v", u)
	}
}

// TestListsOfLaterDialects: one line a contact, with all its lists.
func TestListsOfLaterDialects(t *testing.T) {
	for _, tc := range []struct{ name, script, fl, rl string }{
		{"8", `
			c S: VER 1 MSNP8\r\n
			c S: USR 2 OK a@b.c A 1 0\r\n
			c S: SYN 3 27 2 1\r\n
			c S: BLP AL\r\n
			c S: LST d@e.f D 11 0\r\n
			c S: LST g@h.i G 8\r\n`, "27 [{d@e.f D}] true", "[{d@e.f D} {g@h.i G}]"},
		{"8, half of them", `
			c S: VER 1 MSNP8\r\n
			c S: USR 2 OK a@b.c A 1 0\r\n
			c S: SYN 3 27 2 1\r\n
			c S: LST d@e.f D 11 0\r\n`, "27 [{d@e.f D}] false", "[{d@e.f D}]"},
		{"8, the client has them", `
			c S: VER 1 MSNP8\r\n
			c S: USR 2 OK a@b.c A 1 0\r\n
			c S: SYN 3 27\r\n`, "27 [] false", "[]"},
		{"7, out of one group of two", `
			c S: VER 1 MSNP7\r\n
			c S: USR 2 OK a@b.c A 1\r\n
			c S: LST 3 FL 27 1 1 d@e.f D 0,1\r\n
			c S: REM 4 FL 28 d@e.f 1\r\n`, "28 [{d@e.f D}] true", "[]"},
		{"12, and one is removed by its number", `
			c S: VER 1 MSNP12\r\n
			c S: USR 2 OK a@b.c 1 0\r\n
			c S: SYN 3 2004-07-29T17:43 2004-07-28T02:03 2 0\r\n
			c S: LST N=d@e.f F=D C=7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9 11 1\r\n
			c S: LST N=g@h.i F=G C=8e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9 3 1\r\n
			c S: REM 4 FL 7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9\r\n
			c S: ADC 5 RL N=x@y.z F=X\r\n`, "2004-07-29T17:43 [{1:g@h.i G  8e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9}] true", "[{1:d@e.f D  7e1571b7-cd8b-4bd4-9c40-2c1bd0eb53a9} {x@y.z X}]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			u := replayed(t, tc.script).User("a@b.c")
			fl, whole := u.List("FL")
			rl, _ := u.List("RL")
			got := []any{u.Serial, named(fl), whole, named(rl)}
			if s := strings.TrimSpace(sprint(got[:3]...)); s != tc.fl || sprint(got[3]) != tc.rl {
				t.Errorf("got %s, RL %s; want %s, RL %s", s, sprint(got[3]), tc.fl, tc.rl)
			}
		})
	}
}

// TestPresenceOfLaterDialects: more words about a contact's client, a network before the handle, a place behind it.
func TestPresenceOfLaterDialects(t *testing.T) {
	p := newTape()
	p.play(t, `
		c S: VER 1 MSNP18\r\n
		c S: USR 2 OK a@b.c 1 0\r\n
		c S: CHG 3 BSY 2788999228:48 0\r\n
		c S: NLN AWY 1:d@e.f D 2788999228:48 0\r\n
		c S: NLN NLN 1:g@h.i G 2788999228:48 0\r\n
		c S: FLN 1:d@e.f 0:0\r\n
		c S: RNG 5 10.0.0.9 CKI 1.2 d@e.f D U messenger.msn.com 1\r\n
		s C: ANS 1 a@b.c;{b0a9c2e0-13a2-4d3f-9b77-2f9c46b1a001} 1.2 5\r\n
		s S: IRO 1 1 1 d@e.f;{b0a9c2e0-13a2-4d3f-9b77-2f9c46b1a002} D 2788999228:48\r\n
		s S: ANS 1 OK\r\n`)
	s := p.timeline().Now()
	u := s.User("a@b.c")
	if got := sprint(u.State, named(u.Contacts())); got != "BSY [{1:d@e.f D FLN} {1:g@h.i G NLN}]" {
		t.Errorf("presence: %s", got)
	}
	if got := talks(s); got != "5 [2] [{d@e.f D} {a@b.c }] []" {
		t.Errorf("talk: %s", got)
	}
}
