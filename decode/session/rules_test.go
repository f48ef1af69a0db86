package session_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// TestEveryEffectIsApplied checks that a State applies every effect: otherwise a command would
// silently change nothing.
func TestEveryEffectIsApplied(t *testing.T) {
	elsewhere := []dialect.Effect{dialect.NoEffect, dialect.Fails, dialect.KeepsAlive, dialect.Ends, dialect.Carries}
	for e := range dialect.Effect(dialect.NumEffects) {
		if got, want := session.Changes(e), !slices.Contains(elsewhere, e); got != want {
			t.Errorf("effect %d: the State has code for it: %v, want %v; add a line to changes in "+
				"decode/session/apply.go", e, got, want)
		}
	}
}

// TestArgumentsAloneChangeNothing checks that a command without an effect in the table changes
// nothing, whatever its arguments are: those of FLN, which takes a contact offline, or those of any
// other row.
func TestArgumentsAloneChangeNothing(t *testing.T) {
	const script = `
		c S: VER 1 MSNP2\r\n
		c S: USR 2 OK a@b.c A\r\n
		c S: CHG 3 NLN\r\n
		c S: LST 4 FL 5 1 1 d@e.f D\r\n
		c S: ILN 3 NLN d@e.f D\r\n
		s C: USR 1 a@b.c 1.1\r\n
		s S: USR 1 OK a@b.c A\r\n
		s S: JOI d@e.f D\r\n`
	rows := []dialect.Row{{
		Verb: "WAV", Dir: decode.FromServer, Roles: dialect.NS, TrID: dialect.Echo,
		Args: []dialect.Arg{{Name: "UserHandle", Kind: dialect.Handle}}, Example: "WAV 5 d@e.f\r\n",
	}}
	for _, table := range dialect.All() {
		for _, r := range table.Rows() {
			if r.Verb != "###" {
				rows = append(rows, dialect.Row{
					Verb: "WAV", Dir: r.Dir, Roles: r.Roles, TrID: r.TrID, Args: r.Args, Payload: r.Payload,
					Lists:   r.Lists,
					Example: "WAV" + r.Example[3:],
				})
			}
		}
	}
	s := replayed(t, script)
	before := describe(s)
	for i := range rows {
		for conn, role := range map[int]dialect.Role{1: dialect.NS, 2: dialect.SB} {
			row, c := &rows[i], s.Connection(conn)
			s.Apply(&session.Event{
				N: s.N + 1, Conn: conn, Role: role, User: "a@b.c", Dialect: c.Dialect, Session: c.Session, Via: c.Via,
				Dir: row.Dir, In: decode.Parse([]byte(row.Example), row.Dir, framing(*row)), Row: row,
			})
			if diff := cmp.Diff(before, describe(s)); diff != "" {
				t.Fatalf("%q at the %s changed the state (-before +after):\n%s", row.Example, role, diff)
			}
		}
	}
}

// framing is the grammar of a dialect with a single command.
type framing dialect.Row

func (f framing) Shape(decode.Dir, decode.Verb) decode.Shape {
	return decode.Shape{TrID: f.TrID != dialect.None, Payload: f.Payload}
}

func (f framing) Fits(decode.Dir, *decode.Message) bool { return true }

// TestNameOfLaterDialects checks that from MSNP10 on the user's own name is a property, in which
// one client writes + for a blank.
func TestNameOfLaterDialects(t *testing.T) {
	for word, want := range map[string]string{
		"Alice%20L": "Alice%20L", "Zo%C3%A9+L": "Zo%C3%A9%20L", "C++": "C++", "A%20+%20B+C": "A%20+%20B+C", "+": "+",
	} {
		s := replayed(t, `
			c S: VER 1 MSNP10\r\n
			c S: USR 2 OK a@b.c 1 0\r\n
			c S: PRP PHH 555\r\n
			c S: PRP 4 MFN `+word+`\r\n`)
		if u := s.User("a@b.c"); u == nil || u.Name != want {
			t.Errorf("MFN %s: the user is %+v, want %s", word, u, want)
		}
	}
}

// TestListsOfLaterDialects checks lists with one line for each contact, which contains all its
// lists.
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

// TestPresenceOfLaterDialects checks presence with more words about a contact's client, a network
// before the handle or an endpoint after it. What the server says of the user itself is no contact.
func TestPresenceOfLaterDialects(t *testing.T) {
	p := newPlayer()
	p.play(t, `
		c S: VER 1 MSNP18\r\n
		c S: USR 2 OK a@b.c 1 0\r\n
		c S: CHG 3 BSY 2788999228:48 0\r\n
		c S: NLN AWY 1:d@e.f D 2788999228:48 0\r\n
		c S: NLN NLN 1:g@h.i G 2788999228:48 0\r\n
		c S: FLN 1:d@e.f 0:0\r\n
		c S: NLN IDL 1:A@b.c Alice 2788999228:48 0\r\n
		c S: FLN 1:a@b.c 0:0\r\n
		c S: NLN BSY 32:a@b.c Yahoo 2788999228:48 0\r\n
		c S: RNG 5 10.0.0.9 CKI 1.2 d@e.f D U messenger.msn.com 1\r\n
		s C: ANS 1 a@b.c;{b0a9c2e0-13a2-4d3f-9b77-2f9c46b1a001} 1.2 5\r\n
		s S: IRO 1 1 1 d@e.f;{b0a9c2e0-13a2-4d3f-9b77-2f9c46b1a002} D 2788999228:48\r\n
		s S: ANS 1 OK\r\n`)
	s := p.timeline().Now()
	u := s.User("a@b.c")
	got := sprint(u.State, u.Name, named(u.Contacts()))
	if got != "IDL Alice [{32:a@b.c Yahoo BSY} {1:d@e.f D FLN} {1:g@h.i G NLN}]" {
		t.Errorf("presence: %s", got)
	}
	if got := talks(s); got != "5 [2] [{d@e.f D} {a@b.c }] []" {
		t.Errorf("talk: %s", got)
	}
}
