package msntest

import (
	"fmt"
	"strings"
)

// said is a command with its payload, and the end that sends it: 0 for the client, 1 for the
// server.
type said struct {
	from int
	line []byte
}

// script parses commands from texts that begin with C or S and a blank, the draft's notation.
func script(texts ...string) []said {
	all := make([]said, 0, len(texts))
	for _, t := range texts {
		from := 0
		if t[0] == 'S' {
			from = 1
		}
		all = append(all, said{from, []byte(t[2:] + "\r\n")})
	}
	return all
}

// logon returns the commands of a logon of user n: lists of three, presence, and a referral to a
// switchboard.
func logon(n int) []said {
	user := func(i int) string { return fmt.Sprintf("user%d@hotmail.com User%%20%d", i, i) }
	self, _, _ := strings.Cut(user(n), " ")
	texts := []string{
		"C VER 1 MSNP2", "S VER 1 MSNP2", "C INF 2", "S INF 2 MD5",
		"C USR 3 MD5 I " + self, fmt.Sprintf("S USR 3 MD5 S %d.%d", 1_000_000+n, 951_912_000+n),
		fmt.Sprintf("C USR 4 MD5 S %032x", uint64(n)*0x9e3779b97f4a7c15), "S USR 4 OK " + user(n),
		"C SYN 5 0", "S SYN 5 12", "S GTC 5 12 A", "S BLP 5 12 AL",
	}
	for _, list := range []string{"FL", "AL", "RL"} {
		for i := range 3 {
			texts = append(texts, fmt.Sprintf("S LST 5 %s 12 %d 3 %s", list, i+1, user(n+i+1)))
		}
	}
	texts = append(texts, "S LST 5 BL 12 0 0", "C CHG 6 NLN", "S CHG 6 NLN")
	for i := range 3 {
		texts = append(texts, "S ILN 6 NLN "+user(n+i+1))
	}
	texts = append(texts, "S NLN AWY "+user(n+1), "S NLN NLN "+user(n+1), "C XFR 7 SB",
		fmt.Sprintf("S XFR 7 SB 10.2.0.0:1863 CKI 17262740.%d",
			n), "S FLN user"+fmt.Sprint(n+2)+"@hotmail.com", "C OUT")
	return script(texts...)
}

// chat returns the commands of a switchboard session between user n and another, with the given
// number of messages of text bytes each.
func chat(n, messages, text int) []said {
	self, other := fmt.Sprintf("user%d@hotmail.com", n), fmt.Sprintf("user%d@hotmail.com", n+1)
	all := script(
		fmt.Sprintf("C USR 1 %s 17262740.%d", self, n), fmt.Sprintf("S USR 1 OK %s User%%20%d", self, n),
		"C CAL 2 "+other, fmt.Sprintf("S CAL 2 RINGING %d", n), fmt.Sprintf("S JOI %s User%%20%d", other, n+1),
	)
	const head = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\nX-MMS-IM-Format: FN=Arial; EF=; " +
		"CO=0; CS=0; PF=22\r\n\r\n"
	body := head + strings.Repeat("All work and no play. ", text/22+1)[:text]
	for i := range messages {
		line := fmt.Sprintf("MSG %d A %d\r\n%s", i+3, len(body), body)
		if i%2 == 1 {
			all = append(all, said{1, []byte(fmt.Sprintf("MSG %s User%%20%d %d\r\n%s", other, n+1, len(body), body))})
			continue
		}
		all = append(all, said{0, []byte(line)})
		all = append(all, script(fmt.Sprintf("S ACK %d", i+3))...)
	}
	return append(all, script("S BYE "+other, "C OUT")...)
}
