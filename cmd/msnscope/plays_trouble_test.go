package main

import (
	"fmt"

	"github.com/msnscope/msnscope/decode"
)

// troubles are faults that answer with the errors of a service in trouble: the embedded server is
// never in any.
var troubles = []string{
	"--fault", `error:code=281,nth=1 @ dir == "C" && cmd == "USR" && role == "DS"`,
	"--fault", `error:code=601,nth=1 @ dir == "C" && cmd == "USR" && role == "NS" && args.Sequence == "I"`,
	"--fault", `error:code=920,nth=1 @ dir == "C" && cmd == "USR" && role == "NS" && args.Sequence == "S"`,
	"--fault", `error:code=500,nth=1 @ dir == "C" && cmd == "SYN"`,
	"--fault", `error:code=717,nth=1 @ dir == "C" && cmd == "SYN"`,
	"--fault", `error:code=603,nth=1 @ dir == "C" && cmd == "LST"`,
	"--fault", `error:code=510,nth=1 @ dir == "C" && cmd == "GTC"`,
	"--fault", `error:code=520,nth=1 @ dir == "C" && cmd == "BLP"`,
	"--fault", `error:code=604,nth=1 @ dir == "C" && cmd == "CHG"`,
	"--fault", `error:code=501,nth=1 @ dir == "C" && cmd == "ADD"`,
	"--fault", `error:code=280,nth=1 @ dir == "C" && cmd == "XFR"`,
	"--fault", `error:code=707,nth=1 @ dir == "C" && cmd == "XFR"`,
	"--fault", `error:code=602,nth=1 @ dir == "C" && cmd == "CAL"`,
	"--fault", `error:code=711,nth=1 @ dir == "C" && cmd == "MSG"`,
	"--fault", `error:code=712,nth=1 @ dir == "C" && cmd == "MSG"`,
}

func playTrouble(s *stage) {
	a := s.connect()
	a.say("VER 0 MSNP2", "VER 0 MSNP2")
	a.say("INF 1", "INF 1 MD5")
	a.say("USR 2 MD5 I alice@hotmail.com", "281 2")
	a.say("USR 3 MD5 I alice@hotmail.com", "XFR 3 NS")
	a.Conn.Close()
	a = s.connect()
	a.say("VER 1 MSNP2", "VER 1 MSNP2")
	a.say("INF 2", "INF 2 MD5")
	a.say("USR 3 MD5 I alice@hotmail.com", "601 3")
	challenge := a.say("USR 4 MD5 I alice@hotmail.com", "USR 4 MD5 S")[4]
	a.say("USR 5 MD5 S "+decode.MD5Response(challenge, "alicepw"), "920 5")
	challenge = a.say("USR 6 MD5 I alice@hotmail.com", "USR 6 MD5 S")[4]
	a.say("USR 7 MD5 S "+decode.MD5Response(challenge, "alicepw"), "USR 7 OK")
	a.say("SYN 8 0", "500 8")
	a.say("SYN 9 0", "717 9")
	a.say("SYN 10 0", "LST 10 RL")
	a.say("LST 11 FL", "603 11")
	a.say("GTC 12 N", "510 12")
	a.say("BLP 13 BL", "520 13")
	a.say("CHG 14 NLN", "604 14")
	a.say("CHG 15 NLN", "CHG 15 NLN")
	a.say("ADD 16 FL bob@hotmail.com Bob", "501 16")
	a.say("XFR 17 SB", "280 17")
	a.say("XFR 18 SB", "707 18")
	cookie := a.say("XFR 19 SB", "XFR 19 SB")[5]
	talk := s.connect()
	talk.say(fmt.Sprintf("USR 1 alice@hotmail.com %s", cookie), "USR 1 OK")
	talk.say("CAL 2 bob@hotmail.com", "602 2")
	talk.say(talk.msg(3, "N", "Is this line alive?"), "711 3")
	talk.say(talk.msg(4, "N", "And now?"), "712 4")
	talk.hangUp()
	a.leave()
}
