package explain

import "strings"

// step is one part of the model session: a text about it, and its lines in the draft's notation.
type step struct{ text, lines string }

// walk is the model session, from the first connection to the last message. Its lines are MSNP2.
var walk = []step{
	{
		"Alice's client opens a TCP connection to the **dispatch server**, port 1863. Both agree on a dialect (§7.1) " +
			"and on a method to prove a password (§7.2). The client names the user (§7.3), and is referred to " +
			"Alice's notification server (§7.4).",
		"C: VER 0 MSNP2 CVR0\nS: VER 0 MSNP2\nC: INF 1\nS: INF 1 MD5\nC: USR 2 MD5 I alice@hotmail.com\n" +
			"S: XFR 2 NS 10.0.0.5:1863",
	},
	{
		"The dispatch server closes. On a new connection, to the **notification server**, the exchange begins again; " +
			"this time the answer is a challenge. The client sends MD5 of the challenge and the password: the " +
			"password itself never travels.",
		"C: VER 3 MSNP2 CVR0\nS: VER 3 MSNP2\nC: INF 4\nS: INF 4 MD5\nC: USR 5 MD5 I alice@hotmail.com\n" +
			"S: USR 5 MD5 S 1013928519.693957190\nC: USR 6 MD5 S 7f919fab309532df353c901430df36fa\n" +
			"S: USR 6 OK alice@hotmail.com Alice%20L",
	},
	{
		"The client asks for the settings and the four lists unless it already has that version (§7.5), and becomes " +
			"visible (§7.7). ILN tells which contacts are online already (§7.9). From now on the server sends " +
			"notifications whenever something happens.",
		"C: SYN 7 0\nS: SYN 7 12\nS: GTC 7 12 A\nS: BLP 7 12 AL\nS: LST 7 FL 12 1 1 bob@hotmail.com Bob\n" +
			"S: LST 7 AL 12 1 1 bob@hotmail.com Bob\nS: LST 7 BL 12 0 0\nS: LST 7 RL 12 1 1 bob@hotmail.com Bob\n" +
			"C: CHG 8 NLN\nS: CHG 8 NLN\nS: ILN 8 AWY bob@hotmail.com Bob\nS: NLN NLN bob@hotmail.com Bob",
	},
	{
		"To talk, the client asks for a switchboard (§8.1) and keeps its connection to the notification server. The " +
			"answer contains an address and a cookie.",
		"C: XFR 9 SB\nS: XFR 9 SB 10.0.0.9:1863 CKI 17262740.1050826919.32308",
	},
	{
		"On a third connection, to the **switchboard server**, the cookie replaces the password (§8.2). The client " +
			"invites Bob (§8.3).",
		"C: USR 1 alice@hotmail.com 17262740.1050826919.32308\nS: USR 1 OK alice@hotmail.com Alice%20L\n" +
			"C: CAL 2 bob@hotmail.com\nS: CAL 2 RINGING 11752013",
	},
	{
		"Bob's notification server rings: it sends the address of the session, a cookie for Bob, and the name of the " +
			"caller (§8.4).",
		"S: RNG 11752013 10.0.0.9:1863 CKI 849102291.520491113 alice@hotmail.com Alice%20L",
	},
	{
		"Bob's client connects to the same switchboard and answers. It is told who is in the session.",
		"C: ANS 1 bob@hotmail.com 849102291.520491113 11752013\nS: IRO 1 1 1 alice@hotmail.com Alice%20L\nS: ANS 1 OK",
	},
	{
		"Alice's client learns that Bob joined (§8.5). What she writes goes to all others in the session, with her " +
			"handle and name in front (§8.7, §8.8). The session ends when the last user leaves (§8.6).",
		"S: JOI bob@hotmail.com Bob\nC: MSG 3 N 71\n|  MIME-Version: 1.0\n|  " +
			"Content-Type: text/plain; charset=UTF-8\n|\n|  Hello Bob\nS: BYE bob@hotmail.com\nC: OUT",
	},
}

func (d *document) session() {
	d.add("\n## A session\n\n`C:` is a line from the client, `S:` one from the server, `|` a line of the payload " +
		"after it.\n\n```\n" + strings.TrimLeft(ladder, "\n") + "```\n")
	for _, s := range walk {
		d.addf("\n%s\n\n```\n%s\n```\n", s.text, s.lines)
	}
}

const ladder = `
client                      dispatch (DS)    notification (NS)    switchboard (SB)
  | VER, INF, USR ...............|                  |                    |
  |........ XFR NS: go there ....|                  |                    |
  | VER, INF, USR, USR .............................|                    |
  | SYN, CHG, ADD, ... .............................|                    |
  | XFR SB .........................................|                    |
  |........................... XFR SB: go there ....|                    |
  | USR, CAL, MSG, ... ..................................................|
  |                                 RNG to the other client, which ANSwers
`
