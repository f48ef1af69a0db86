package server

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/server/accounts"
)

// speakLatest is a logon with the newest dialect that the server speaks.
const speakLatest = `
	alice.ns C: VER 1 MSNP7
	alice.ns S: VER 1 MSNP7
	alice.ns C: USR 2 MD5 I alice@hotmail.com
	alice.ns S: USR 2 MD5 S {challenge}
	alice.ns C: USR 3 MD5 S {md5 challenge alicepw}
	alice.ns S: USR 3 OK alice@hotmail.com alice 1
`

// TestBrokenProperties: stored extras that cannot be parsed cost the user groups and telephones,
// but neither contacts nor the logon. They are not overwritten, since somebody may be able to
// recover them.
func TestBrokenProperties(t *testing.T) {
	store := accounts.Defaults()
	if _, err := store.Set(t.Context(), "alice@hotmail.com", accounts.More, "{"); err != nil {
		t.Fatal(err)
	}
	play(t, Options{Store: store}, speakLatest+`
		alice.ns C: LSG 4
		alice.ns S: LSG 4 2 1 1 0 ~ 0
		alice.ns C: ADG 5 Work 0
		alice.ns S: 501 5
		alice.ns C: SYN 6 0
		alice.ns S: SYN 6 2
		alice.ns S: GTC 6 2 A
		alice.ns S: BLP 6 2 AL
		alice.ns S: PRP 6 2 PHH
		alice.ns S: PRP 6 2 PHW
		alice.ns S: PRP 6 2 PHM
		alice.ns S: PRP 6 2 MOB
		alice.ns S: PRP 6 2 MBE
		alice.ns S: LSG 6 2 1 1 0 ~ 0
		alice.ns S: LST 6 FL 2 0 0
		alice.ns S: LST 6 AL 2 0 0
		alice.ns S: LST 6 BL 2 0 0
		alice.ns S: LST 6 RL 2 0 0
		alice.ns C: LST 7 FL
		alice.ns S: LST 7 FL 2 0 0
		alice.ns C: CHG 8 HDN
		alice.ns S: CHG 8 HDN
		alice.ns S: CHL 0 {proof}
	`)
}

// TestGroupsAreBounded: a user's groups, and what the store keeps of them, do not grow without end.
func TestGroupsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := 1; i < maxGroups; i++ {
		fmt.Fprintf(&b, "alice.ns C: ADG 5 g%d 0\nalice.ns S: ADG 5 %d g%d %d 0\n", i, i+1, i, i)
	}
	play(t, Options{}, speakLatest+b.String()+`
		alice.ns C: ADG 6 more 0
		alice.ns S: 223 6
	`)
}

// TestTextThatIsNotUTF8: clients of the time sent Latin-1 where escapes belong (§5.5). They are
// answered with what is stored, and two names that look alike count as one.
func TestTextThatIsNotUTF8(t *testing.T) {
	play(t, Options{}, speakLatest+`
		alice.ns -- raw "ADG 4 Br\xfcder%20x 0\r\n"
		alice.ns S: ADG 4 2 Br%FCder%20x 1 0
		alice.ns -- raw "ADG 5 Br\xfcder%20x 0\r\n"
		alice.ns S: 228 5
		alice.ns -- raw "REG 6 1 Gr\xfc\xdfe 0\r\n"
		alice.ns S: REG 6 3 1 Gr%FC%DFe 0
		alice.ns -- raw "PRP 7 PHH \xb2\r\n"
		alice.ns S: PRP 7 4 PHH %B2
		alice.ns -- raw "ADG 8 Br\xc3\xbcder 0\r\n"
		alice.ns S: ADG 8 5 Brüder 2 0
		alice.ns C: LSG 9
		alice.ns S: LSG 9 5 1 3 0 ~ 0
		alice.ns S: LSG 9 5 2 3 1 Gr%FC%DFe 0
		alice.ns S: LSG 9 5 3 3 2 Brüder 0
	`)
}

// TestCommandsDoNotFillTheLog: an event of a command is logged once, and then at growing intervals
// with the number of times it happened.
func TestCommandsDoNotFillTheLog(t *testing.T) {
	var log msntest.Transcript
	synctestScript(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, func(p *script) {
		p.run("alice.ns -- online")
		for range 2 {
			p.run(`alice.ns -- raw "` + strings.Repeat(`SND 1 x@hotmail.com\r\n`, 100) + "\"\n-- wait 1s")
		}
		p.drop("alice.ns")
	})
	if n := strings.Count(log.String(), "invitation by mail"); n != 2 || !strings.Contains(log.String(), "count=100") {
		t.Errorf("%d lines of 200 invitations: %s", n, log.String())
	}
}
