package main

import (
	"fmt"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

func playLists(s *stage) {
	alice, bob := s.signIn("alice@hotmail.com", "alicepw"), s.signIn("bob@hotmail.com", "bobpw")
	alice.say("SYN 5 0", "LST 5 RL")
	bob.say("SYN 5 0", "LST 5 RL")
	alice.say("CHG 6 NLN", "CHG 6")
	bob.say("CHG 6 NLN", "CHG 6")
	alice.say("ADD 7 FL bob@hotmail.com Bob", "ILN 7 NLN bob")
	bob.hear("ADD 0 RL 2 alice@hotmail.com")
	alice.say("ADD 8 AL bob@hotmail.com Bob", "ADD 8 AL")
	alice.say("ADD 9 BL carol@hotmail.com Carol", "ADD 9 BL")
	for i, list := range []string{"FL", "AL", "BL", "RL"} {
		alice.say(fmt.Sprintf("LST %d %s", 10+i, list), fmt.Sprintf("LST %d %s", 10+i, list))
	}
	bob.say("LST 7 RL", "LST 7 RL 2 1 1 alice")
	alice.say("ADD 14 FL bob@hotmail.com Bob", "215 14")
	alice.say("ADD 15 BL bob@hotmail.com Bob", "219 15")
	alice.say("ADD 16 FL nobody@hotmail.com Nobody", "205 16")
	alice.say("ADD 17 FL carol Carol", "206 17")
	alice.say("ADD 18 FL @@hotmail.com Carol", "208 18")
	alice.say("ADD 19 FL carol@hotmail.com "+strings.Repeat("Caro", 97), "209 19")
	alice.say("ADD 20 RL carol@hotmail.com Carol", "201 20")
	alice.say("REM 21 AL dave@hotmail.com", "216 21")
	alice.say("LST 22 XL", "201 22")
	alice.say("REM 23 FL bob@hotmail.com", "REM 23 FL")
	bob.hear("REM 0 RL 3 alice@hotmail.com")
	alice.leave()
	bob.leave()
}

func playPrivacy(s *stage) {
	both := s.friends("alice", "bob")
	alice, bob := both[0], both[1]
	bob.say("", "ILN 20 NLN alice")
	alice.hear("NLN NLN bob")
	alice.say("GTC 21 A", "218 21")
	alice.say("GTC 22 N", "GTC 22")
	alice.say("REM 23 AL bob@hotmail.com", "REM 23 AL") // BLP AL: who is on no list is allowed
	alice.say("ADD 24 BL bob@hotmail.com bob", "ADD 24 BL")
	bob.hear("FLN alice") // blocked: she is gone for him
	caller := s.call(bob, 21, "bob@hotmail.com")
	caller.say("CAL 2 alice@hotmail.com", "217 2")
	caller.hangUp()
	alice.say("REM 25 BL bob@hotmail.com", "REM 25 BL")
	bob.hear("NLN NLN alice")
	alice.say("BLP 26 BL", "BLP 26") // now only the allow list may
	bob.hear("FLN alice")
	alice.say("BLP 27 BL", "218 27")
	alice.say("ADD 28 AL bob@hotmail.com bob", "ADD 28 AL")
	bob.hear("NLN NLN alice")
	alice.leave()
	bob.hear("FLN alice")
	bob.leave()
}

func playPresence(s *stage) {
	both := s.friends("alice", "bob")
	alice, bob := both[0], both[1]
	bob.say("", "ILN 20 NLN alice")
	alice.hear("NLN NLN bob")
	trid := 21
	chg := func(state string) {
		alice.say(fmt.Sprintf("CHG %d %s", trid, state), fmt.Sprintf("CHG %d %s", trid, state))
		trid++
	}
	for _, state := range []string{"BSY", "IDL", "BRB", "AWY", "PHN", "LUN", "NLN"} {
		chg(state)
		bob.hear("NLN " + state + " alice")
	}
	chg("HDN")
	bob.hear("FLN alice")
	chg("HDN") // nobody hears of it
	chg("NLN")
	bob.hear("NLN NLN alice")
	chg("FLN")
	bob.hear("FLN alice")
	alice.say(fmt.Sprintf("XFR %d SB", trid), fmt.Sprintf("913 %d", trid))
	trid++
	chg("AWY")
	alice.hear(fmt.Sprintf("ILN %d NLN bob", trid-1))
	bob.hear("NLN AWY alice")
	alice.say(fmt.Sprintf("CHG %d XXX", trid), fmt.Sprintf("201 %d", trid))
	trid++
	alice.say(fmt.Sprintf("REA %d alice@hotmail.com Alice%%20in%%20caf%%C3%%A9", trid), fmt.Sprintf("REA %d", trid))
	bob.hear("NLN AWY alice@hotmail.com Alice%20in%20caf%C3%A9")
	alice.Conn.Close() // no OUT: a line that breaks
	bob.hear("FLN alice")
	bob.leave()
}

func playFull(s *stage) {
	alice := s.signIn("alice@hotmail.com", "alicepw")
	alice.say("SYN 5 0", "LST 5 RL")
	alice.say("ADD 6 FL bob@hotmail.com Bob", "ADD 6 FL")
	alice.say("ADD 7 FL carol@hotmail.com Carol", "210 7")
	alice.say("ADD 8 AL carol@hotmail.com Carol", "ADD 8 AL") // each list has its own room
	alice.say("REM 9 FL bob@hotmail.com", "REM 9 FL")
	alice.say("ADD 10 FL carol@hotmail.com Carol", "ADD 10 FL")
	alice.leave()
}

// signInLatest signs alice in with the newest dialect that has the MD5 logon.
func (s *stage) signInLatest() *actor {
	alice := s.connect()
	alice.say("VER 0 MSNP7 MSNP6 CVR0", "VER 0 MSNP7")
	alice.say("INF 1", "INF 1 MD5")
	alice.say("USR 2 MD5 I alice@hotmail.com", "XFR 2 NS "+s.addr+" 0")
	alice.Conn.Close()
	alice = s.connect()
	alice.say("VER 3 MSNP7 MSNP6 CVR0", "VER 3 MSNP7")
	alice.say("CVR 4 0x0409 win 4.10 i386 MSNMSGR 4.6.0073 MSMSGS", "CVR 4")
	alice.say("INF 5", "INF 5 MD5")
	challenge := alice.say("USR 6 MD5 I alice@hotmail.com", "USR 6 MD5 S")[4]
	alice.say("USR 7 MD5 S "+decode.MD5Response(challenge, "alicepw"), "USR 7 OK alice@hotmail.com alice 1")
	return alice
}

func playGroups(s *stage) {
	alice := s.signInLatest()
	alice.say("SYN 8 0", "LST 8 RL")
	alice.say("CHG 9 NLN", "CHG 9 NLN")
	proof := alice.hear("CHL 0")[2]
	alice.say("QRY 10 msmsgs@msnmsgr.com 32\r\n"+decode.MD5Response(proof, "Q1P7W2E4J9R8U3S5"), "QRY 10")
	alice.say("ADG 11 Friends%20and%20foes 0", "ADG 11")
	alice.say("ADD 12 FL bob@hotmail.com Bob 1", "ADD 12 FL")
	alice.say("REG 13 1 Friends 0", "REG 13")
	alice.say("LSG 14", "LSG 14")
	alice.say("LST 15 FL", "LST 15 FL")
	alice.say("PRP 16 PHH 555-1234", "PRP 16")
	alice.say("REM 17 FL bob@hotmail.com 1", "REM 17 FL")
	alice.say("RMG 18 1", "RMG 18")
	alice.say("PNG", "QNG")
	alice.leave()
}

func playGroupsRefused(s *stage) {
	alice := s.signInLatest()
	alice.say("SYN 8 0", "LST 8 RL")
	alice.say("RMG 9 0", "230 9")
	alice.say("RMG 10 7", "224 10")
	alice.say("ADG 11 Friends 0", "ADG 11")
	alice.say("ADG 12 Friends 0", "228 12")
	alice.say("REG 13 1 "+strings.Repeat("Friends", 30)+" 0", "229 13")
	alice.say("ADD 14 FL bob@hotmail.com Bob 1", "ADD 14 FL")
	alice.say("RMG 15 1", "227 15")
	alice.say("REM 16 FL bob@hotmail.com 0", "225 16")
	for i := 2; i < 30; i++ {
		alice.say(fmt.Sprintf("ADG %d Group%d 0", 15+i, i), fmt.Sprintf("ADG %d", 15+i))
	}
	alice.say("ADG 50 Surplus 0", "223 50")
	alice.say("PAG 51 bob@hotmail.com 5\r\nhello", "220 51")
	alice.say("CHL 52", "CHL 52")
	alice.say("QRY 53 msmsgs@msnmsgr.com 32\r\n"+strings.Repeat("0", 32), "540 53")
	alice.Conn.Close()
}

// accounts runs a verb of accounts on the server's database.
func (s *stage) accounts(args ...string) {
	s.t.Helper()
	p := launch(s.t, append([]string{"accounts", "--db", s.db}, args...)...)
	p.wait(exitOK)
}

func playChanged(s *stage) {
	alice := s.signIn("alice@hotmail.com", "alicepw")
	alice.say("SYN 5 0", "LST 5 RL")
	alice.say("CHG 6 NLN", "CHG 6 NLN")
	s.accounts("lists", "add", "alice@hotmail.com", "FL", "bob@hotmail.com")
	alice.hear("ADD 0 FL 2 bob@hotmail.com")
	s.accounts("lists", "add", "bob@hotmail.com", "FL", "alice@hotmail.com")
	alice.hear("ADD 0 RL 3 bob@hotmail.com")
	s.accounts("lists", "rem", "alice@hotmail.com", "FL", "bob@hotmail.com")
	alice.hear("REM 0 FL 4 bob@hotmail.com")
	s.accounts("state", "alice@hotmail.com", "AWY")
	alice.hear("CHG 0 AWY")
	s.accounts("notify", "alice@hotmail.com", "The server closes at midnight.")
	alice.hear("MSG Hotmail Hotmail")
	alice.leave()
}
