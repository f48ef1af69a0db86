package server

import (
	"strings"
	"testing"
)

// TestWholeSession plays the draft's session from the first VER to the last BYE on the three kinds
// of server.
func TestWholeSession(t *testing.T) {
	play(t, Options{}, `
		alice.ds C: VER 0 MSNP2 CVR0
		alice.ds S: VER 0 MSNP2 CVR0
		alice.ds C: INF 1
		alice.ds S: INF 1 MD5
		alice.ds C: USR 2 MD5 I alice@hotmail.com
		alice.ds S: XFR 2 NS 127.0.0.3:1863
		alice.ds S: (closed)

		alice.ns C: VER 3 MSNP2 CVR0
		alice.ns S: VER 3 MSNP2 CVR0
		alice.ns C: INF 4
		alice.ns S: INF 4 MD5
		alice.ns C: USR 5 MD5 I alice@hotmail.com
		alice.ns S: USR 5 MD5 S {challenge}
		alice.ns C: USR 6 MD5 S {md5 challenge alicepw}
		alice.ns S: USR 6 OK alice@hotmail.com alice
		alice.ns C: SYN 7 0
		alice.ns S: SYN 7 1
		alice.ns S: GTC 7 1 A
		alice.ns S: BLP 7 1 AL
		alice.ns S: LST 7 FL 1 0 0
		alice.ns S: LST 7 AL 1 0 0
		alice.ns S: LST 7 BL 1 0 0
		alice.ns S: LST 7 RL 1 0 0

		bob.ns -- online
		alice.ns C: ADD 8 FL bob@hotmail.com My%20Bob
		alice.ns S: ADD 8 FL 2 bob@hotmail.com My%20Bob
		bob.ns S: ADD 0 RL 2 alice@hotmail.com alice
		bob.ns C: CHG 2 AWY
		bob.ns S: CHG 2 AWY
		alice.ns C: CHG 9 NLN
		alice.ns S: CHG 9 NLN
		alice.ns S: ILN 9 AWY bob@hotmail.com bob
		bob.ns C: CHG 3 BSY
		bob.ns S: CHG 3 BSY
		alice.ns S: NLN BSY bob@hotmail.com bob
		alice.ns C: SYN 10 1
		alice.ns S: SYN 10 2
		alice.ns S: GTC 10 2 A
		alice.ns S: BLP 10 2 AL
		alice.ns S: LST 10 FL 2 1 1 bob@hotmail.com My%20Bob
		alice.ns S: LST 10 AL 2 0 0
		alice.ns S: LST 10 BL 2 0 0
		alice.ns S: LST 10 RL 2 0 0
		alice.ns C: SYN 11 2
		alice.ns S: SYN 11 2

		alice.ns C: XFR 12 SB
		alice.ns S: XFR 12 SB 127.0.0.4:1863 CKI {cookie}
		alice.sb C: USR 1 alice@hotmail.com {cookie}
		alice.sb S: USR 1 OK alice@hotmail.com alice
		alice.sb C: CAL 2 bob@hotmail.com
		alice.sb S: CAL 2 RINGING {id}
		bob.ns S: RNG {id} 127.0.0.4:1863 CKI {ring} alice@hotmail.com alice
		alice.sb C: MSG 3 N 2
		| hi
		alice.sb S: NAK 3
		bob.sb C: ANS 1 bob@hotmail.com {ring} {id}
		bob.sb S: IRO 1 1 1 alice@hotmail.com alice
		bob.sb S: ANS 1 OK
		alice.sb S: JOI bob@hotmail.com bob

		alice.sb C: MSG 4 N 133
		| MIME-Version: 1.0
		| Content-Type: text/plain; charset=UTF-8
		| X-MMS-IM-Format: FN=Arial; EF=I; CO=0; CS=0; PF=22
		|
		| Hello! How are you?
		bob.sb S: MSG alice@hotmail.com alice 133
		| MIME-Version: 1.0
		| Content-Type: text/plain; charset=UTF-8
		| X-MMS-IM-Format: FN=Arial; EF=I; CO=0; CS=0; PF=22
		|
		| Hello! How are you?

		carol.ns -- online
		bob.sb C: CAL 2 carol@hotmail.com
		bob.sb S: CAL 2 RINGING {id}
		carol.ns S: RNG {id} 127.0.0.4:1863 CKI {ring2} bob@hotmail.com bob
		carol.sb C: ANS 1 carol@hotmail.com {ring2} {id}
		carol.sb S: IRO 1 1 2 alice@hotmail.com alice
		carol.sb S: IRO 1 2 2 bob@hotmail.com bob
		carol.sb S: ANS 1 OK
		alice.sb S: JOI carol@hotmail.com carol
		bob.sb S: JOI carol@hotmail.com carol
		carol.sb C: MSG 2 A 5
		| hello
		carol.sb S: ACK 2
		alice.sb S: MSG carol@hotmail.com carol 5
		| hello
		bob.sb S: MSG carol@hotmail.com carol 5
		| hello
		carol.sb C: MSG 3 U 0
		alice.sb S: MSG carol@hotmail.com carol 0
		bob.sb S: MSG carol@hotmail.com carol 0

		bob.sb C: OUT
		bob.sb S: (closed)
		alice.sb S: BYE bob@hotmail.com
		carol.sb S: BYE bob@hotmail.com
		alice.sb -- close
		carol.sb S: BYE alice@hotmail.com
		carol.sb C: MSG 4 U 2
		| hm
		carol.sb C: MSG 5 A 2
		| hm
		carol.sb S: NAK 5

		bob.ns -- close
		alice.ns S: FLN bob@hotmail.com
		alice.ns C: REM 13 FL bob@hotmail.com
		alice.ns S: REM 13 FL 3 bob@hotmail.com
		alice.ns C: OUT
		alice.ns S: OUT
		alice.ns S: (closed)
	`)
}

// TestAnswersOfPresets covers what the presets differ in besides errors.
func TestAnswersOfPresets(t *testing.T) {
	t.Run("draft", func(t *testing.T) {
		play(t, Options{Preset: Draft}, `
			alice.nsx C: USR 0 MD5 I alice@hotmail.com
			alice.nsx S: 715 0
			alice.nsx C: VER 1 MSNP5 msnp2 CVR0
			alice.nsx S: VER 1 MSNP2
			alice.nsx C: PNG
			alice.nsx S: 200
			alice.nsx C: CVR 2 0x0409 win 4.10 i386 MSMSGS 1.0.0863
			alice.nsx S: 200 2
			alice.nsx C: OUT
			alice.nsx S: OUT
			alice.nsx S: (closed)
		`)
	})
	t.Run("draft, JOI to the joiner too", func(t *testing.T) {
		synctestScript(t, Options{Preset: Draft}, func(p *script) {
			for _, user := range []string{"alice", "bob"} {
				p.run(user + `.ns C: VER 0 MSNP2
					` + user + `.ns S: VER 0 MSNP2
					` + user + `.ns -- online`)
			}
			p.run(`
				alice.sb -- chat
				alice.sb C: CAL 1 bob@hotmail.com
				alice.sb S: CAL 1 RINGING {id}
				bob.ns S: RNG {id} 127.0.0.4:1863 CKI {ring} alice@hotmail.com alice
				bob.sb C: ANS 7 bob@hotmail.com {ring} {id}
				bob.sb S: IRO 7 1 1 alice@hotmail.com alice
				bob.sb S: ANS 7 OK
				bob.sb S: JOI bob@hotmail.com bob
				alice.sb S: JOI bob@hotmail.com bob
			`)
		})
	})
	t.Run("observed", func(t *testing.T) {
		play(t, Options{Preset: Observed}, `
			alice.ns C: VER 0 MSNP2 CVR0
			alice.ns S: VER 0 MSNP2 CVR0
			alice.ns C: USR 1 MD5 I alice@hotmail.com
			alice.ns S: USR 1 MD5 S {challenge}
			alice.ns C: USR 2 MD5 S {md5 challenge alicepw}
			alice.ns S: USR 2 OK alice@hotmail.com alice
			alice.ns S: MSG Hotmail Hotmail 94
			| MIME-Version: 1.0
			| Content-Type: text/x-msmsgsprofile; charset=UTF-8
			| LoginTime: 946684800
			|
			|
			alice.ns C: OUT
			alice.ns S: (closed)

			alice.nsx C: USR 1 MD5 I alice@hotmail.com
			alice.nsx S: USR 1 MD5 S {challenge2}
			alice.nsx C: USR 2 MD5 S wrong
			-- wait 20ms
			alice.nsx S: 911 2
			alice.nsx S: (closed)
		`)
	})
}

// TestDigestInCapitals: the digest is compared without regard to case, since clients write it both
// ways.
func TestDigestInCapitals(t *testing.T) {
	synctestScript(t, Options{}, func(p *script) {
		p.run("alice.ns C: USR 1 MD5 I alice@hotmail.com\nalice.ns S: USR 1 MD5 S {c}")
		p.run("alice.ns C: USR 1 MD5 S " + strings.ToUpper(p.fill("{md5 c alicepw}")))
		p.run("alice.ns S: USR 1 OK alice@hotmail.com alice")
	})
}

// TestExtensions covers what real clients send beyond the draft.
func TestExtensions(t *testing.T) {
	play(t, Options{}, `
		bob.ns -- online
		bob.ns C: ADD 1 FL alice@hotmail.com Alice
		bob.ns S: ADD 1 FL 2 alice@hotmail.com Alice
		alice.ns C: CVR 8 0x0409 win 4.10 i386 MSMSGS 1.0.0863
		alice.ns S: CVR 8 1.0.0863 1.0.0863 1.0.0863 http://messenger.invalid/ http://messenger.invalid/
		alice.ns C: PNG
		alice.ns S: QNG
		alice.ns -- online
		bob.ns S: NLN NLN alice@hotmail.com alice
		alice.ns C: REA 1 alice@hotmail.com Alice%20L%e9
		alice.ns S: REA 1 3 alice@hotmail.com Alice%20L%e9
		bob.ns S: NLN NLN alice@hotmail.com Alice%20L%e9
		bob.ns C: REA 2 ALICE@hotmail.com My%20Alice
		bob.ns S: REA 2 3 alice@hotmail.com My%20Alice
		bob.ns C: LST 3 FL
		bob.ns S: LST 3 FL 3 1 1 alice@hotmail.com My%20Alice
		bob.ns C: REA 4 carol@hotmail.com x
		bob.ns S: 216 4
		alice.ns C: URL 2 INBOX
		alice.ns S: URL 2 /cgi-bin/HoTMaiL http://messenger.invalid/
		alice.ns C: URL 3 OUTBOX
		alice.ns S: 201 3
		alice.ns C: FND 4 fname=Another lname=User city=* state=* country=US
		alice.ns S: FND 4 0 0
		alice.ns C: SND 5 erin@hotmail.com
		alice.ns S: SND 5 OK
		alice.ns C: QRY 6 msmsgs@msnmsgr.com 32
		| 8f2f5a91b72102cd28355e9fc9000d6e
		alice.ns S: 715 6

		carol.ds C: VER 1 CVR0
		carol.ds S: VER 1 CVR0
		carol.ds C: CVQ 2 0x0409 win 4.10 i386 MSMSGS 1.0.0863
		carol.ds S: CVQ 2 1.0.0863 1.0.0863 1.0.0863 http://messenger.invalid/ http://messenger.invalid/
		carol.ds S: (closed)
	`)
}
