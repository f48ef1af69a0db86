package server

import (
	"fmt"
	"strings"
	"testing"
)

// TestWhoSeesWhom is the matrix of §5.7 and §7.6: alice watches bob, whose privacy is set in each way; does she see him come,
// change and go, find him there when she comes or adds him, and can she call him?
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
	// step has bob do something, and alice see it or not.
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

// TestFirstStateHidden: who signs in hidden learns who is there, and nobody learns of it (§7.7, §7.9).
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

// TestAddingOneself is what a client of 2000 does.
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

// TestSecondLogon: the first connection is sent away (§7.10), and contacts see the user go until the second one comes online.
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

// TestReverseListOfTheAbsent: the serial of somebody who is away goes up all the same (§7.5).
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

// TestNamesPassUntouched: escapes in either case, Latin-1 and UTF-8 come back as they went in.
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
