package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/msnscope/msnscope/decode"
)

func playLogon(s *stage) {
	alice := s.signIn("alice@hotmail.com", "alicepw")
	alice.say("SYN 5 0", "LST 5 RL")
	alice.say("CHG 6 NLN", "CHG 6")
	alice.say("ADD 7 FL bob@hotmail.com Bob%20B.", "ADD 7")
	alice.say("ADD 8 AL bob@hotmail.com Bob%20B.", "ADD 8")
	alice.say("LST 9 FL", "LST 9")
	alice.say("GTC 10 N", "GTC 10")
	alice.say("BLP 11 AL", "218 11")
	alice.say("CHG 12 BSY", "CHG 12")
	alice.say("REM 13 AL bob@hotmail.com", "REM 13")
	alice.leave()
}

func playLogonDirect(s *stage) {
	alice := s.signInHere("alice@hotmail.com", "alicepw")
	alice.say("SYN 4 0", "LST 4 RL")
	alice.say("CHG 5 NLN", "CHG 5")
	alice.leave()
}

func playRefused(s *stage) {
	old := s.connect()
	old.say("VER 0 MSNP1", "VER 0 0")
	old.conn.Close()
	dave, challenge := s.knock("dave@hotmail.com")
	dave.say("USR 4 MD5 S "+decode.MD5Response(challenge, "DavePW"), "911 4")
	challenge = dave.say("USR 5 MD5 I dave@hotmail.com", "USR 5 MD5 S")[4]
	dave.say("USR 6 MD5 S "+decode.MD5Response(challenge, "davidpw"), "911 6")
	dave.conn.Close()
	nobody, challenge := s.knock("nobody@hotmail.com")
	nobody.say("USR 4 MD5 S "+decode.MD5Response(challenge, "whatever"), "911 4")
	nobody.conn.Close()
	dave = s.signIn("dave@hotmail.com", "davepw")
	dave.say("SYN 5 0", "LST 5 RL")
	dave.say("XFR 6 SB", "913 6")
	dave.say("CHG 7 NLN", "CHG 7")
	dave.say("ADD 8 FL nobody@hotmail.com nobody", "205 8")
	dave.say("CAL 9 alice@hotmail.com", "715 9")
	dave.say("ZZZ 10", "200 10")
	dave.say("USR 11 MD5 I dave@hotmail.com", "207 11")
	dave.leave()
}

func playSynchronize(s *stage) {
	alice := s.signIn("alice@hotmail.com", "alicepw")
	alice.say("SYN 5 0", "LST 5 RL")
	alice.say("ADD 6 FL bob@hotmail.com Bob", "ADD 6 FL 2")
	alice.say("ADD 7 AL bob@hotmail.com Bob", "ADD 7 AL 3")
	alice.leave()
	alice = s.signIn("alice@hotmail.com", "alicepw")
	alice.say("SYN 5 3", "SYN 5 3") // she has it all
	alice.say("CHG 6 NLN", "CHG 6 NLN")
	alice.say("GTC 7 N", "GTC 7 4 N")
	alice.leave()
	elsewhere := s.signIn("alice@hotmail.com", "alicepw")
	elsewhere.say("SYN 5 3", "LST 5 RL 4") // another computer, which has not heard of the last change
	elsewhere.say("SYN 6 99", "LST 6 RL 4")
	elsewhere.leave()
}

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
	chg("HDN") // nobody is told
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
	alice.conn.Close() // no OUT: a line that breaks
	bob.hear("FLN alice")
	bob.leave()
}

func playConversation(s *stage) {
	alice, bob := s.signIn("alice@hotmail.com", "alicepw"), s.signIn("bob@hotmail.com", "bobpw")
	for i, user := range []*actor{alice, bob} {
		other := [...]string{"bob", "alice"}[i]
		user.say("SYN 5 0", "LST 5 RL")
		user.say("ADD 6 FL "+other+"@hotmail.com "+other, "ADD 6")
		user.say("ADD 7 AL "+other+"@hotmail.com "+other, "ADD 7")
	}
	alice.say("CHG 8 NLN", "CHG 8")
	bob.say("CHG 8 NLN", "CHG 8")
	bob.say("", "ILN 8 NLN alice")
	alice.hear("NLN NLN bob")
	caller := s.call(alice, 9, "alice@hotmail.com")
	caller.say("CAL 2 bob@hotmail.com", "CAL 2 RINGING")
	callee := s.answer(bob.hear("RNG"), "bob@hotmail.com")
	caller.hear("JOI bob")
	caller.say(caller.typing(3, "alice@hotmail.com"), "")
	callee.hear("MSG alice")
	caller.say(caller.msg(4, "N", "Hello Bob, have you seen the draft?"), "")
	callee.hear("MSG alice")
	callee.say(callee.typing(2, "bob@hotmail.com"), "")
	caller.hear("MSG bob")
	callee.say(callee.msg(3, "N", "Yes! Nineteen pages, I read them in the café :)"), "")
	caller.hear("MSG bob")
	caller.say(caller.msg(5, "A", "Then you know what comes now."), "ACK 5")
	callee.hear("MSG alice")
	callee.hangUp()
	caller.hear("BYE bob")
	caller.say(caller.msg(6, "N", "He is gone."), "NAK 6")
	caller.hangUp()
	bob.say("CHG 9 AWY", "CHG 9")
	alice.hear("NLN AWY bob")
	bob.leave()
	alice.hear("FLN bob")
	alice.leave()
}

func playConference(s *stage) {
	all := s.friends("alice", "bob", "carol")
	alice, bob, carol := all[0], all[1], all[2]
	a := s.call(alice, 21, "alice@hotmail.com")
	a.say("CAL 2 bob@hotmail.com", "CAL 2 RINGING")
	b := s.answer(bob.hear("RNG"), "bob@hotmail.com")
	a.hear("JOI bob")
	b.say("CAL 2 carol@hotmail.com", "CAL 2 RINGING") // who was called may call as well
	c := s.answer(carol.hear("RNG"), "carol@hotmail.com")
	a.hear("JOI carol")
	b.hear("JOI carol")
	c.say(c.msg(2, "N", "Hello you two."), "")
	a.hear("MSG carol")
	b.hear("MSG carol")
	a.say(a.msg(3, "A", "Welcome! Three are company."), "ACK 3")
	b.hear("MSG alice")
	c.hear("MSG alice")
	a.say("CAL 4 carol@hotmail.com", "215 4")
	a.say("CAL 5 alice@hotmail.com", "215 5")
	b.hangUp()
	a.hear("BYE bob")
	c.hear("BYE bob")
	c.say(c.msg(3, "N", "And then there were two."), "")
	a.hear("MSG carol")
	a.say("CAL 6 bob@hotmail.com", "CAL 6 RINGING") // he may come again
	b = s.answer(bob.hear("RNG"), "bob@hotmail.com")
	a.hear("JOI bob")
	c.hear("JOI bob")
	for _, sb := range []*actor{a, c, b} {
		sb.hangUp()
	}
	for _, user := range all {
		user.leave()
	}
}

func playUndelivered(s *stage) {
	both := s.friends("alice", "bob")
	alice, bob := both[0], both[1]
	bob.say("", "ILN 20 NLN alice")
	a := s.call(alice, 21, "alice@hotmail.com")
	a.say(a.msg(2, "U", "Is anybody there? Nobody will tell me."), "")
	a.say(a.msg(3, "N", "Is anybody there?"), "NAK 3")
	a.say(a.msg(4, "A", "Tell me in any case."), "NAK 4")
	a.say("CAL 5 bob@hotmail.com", "CAL 5 RINGING")
	a.say("CAL 6 bob@hotmail.com", "215 6") // it rings already
	b := s.answer(bob.hear("RNG"), "bob@hotmail.com")
	a.hear("JOI bob")
	a.say(a.msg(7, "U", "U: no answer."), "")
	b.hear("MSG alice")
	a.say(a.msg(8, "N", "N: no answer means that you have it."), "")
	b.hear("MSG alice")
	a.say(a.msg(9, "A", "A: an answer in any case."), "ACK 9")
	a.say(a.msg(10, "X", "No such mode."), "201 10")
	b.conn.Close() // no OUT: a line that breaks
	a.hear("BYE bob")
	a.say(a.msg(11, "A", "Bob?"), "NAK 11")
	bob.leave()
	a.say("CAL 12 bob@hotmail.com", "217 12")
	a.hangUp()
	alice.leave()
}

func playElsewhere(s *stage) {
	both := s.friends("alice", "bob")
	alice, bob := both[0], both[1]
	bob.say("", "ILN 20 NLN alice")
	second := s.signIn("alice@hotmail.com", "alicepw")
	alice.hear("OUT OTH")
	alice.conn.Close()
	bob.hear("FLN alice")
	second.say("SYN 5 4", "SYN 5 4")
	second.say("CHG 6 NLN", "ILN 6 NLN bob")
	bob.hear("NLN NLN alice")
	second.leave()
	bob.hear("FLN alice")
	bob.leave()
}

func playMistakes(s *stage) {
	d := s.connect() // at the dispatch server
	d.say("INF 0", "715 0")
	d.say("SYN 1 0", "715 1")
	d.say("VER 2 MSNP2", "VER 2 MSNP2")
	d.say("VER 3 MSNP2", "715 3")
	d.say("INF 4", "INF 4 MD5")
	d.say("USR 5 MD5 I", "300 5")
	d.say("USR 6 CTP I alice@hotmail.com", "201 6")
	d.say("USR 7 MD5 I alice", "206 7")
	d.say("USR 8 MD5 I @@hotmail.com", "208 8")
	d.conn.Close()

	alice, challenge := s.knock("alice@hotmail.com")
	alice.say("SYN 4 0", "302 4")
	alice.say("USR 5 MD5 S "+decode.MD5Response(challenge, "alicepw"), "USR 5 OK")
	alice.say("SYN 6 x", "201 6")
	alice.say("GTC 7", "300 7")
	alice.say("GTC 8 Y", "201 8")
	alice.say("CHG 9 NLN", "CHG 9")
	alice.say("XFR 10 XX", "201 10")
	alice.say("ADD 11 FL", "300 11")
	alice.say("CAL 12 bob@hotmail.com", "715 12")
	alice.say("chg 13 NLN", "200 13")
	alice.say("CHG  14\tBSY ", "CHG 14 BSY") // more than one blank is legal (§5.2)

	sb := s.call(alice, 15, "alice@hotmail.com")
	sb.say("CAL 2", "300 2")
	sb.say("CAL 3 alice@hotmail.com", "215 3")
	sb.say("CAL 4 bob@hotmail.com", "217 4")
	sb.say("CAL 5 bob", "206 5")
	sb.say("CAL 6 @@hotmail.com", "208 6")
	sb.say("CHG 7 NLN", "715 7")
	for trid := 8; trid < 11; trid++ {
		sb.say(fmt.Sprintf("CAL %d nobody@hotmail.com", trid), fmt.Sprintf("217 %d", trid))
	}
	sb.say("CAL 11 nobody@hotmail.com", "713 11")
	stranger := s.connect() // at the switchboard, with a cookie that nobody gave out
	stranger.say("USR 1 alice@hotmail.com 1.2.3", "911 1")
	stranger.conn.Close()
	sb.hangUp()
	alice.leave()
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
	alice.conn.Close()
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
	alice.say("ADG 50 more 0", "223 50")
	alice.say("PAG 51 bob@hotmail.com 5\r\nhello", "220 51")
	alice.say("CHL 52", "CHL 52")
	alice.say("QRY 53 msmsgs@msnmsgr.com 32\r\n"+strings.Repeat("0", 32), "540 53")
	alice.conn.Close()
}

func playBusy(s *stage) {
	dave, _ := s.knock("dave@hotmail.com")
	dave.say("USR 4 MD5 S 00000000000000000000000000000000", "911 4")
	trid := 5
	for range 19 {
		dave.say(fmt.Sprintf("USR %d MD5 I dave@hotmail.com", trid), fmt.Sprintf("USR %d MD5 S", trid))
		dave.say(fmt.Sprintf("USR %d MD5 S 00000000000000000000000000000000", trid+1), fmt.Sprintf("911 %d", trid+1))
		trid += 2
	}
	challenge := dave.say(fmt.Sprintf("USR %d MD5 I dave@hotmail.com", trid), fmt.Sprintf("USR %d MD5 S", trid))[4]
	dave.say(fmt.Sprintf("USR %d MD5 S %s", trid+1, decode.MD5Response(challenge, "davepw")), fmt.Sprintf("600 %d", trid+1))
	dave.conn.Close()
}

func playMoved(s *stage) {
	both := s.friends("alice", "bob")
	alice, bob := both[0], both[1]
	bob.say("", "ILN 20 NLN alice")
	alice.hear("NLN NLN bob")
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil { // the server runs in this process
		s.t.Fatal(err)
	}
	alice.hear("XFR 0 NS " + s.addr)
	alice.conn.Close()
	bob.hear("FLN alice")
	alice = s.signInHere("alice@hotmail.com", "alicepw")
	alice.say("SYN 4 4", "SYN 4 4")
	alice.say("CHG 5 NLN", "ILN 5 NLN bob")
	bob.hear("NLN NLN alice")
	alice.leave()
	bob.leave()
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

func playShutdown(s *stage) {
	both := s.friends("alice", "bob")
	alice, bob := both[0], both[1]
	bob.say("", "ILN 20 NLN alice")
	alice.hear("NLN NLN bob")
	a := s.call(alice, 21, "alice@hotmail.com")
	a.say("CAL 2 bob@hotmail.com", "CAL 2 RINGING")
	b := s.answer(bob.hear("RNG"), "bob@hotmail.com")
	a.hear("JOI bob")
	s.server.stop()
	alice.hear("OUT SSD")
	bob.hear("OUT SSD")
	for _, c := range []*actor{alice, bob, a, b} {
		c.conn.Close()
	}
	s.server.wait(exitOK)
}
