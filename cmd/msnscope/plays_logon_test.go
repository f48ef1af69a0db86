package main

import (
	"fmt"
	"os"
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
	old.Conn.Close()
	dave, challenge := s.knock("dave@hotmail.com")
	dave.say("USR 4 MD5 S "+decode.MD5Response(challenge, "DavePW"), "911 4")
	challenge = dave.say("USR 5 MD5 I dave@hotmail.com", "USR 5 MD5 S")[4]
	dave.say("USR 6 MD5 S "+decode.MD5Response(challenge, "davidpw"), "911 6")
	dave.Conn.Close()
	nobody, challenge := s.knock("nobody@hotmail.com")
	nobody.say("USR 4 MD5 S "+decode.MD5Response(challenge, "whatever"), "911 4")
	nobody.Conn.Close()
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

func playElsewhere(s *stage) {
	both := s.friends("alice", "bob")
	alice, bob := both[0], both[1]
	bob.say("", "ILN 20 NLN alice")
	second := s.signIn("alice@hotmail.com", "alicepw")
	alice.hear("OUT OTH")
	alice.Conn.Close()
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
	d.Conn.Close()

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
	stranger.Conn.Close()
	sb.hangUp()
	alice.leave()
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
	alice.Conn.Close()
	bob.hear("FLN alice")
	alice = s.signInHere("alice@hotmail.com", "alicepw")
	alice.say("SYN 4 4", "SYN 4 4")
	alice.say("CHG 5 NLN", "ILN 5 NLN bob")
	bob.hear("NLN NLN alice")
	alice.leave()
	bob.leave()
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
		c.Conn.Close()
	}
	s.server.wait(exitOK)
}
