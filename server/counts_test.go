package server

import (
	"maps"
	"testing"
	"testing/synctest"

	"github.com/msnscope/msnscope/decode/dialect"
)

// TestStats: two users sign in, one at the second attempt, and talk.
func TestStats(t *testing.T) {
	synctestScript(t, Options{}, func(p *script) {
		p.run(`
			alice.ns -- online
			bob.ns -- online
			alice.sb -- chat bob
			alice.sb C: MSG 1 N 2
			| hi
			bob.sb S: MSG alice@hotmail.com alice 2
			| hi
			x.ns C: VER 0 MSNP2
			x.ns S: VER 0 MSNP2
			x.ns C: INF 1
			x.ns S: INF 1 MD5
			x.ns C: USR 2 MD5 I carol@hotmail.com
			x.ns S: USR 2 MD5 S {salt}
			x.ns C: USR 3 MD5 S 00000000000000000000000000000000
			-- wait 1s
			x.ns S: 911 3
			y.ns C: ZZZ 1
			y.ns S: 200 1`)
		synctest.Wait()
		st := p.s.Stats()
		if st.Users != 2 || st.Switchboards != 1 {
			t.Errorf("%d users and %d switchboards, want 2 and 1", st.Users, st.Switchboards)
		}
		if st.SignIns[SignedIn] != 2 || st.SignIns[WrongPassword] != 1 || st.SignIns[SignInFailed] != 0 {
			t.Errorf("sign-ins %v, want 2 and 1 wrong password", st.SignIns)
		}
		if st.Errors[911] != 1 || st.Errors[200] != 1 {
			t.Errorf("errors %v, want one 911 and one 200", st.Errors)
		}
		ns, sb := st.Commands[dialect.NS], st.Commands[dialect.SB]
		if ns["USR"] != 6 || ns[""] != 1 || sb["MSG"] != 1 || sb["ANS"] != 1 {
			t.Errorf("commands %v, want 6 USR and an unknown one at NS, 1 MSG and 1 ANS at SB", st.Commands)
		}
		if st.Open[dialect.NS] < 2 || st.Accepted[dialect.SB] != 2 || st.Received == 0 || st.Sent < st.Received {
			t.Errorf("open %v, accepted %v, %d bytes in and %d out", st.Open, st.Accepted, st.Received, st.Sent)
		}
		p.run(`
			alice.ns -- close
			bob.ns -- close
			bob.sb -- close
			alice.sb S: BYE bob@hotmail.com
			alice.sb -- close
			x.ns -- close
			y.ns -- close`)
		synctest.Wait()
		st = p.s.Stats()
		none := map[dialect.Role]int{dialect.DS: 0, dialect.NS: 0, dialect.SB: 0}
		if !maps.Equal(st.Open, none) || st.Users != 0 || st.Switchboards != 0 {
			t.Errorf("when all have left, %v, %d users and %d switchboards remain", st.Open, st.Users, st.Switchboards)
		}
	})
}
