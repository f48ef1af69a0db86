package server

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/server/accounts"
)

// TestWhoSeesWhom is the matrix of §5.7 and §7.6: alice watches bob, whose privacy is set in each
// possible way. Does she see him come, change state and go, find him online when she comes or adds
// him, and can she call him?
func TestWhoSeesWhom(t *testing.T) {
	for _, blp := range []string{"AL", "BL"} {
		for _, list := range []string{"", "AL", "BL"} {
			sees := list == "AL" || list == "" && blp == "AL"
			t.Run(fmt.Sprintf("BLP %s, alice on %q", blp, list), func(t *testing.T) {
				synctestScript(t, Options{}, func(p *script) { whoSeesWhom(p, blp, list, sees) })
			})
		}
	}
}

func whoSeesWhom(p *script, blp, list string, sees bool) {
	p.run(`
		alice.ns -- online
		alice.ns C: ADD 1 FL bob@hotmail.com Bob
		alice.ns S: ADD 1 FL 2 bob@hotmail.com Bob
		bob.ns -- logon`)
	if blp == "BL" {
		p.run("bob.ns C: BLP 1 BL")
	}
	if list != "" {
		p.run("bob.ns C: ADD 2 " + list + " alice@hotmail.com Alice")
	}
	p.drop("bob.ns")
	// step has bob do something and checks whether alice sees it.
	step := func(conn, request, answer, seen string) {
		p.run(conn + " C: " + request + "\n" + conn + " S: " + answer)
		switch {
		case !sees && seen == "217 9":
			p.run("alice.sb S: 217 9")
		case !sees:
			p.run("alice.ns S: (nothing)")
		case seen != "217 9":
			p.run("alice.ns S: " + seen)
		}
	}
	step("bob.ns", "CHG 3 NLN", "CHG 3 NLN", "NLN NLN bob@hotmail.com bob")
	step("bob.ns", "CHG 4 PHN", "CHG 4 PHN", "NLN PHN bob@hotmail.com bob")
	step("bob.ns", "CHG 5 HDN", "CHG 5 HDN", "FLN bob@hotmail.com")
	step("bob.ns", "CHG 6 LUN", "CHG 6 LUN", "NLN LUN bob@hotmail.com bob")
	step("alice.ns", "REM 6 FL bob@hotmail.com", "REM 6 FL 3 bob@hotmail.com", "(nothing)")
	p.drop("bob.ns")
	step("alice.ns", "ADD 7 FL bob@hotmail.com B", "ADD 7 FL 4 bob@hotmail.com B", "ILN 7 LUN bob@hotmail.com bob")
	p.drop("bob.ns")
	p.run("alice.ns C: CHG 8 FLN\nalice.ns S: CHG 8 FLN")
	step("alice.ns", "CHG 8 IDL", "CHG 8 IDL", "ILN 8 LUN bob@hotmail.com bob")
	p.run("alice.sb -- chat\nalice.sb C: CAL 9 bob@hotmail.com")
	if sees {
		p.run("alice.sb S: CAL 9 RINGING {id}")
		p.drop("bob.ns")
	} else {
		p.run("alice.sb S: 217 9")
	}
	step("bob.ns", "OUT", "OUT", "FLN bob@hotmail.com")
}

// TestPrivacyChangesAreSeen: blocking looks like going offline, unblocking like coming (§5.7).
func TestPrivacyChangesAreSeen(t *testing.T) {
	play(t, Options{}, `
		alice.ns -- online
		carol.ns -- online
		bob.ns -- online
		alice.ns C: ADD 1 FL bob@hotmail.com Bob
		alice.ns S: ADD 1 FL 2 bob@hotmail.com Bob
		alice.ns S: ILN 1 NLN bob@hotmail.com bob
		bob.ns S: ADD 0 RL 2 alice@hotmail.com alice
		bob.ns C: ADD 1 BL alice@hotmail.com A
		bob.ns S: ADD 1 BL 3 alice@hotmail.com A
		alice.ns S: FLN bob@hotmail.com
		bob.ns C: CHG 2 AWY
		bob.ns S: CHG 2 AWY
		alice.ns S: (nothing)
		bob.ns C: REM 3 BL alice@hotmail.com
		bob.ns S: REM 3 BL 4 alice@hotmail.com
		alice.ns S: NLN AWY bob@hotmail.com bob
		bob.ns C: BLP 4 BL
		bob.ns S: BLP 4 5 BL
		alice.ns S: FLN bob@hotmail.com
		bob.ns C: ADD 5 AL alice@hotmail.com A
		bob.ns S: ADD 5 AL 6 alice@hotmail.com A
		alice.ns S: NLN AWY bob@hotmail.com bob
		bob.ns C: REM 6 AL alice@hotmail.com
		bob.ns S: REM 6 AL 7 alice@hotmail.com
		alice.ns S: FLN bob@hotmail.com
		bob.ns C: BLP 7 AL
		bob.ns S: BLP 7 8 AL
		alice.ns S: NLN AWY bob@hotmail.com bob
		bob.ns C: CHG 8 HDN
		bob.ns S: CHG 8 HDN
		alice.ns S: FLN bob@hotmail.com
		bob.ns C: BLP 9 BL
		bob.ns S: BLP 9 9 BL
		alice.ns S: (nothing)
		bob.ns C: GTC 10 N
		bob.ns S: GTC 10 10 N
		alice.ns C: REM 11 FL bob@hotmail.com
		alice.ns S: REM 11 FL 3 bob@hotmail.com
		bob.ns S: REM 0 RL 11 alice@hotmail.com
		carol.ns S: (nothing)
	`)
}

// TestFirstStateHidden: a user who signs in hidden learns who is online, and nobody learns of the
// user (§7.7, §7.9).
func TestFirstStateHidden(t *testing.T) {
	play(t, Options{}, `
		alice.ns -- online
		bob.ns -- logon
		alice.ns C: ADD 1 FL bob@hotmail.com Bob
		alice.ns S: ADD 1 FL 2 bob@hotmail.com Bob
		bob.ns S: ADD 0 RL 2 alice@hotmail.com alice
		bob.ns C: ADD 1 FL alice@hotmail.com Alice
		bob.ns S: ADD 1 FL 3 alice@hotmail.com Alice
		alice.ns S: ADD 0 RL 3 bob@hotmail.com bob
		alice.ns C: CHG 2 BRB
		alice.ns S: CHG 2 BRB
		# in FLN nothing is heard of contacts
		bob.ns S: (nothing)
		bob.ns C: CHG 3 HDN
		bob.ns S: CHG 3 HDN
		bob.ns S: ILN 3 BRB alice@hotmail.com alice
		alice.ns S: (nothing)
		bob.ns C: CHG 4 NLN
		bob.ns S: CHG 4 NLN
		alice.ns S: NLN NLN bob@hotmail.com bob
		bob.ns C: CHG 5 NLN
		bob.ns S: CHG 5 NLN
		alice.ns S: (nothing)
		alice.ns C: CHG 6 IDL
		alice.ns S: CHG 6 IDL
		bob.ns S: NLN IDL alice@hotmail.com alice
	`)
}

// TestAddingOneself: users can add themselves, as a client of 2000 does.
func TestAddingOneself(t *testing.T) {
	play(t, Options{}, `
		alice.ns -- logon
		alice.ns C: ADD 946684800 FL alice@hotmail.com alice@hotmail.com
		alice.ns S: ADD 946684800 FL 2 alice@hotmail.com alice@hotmail.com
		alice.ns S: ADD 0 RL 3 alice@hotmail.com alice
		alice.ns C: CHG 946684800 NLN
		alice.ns S: CHG 946684800 NLN
		alice.ns S: NLN NLN alice@hotmail.com alice
		alice.ns C: SYN 946684800 3
		alice.ns S: SYN 946684800 3
		alice.ns C: REM 1 FL alice@hotmail.com
		alice.ns S: REM 1 FL 4 alice@hotmail.com
		alice.ns S: REM 0 RL 5 alice@hotmail.com
	`)
}

// TestSecondLogon: the first connection is ended (§7.10), and contacts see the user go until the
// second one is online.
func TestSecondLogon(t *testing.T) {
	play(t, Options{}, `
		bob.ns -- online
		alice.ns -- online
		bob.ns C: ADD 1 FL alice@hotmail.com Alice
		bob.ns S: ADD 1 FL 2 alice@hotmail.com Alice
		bob.ns S: ILN 1 NLN alice@hotmail.com alice
		alice.ns S: ADD 0 RL 2 bob@hotmail.com bob
		alice.ns2 C: USR 1 MD5 I Alice@HOTMAIL.com
		alice.ns2 S: USR 1 MD5 S {c}
		alice.ns S: (nothing)
		alice.ns2 C: USR 1 MD5 S {md5 c alicepw}
		alice.ns2 S: USR 1 OK alice@hotmail.com alice
		alice.ns S: OUT OTH
		alice.ns S: (closed)
		bob.ns S: FLN alice@hotmail.com
		alice.ns2 C: CHG 2 NLN
		alice.ns2 S: CHG 2 NLN
		bob.ns S: NLN NLN alice@hotmail.com alice
		-- wait 5s
		bob.ns S: (nothing)
	`)
}

// TestReverseListOfTheAbsent: the serial of a user who is offline rises all the same (§7.5).
func TestReverseListOfTheAbsent(t *testing.T) {
	play(t, Options{}, `
		alice.ns -- online
		alice.ns C: ADD 1 FL bob@hotmail.com
		alice.ns S: ADD 1 FL 2 bob@hotmail.com bob@hotmail.com
		bob.ns -- logon
		bob.ns C: SYN 1 1
		bob.ns S: SYN 1 2
		bob.ns S: GTC 1 2 A
		bob.ns S: BLP 1 2 AL
		bob.ns S: LST 1 FL 2 0 0
		bob.ns S: LST 1 AL 2 0 0
		bob.ns S: LST 1 BL 2 0 0
		bob.ns S: LST 1 RL 2 1 1 alice@hotmail.com alice
		# a version from nowhere is another version
		bob.ns C: SYN 2 99
		bob.ns S: SYN 2 2
		bob.ns S: GTC 2 2 A
		bob.ns S: BLP 2 2 AL
		bob.ns S: LST 2 FL 2 0 0
		bob.ns S: LST 2 AL 2 0 0
		bob.ns S: LST 2 BL 2 0 0
		bob.ns S: LST 2 RL 2 1 1 alice@hotmail.com alice
		bob.ns C: LST 2 RL
		bob.ns S: LST 2 RL 2 1 1 alice@hotmail.com alice
	`)
}

// TestNamesPassUntouched: escapes in either case, Latin-1 and UTF-8 are returned as they were sent.
func TestNamesPassUntouched(t *testing.T) {
	name := strings.Join([]string{"Bj%c3%B6rn", "%e9", "\xe9", "\xc3\xa9", "100%", "+"}, "_")
	play(t, Options{}, strings.ReplaceAll(`
		alice.ns -- online
		alice.ns C: ADD 1 FL bob@hotmail.com NAME
		alice.ns S: ADD 1 FL 2 bob@hotmail.com NAME
		alice.ns C: LST 2 FL
		alice.ns S: LST 2 FL 2 1 1 bob@hotmail.com NAME
	`, "NAME", name))
}

// early is a store in which something happens when alice is looked up, once.
type early struct {
	accounts.Store
	happens func()
}

func (s *early) Lookup(ctx context.Context, handle string) (accounts.User, error) {
	if happens := s.happens; happens != nil && strings.HasPrefix(handle, "alice") {
		s.happens = nil
		happens()
	}
	return s.Store.Lookup(ctx, handle)
}

// late is a hub in which something happens when alice has her new state, once.
type late struct {
	Hub
	happens func()
}

func (h *late) Update(ctx context.Context, p Presence, r Receiver) (Presence, error) {
	before, err := h.Hub.Update(ctx, p, r)
	if happens := h.happens; happens != nil && strings.HasPrefix(p.Handle, "alice") {
		h.happens = nil
		happens()
	}
	return before, err
}

// TestNoticesKnowTheState: what others send to a user while its commands are answered does not
// follow the command that rules it out: an offline user is notified of nobody and, like a hidden
// one, gets no calls (§7.7), and after OUT nothing is sent (§7.10).
func TestNoticesKnowTheState(t *testing.T) {
	const came, rings = "NLN AWY bob@hotmail.com B", "RNG 1 x CKI y bob@hotmail.com B"
	moved := Notice{Kind: Moved, Presence: Presence{Handle: "bob@hotmail.com", Name: "B", State: "AWY"}}
	rung := Notice{Kind: Rung, Lines: []byte(rings + "\r\n")}
	for name, tc := range map[string]struct {
		notice            Notice
		late              bool // once the state is new
		commands, answers string
	}{
		"moved, then offline": {moved, false, "CHG 2 FLN", came + "|CHG 2 FLN"},
		"offline, then moved": {moved, true, "CHG 2 FLN", "CHG 2 FLN"},
		"rung, then hidden":   {rung, false, "CHG 2 HDN", rings + "|CHG 2 HDN"},
		"hidden, then rung":   {rung, true, "CHG 2 HDN", "CHG 2 HDN"},
		"hidden, then moved":  {moved, true, "CHG 2 HDN", "CHG 2 HDN|" + came},
		"moved in the middle": {moved, true, `CHG 2 AWY\r\nCHG 3 FLN`, "CHG 2 AWY|" + came + "|CHG 3 FLN"},
		"back, and then offline": {
			moved, true, `CHG 2 AWY\r\nCHG 3 BSY\r\nCHG 4 FLN`,
			"CHG 2 AWY|" + came + "|CHG 3 BSY|CHG 4 FLN",
		},
		"moved, then out": {moved, true, `CHG 2 AWY\r\nOUT`, "CHG 2 AWY|OUT|(closed)"},
		"rung, then out":  {rung, true, `CHG 2 AWY\r\nOUT`, "CHG 2 AWY|OUT|(closed)"},
	} {
		t.Run(name, func(t *testing.T) {
			store, hub := &early{Store: accounts.Defaults()}, &late{Hub: NewHub()}
			synctestScript(t, Options{Store: store, Hub: hub}, func(p *script) {
				p.run("alice.ns -- online")
				happens := func() { _, _ = hub.Deliver(t.Context(), "alice@hotmail.com", tc.notice) }
				if tc.late {
					hub.happens = happens
				} else {
					store.happens = happens
				}
				p.run(`alice.ns -- raw "` + tc.commands + `\r\n"`)
				for _, want := range strings.Split(tc.answers, "|") {
					p.run("alice.ns S: " + want)
				}
			})
		})
	}
}
