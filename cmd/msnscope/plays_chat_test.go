package main

import (
	"fmt"

	"github.com/msnscope/msnscope/decode"
)

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
	b.Conn.Close() // no OUT: a line that breaks
	a.hear("BYE bob")
	a.say(a.msg(11, "A", "Bob?"), "NAK 11")
	bob.leave()
	a.say("CAL 12 bob@hotmail.com", "217 12")
	a.hangUp()
	alice.leave()
}

func playBusy(s *stage) {
	dave, _ := s.knock("dave@hotmail.com")
	for trid := 4; trid < 14; trid += 2 {
		dave.say(fmt.Sprintf("USR %d MD5 S 00000000000000000000000000000000", trid), fmt.Sprintf("911 %d", trid))
		again := fmt.Sprintf("USR %d MD5 ", trid+1)
		dave.say(again+"I dave@hotmail.com", again+"S")
	}
	dave.say("USR 14 MD5 S 00000000000000000000000000000000", "911 14")
	challenge := dave.say("USR 15 MD5 I dave@hotmail.com", "USR 15 MD5 S")[4]
	dave.say("USR 16 MD5 S "+decode.MD5Response(challenge, "davepw"), "USR 16 OK")
	dave.leave()
}

func playCrowded(s *stage) {
	alice := s.signIn("alice@hotmail.com", "alicepw")
	alice.say("CHG 5 NLN", "CHG 5 NLN")
	second := alice.say("XFR 6 SB", "XFR 6 SB")[5]
	sb := s.call(alice, 7, "alice@hotmail.com")
	another := s.connect()
	another.say("USR 1 alice@hotmail.com "+second, "714 1")
	another.Conn.Close()
	alice.say("XFR 8 SB", "714 8")
	again, challenge := s.knock("alice@hotmail.com")
	again.say("USR 4 MD5 S "+decode.MD5Response(challenge, "alicepw"), "600 4")
	again.Conn.Close()
	sb.hangUp()
	alice.leave()
}
