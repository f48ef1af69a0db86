package server

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/accounts"
)

// twoServers calls f with a script on a server that shares hub and store with another one.
// Connections whose names end in 2 go to the other one.
func twoServers(t *testing.T, f func(p *script)) {
	synctest.Test(t, func(t *testing.T) {
		store, hub := accounts.Defaults(), NewHub()
		notification := []string{"127.0.0.3:1863", "127.0.1.3:1863"}
		one := New(Options{Store: store, Hub: hub, Notification: notification})
		two := New(Options{
			Store: store, Hub: hub, Dispatch: "127.0.1.2", Notification: []string{notification[1], notification[0]},
			Switchboard: "127.0.1.4",
		})
		p := newScript(t, one)
		p.second = two
		defer two.Close()
		defer p.close()
		f(p)
		p.quiet()
	})
}

// TestUsersOfTwoServers: alice and bob, on different servers, see each other and talk (§4).
func TestUsersOfTwoServers(t *testing.T) {
	twoServers(t, func(p *script) {
		p.run(`
			alice.ns -- online
			bob.ns2 -- online
			alice.ns C: ADD 1 FL bob@hotmail.com Bob
			alice.ns S: ADD 1 FL 2 bob@hotmail.com Bob
			alice.ns S: ILN 1 NLN bob@hotmail.com bob
			bob.ns2 S: ADD 0 RL 2 alice@hotmail.com alice
			bob.ns2 C: CHG 2 AWY
			bob.ns2 S: CHG 2 AWY
			alice.ns S: NLN AWY bob@hotmail.com bob

			alice.ns C: XFR 3 SB
			alice.ns S: XFR 3 SB 127.0.0.4:1863 CKI {cookie}
			alice.sb2 C: USR 1 alice@hotmail.com {cookie}
			alice.sb2 S: 911 1
			alice.sb2 S: (closed)
			alice.sb C: USR 1 alice@hotmail.com {cookie}
			alice.sb S: USR 1 OK alice@hotmail.com alice
			alice.sb C: CAL 2 bob@hotmail.com
			alice.sb S: CAL 2 RINGING {id}
			bob.ns2 S: RNG {id} 127.0.0.4:1863 CKI {ring} alice@hotmail.com alice
			bob.sb C: ANS 1 bob@hotmail.com {ring} {id}
			bob.sb S: IRO 1 1 1 alice@hotmail.com alice
			bob.sb S: ANS 1 OK
			alice.sb S: JOI bob@hotmail.com bob
			alice.sb C: MSG 3 A 2
			| hi
			bob.sb S: MSG alice@hotmail.com alice 2
			| hi
			alice.sb S: ACK 3

			bob.ns2 C: ADD 4 BL alice@hotmail.com Alice
			bob.ns2 S: ADD 4 BL 3 alice@hotmail.com Alice
			alice.ns S: FLN bob@hotmail.com
			bob.ns2 C: CHG 5 HDN
			bob.ns2 S: CHG 5 HDN
			bob.ns2 C: REM 6 BL alice@hotmail.com
			bob.ns2 S: REM 6 BL 4 alice@hotmail.com
			alice.ns S: (nothing)
			bob.ns2 C: CHG 7 BSY
			bob.ns2 S: CHG 7 BSY
			alice.ns S: NLN BSY bob@hotmail.com bob
			bob.ns2 -- close
			alice.ns S: FLN bob@hotmail.com
		`)
	})
}

// TestOneServerARole: dispatch server, notification server and switchboard share only hub and
// store.
func TestOneServerARole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := Options{Store: accounts.Defaults(), Hub: NewHub()}
		p := newScript(t, New(o))
		defer p.close()
		p.byRole = map[dialect.Role]*Server{dialect.NS: New(o), dialect.SB: New(o)}
		for _, s := range p.byRole {
			defer s.Close()
		}
		p.run(`
			alice.ds C: USR 1 MD5 I alice@hotmail.com
			alice.ds S: XFR 1 NS 127.0.0.3:1863
			alice.ds S: (closed)
			alice.ns -- online
			bob.ns -- online
			alice.sb -- chat bob
			alice.sb C: MSG 1 A 2
			| hi
			alice.sb S: ACK 1
			bob.sb S: MSG alice@hotmail.com alice 2
			| hi
			bob.sb -- close
			alice.sb S: BYE bob@hotmail.com`)
		p.quiet()
	})
}

// TestSecondLogonOnAnotherServer: the first connection is ended, on whichever server it is (§7.10).
func TestSecondLogonOnAnotherServer(t *testing.T) {
	twoServers(t, func(p *script) {
		p.run(`
			bob.ns -- online
			alice.ns -- online
			bob.ns C: ADD 1 FL alice@hotmail.com Alice
			bob.ns S: ADD 1 FL 2 alice@hotmail.com Alice
			bob.ns S: ILN 1 NLN alice@hotmail.com alice
			alice.ns S: ADD 0 RL 2 bob@hotmail.com bob
			alice.ns2 C: USR 1 MD5 I alice@hotmail.com
			alice.ns2 S: USR 1 MD5 S {c}
			alice.ns2 C: USR 1 MD5 S {md5 c alicepw}
			alice.ns2 S: USR 1 OK alice@hotmail.com alice
			alice.ns S: OUT OTH
			alice.ns S: (closed)
			bob.ns S: FLN alice@hotmail.com
			alice.ns2 C: CHG 2 BSY
			alice.ns2 S: CHG 2 BSY
			bob.ns S: NLN BSY alice@hotmail.com alice
		`)
	})
}

// TestDrain moves the users of one notification server to that of another server, and back (§7.4).
func TestDrain(t *testing.T) {
	twoServers(t, func(p *script) {
		p.run(`
			bob.ns2 -- online
			bob.ns2 C: ADD 1 FL alice@hotmail.com Alice
			bob.ns2 S: ADD 1 FL 2 alice@hotmail.com Alice
			alice.ns -- online
			bob.ns2 S: NLN NLN alice@hotmail.com alice`)
		const here, there = "127.0.0.3:1863", "127.0.1.3:1863"
		drain := func(from, to string, want int) {
			t.Helper()
			if n, err := p.s.Drain(from, to); n != want || err != nil {
				t.Errorf("Drain(%s, %s) = %d, %v, want %d", from, to, n, err, want)
			}
		}
		p.run(`
			dave.ns C: USR 1 MD5 I dave@hotmail.com
			dave.ns S: USR 1 MD5 S {d}`)
		drain(here, there, 1)
		p.run(`
			alice.ns S: XFR 0 NS 127.0.1.3:1863
			# who was in the middle of the logon is sent on at its end
			dave.ns C: USR 2 MD5 S {md5 d davepw}
			dave.ns S: XFR 2 NS 127.0.1.3:1863
			dave.ns S: (closed)
			# what was on its way is not answered any more, and nothing else is heard
			alice.ns C: CHG 9 AWY
			bob.ns2 C: CHG 2 AWY
			bob.ns2 S: CHG 2 AWY
			alice.ns S: (nothing)
			# who comes is sent on
			carol.ds C: USR 1 MD5 I carol@hotmail.com
			carol.ds S: XFR 1 NS 127.0.1.3:1863
			carol.ds S: (closed)
			carol.ns C: USR 1 MD5 I carol@hotmail.com
			carol.ns S: XFR 1 NS 127.0.1.3:1863
			carol.ns S: (closed)
			alice.ns -- close
			bob.ns2 S: FLN alice@hotmail.com
			alice.ns2 -- online
			bob.ns2 S: NLN NLN alice@hotmail.com alice`)
		drain(there, here, 0) // alice is on the other server, which is not drained
		p.run(`
			alice.nsx C: USR 1 MD5 I alice@hotmail.com
			alice.nsx S: USR 1 MD5 S {c}`)
		for _, wrong := range [][2]string{{"10.9.9.9", here}, {here, here}} {
			if _, err := p.s.Drain(wrong[0], wrong[1]); err == nil {
				t.Errorf("Drain(%s, %s) succeeded", wrong[0], wrong[1])
			}
		}
	})
}

// placed is a Placement that sends everybody to one place.
type placed struct{ ns, sb string }

func (p *placed) Notification(string) string { return p.ns }
func (p *placed) Switchboard(string) string  { return p.sb }

// TestPlacement: one of many servers sends users to where the Placement says, and moves them there
// when it leaves (§7.4, §8.1).
func TestPlacement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		place := &placed{"127.0.1.3:1863", "127.0.1.4:1863"}
		o := Options{Store: accounts.Defaults(), Hub: NewHub(), Placement: place}
		p := newScript(t, New(o))
		defer p.close()
		o.Dispatch, o.Notification, o.Switchboard = "127.0.1.2", []string{"127.0.1.3"}, "127.0.1.4"
		p.second = New(o)
		defer p.second.Close()
		p.run(`
			alice.ds C: USR 1 MD5 I alice@hotmail.com
			alice.ds S: XFR 1 NS 127.0.1.3:1863
			alice.ds S: (closed)
			bob.ns2 -- online
			bob.ns2 C: ADD 1 FL alice@hotmail.com Alice
			bob.ns2 S: ADD 1 FL 2 alice@hotmail.com Alice
			alice.ns -- online
			bob.ns2 S: NLN NLN alice@hotmail.com alice
			alice.ns C: XFR 2 SB
			alice.ns S: XFR 2 SB 127.0.1.4:1863 CKI {cookie}
			alice.sb2 C: USR 1 alice@hotmail.com {cookie}
			alice.sb2 S: USR 1 OK alice@hotmail.com alice
			dave.ns -- logon`)
		if n := p.s.Leave(); n != 2 {
			t.Errorf("%d users were referred, want 2", n)
		}
		p.run(`
			alice.ns S: XFR 0 NS 127.0.1.3:1863
			dave.ns S: XFR 0 NS 127.0.1.3:1863
			dave.ns -- close
			carol.ns C: USR 1 MD5 I carol@hotmail.com
			carol.ns S: XFR 1 NS 127.0.1.3:1863
			carol.ns S: (closed)
			alice.ns -- close
			bob.ns2 S: FLN alice@hotmail.com`)
		place.ns, place.sb = "", ""
		p.run(`
			carol.ds C: USR 1 MD5 I carol@hotmail.com
			carol.ds S: 600 1
			carol.ds S: (closed)
			# with nowhere else to go, people may still come
			carol.nsa -- online
			bob.ns2 C: ADD 2 FL carol@hotmail.com Carol
			bob.ns2 S: ADD 2 FL 3 carol@hotmail.com Carol
			bob.ns2 S: ILN 2 NLN carol@hotmail.com carol
			carol.nsa S: ADD 0 RL 2 bob@hotmail.com bob`)
		// whoever is elsewhere sees who leaves with a server that closes
		p.s.Close()
		p.run(`
			carol.nsa S: OUT SSD
			carol.nsa S: (closed)
			bob.ns2 S: FLN carol@hotmail.com`)
	})
}

// TestEndLonely: of the sessions at a switchboard that is to stop, those end in which a user has
// been alone for a while, and nobody is invited.
func TestEndLonely(t *testing.T) {
	synctestScript(t, Options{}, func(p *script) {
		p.run(`
			alice.ns -- online
			bob.ns -- online
			carol.ns -- online
			alice.sb -- chat bob
			carol.sb -- chat
			dave.ns -- online
			dave.sb -- chat
			dave.sb C: CAL 1 carol@hotmail.com
			dave.sb S: CAL 1 RINGING {number}
			carol.ns S: RNG {number} 127.0.0.4:1863 CKI {ring} dave@hotmail.com dave
			-- wait 4s`)
		if n := p.s.EndLonely(5 * time.Second); n != 3 {
			t.Errorf("%d sessions are left, want 3", n)
		}
		p.run(`
			-- wait 1s`)
		p.s.EndLonely(5 * time.Second)
		p.run(`
			carol.sb S: (closed)
			dave.sb S: (nothing)
			alice.sb C: MSG 2 A 2
			| hi
			alice.sb S: ACK 2
			bob.sb S: MSG alice@hotmail.com alice 2
			| hi
			bob.sb -- close
			alice.sb S: BYE bob@hotmail.com
			-- wait 5s`)
		p.s.EndLonely(5 * time.Second)
		p.run(`
			alice.sb S: (closed)`)
		if n := p.s.EndLonely(0); n != 1 {
			t.Errorf("%d sessions are left, want 1", n)
		}
	})
}

// TestSevered: a connection for which the hub cannot vouch any more ends like at a shutdown.
func TestSevered(t *testing.T) {
	synctestScript(t, Options{}, func(p *script) {
		p.run("alice.ns -- online")
		if ok, err := p.s.hub.Deliver(t.Context(), "alice@hotmail.com", Notice{Kind: Severed}); !ok || err != nil {
			t.Errorf("Deliver = %v, %v", ok, err)
		}
		p.run(`
			alice.ns S: OUT SSD
			alice.ns S: (closed)`)
	})
}

// TestNoticesDuringADrain: a notice that comes while a client is referred does not follow the
// referral. If it comes in the middle of an answer, it precedes the referral.
func TestNoticesDuringADrain(t *testing.T) {
	const xfr, news, part = "XFR 0 NS 10.0.0.5:1863\r\n", "NLN NLN bob@hotmail.com bob\r\n", "LST 1 FL 1 1 2 c@d e\r\n"
	for _, tc := range []struct {
		name string
		lent bool
		want string
	}{
		{"between commands", false, part + xfr},
		{"in the middle of an answer", true, part + news + xfr},
	} {
		t.Run(tc.name, func(t *testing.T) {
			q := &queue{shown: "NLN"}
			tell := func() bool {
				ok, _, err := q.notify(Moved, []byte(news))
				return ok && err == nil
			}
			q.hold()
			if ok, err := q.add([]byte(part)); !ok || err != nil {
				t.Fatal(ok, err)
			}
			q.lend(tc.lent)
			if !tell() {
				t.Fatal("the notice before the referral was refused")
			}
			if ok, err := q.add([]byte(xfr)); !ok || err != nil {
				t.Fatal(ok, err)
			}
			q.mute()
			if tell() {
				t.Error("a notice after the referral was accepted")
			}
			q.lend(false)
			q.release()
			if got := string(q.next(nil)); got != tc.want {
				t.Errorf("sent %q, want %q", got, tc.want)
			}
		})
	}
}

// TestReferredClientsThatStay: clients that ignore a referral are disconnected after a while, and
// are not told of the second logon.
func TestReferredClientsThatStay(t *testing.T) {
	twoServers(t, func(p *script) {
		p.run("alice.ns -- online\nbob.ns -- online")
		if n, err := p.s.Drain("127.0.0.3", "127.0.1.3"); n != 2 || err != nil {
			t.Fatalf("Drain = %d, %v", n, err)
		}
		p.run(`
			alice.ns S: XFR 0 NS 127.0.1.3:1863
			bob.ns S: XFR 0 NS 127.0.1.3:1863
			alice.ns2 -- online
			alice.ns S: (closed)
			-- wait 29s
			bob.ns S: (nothing)
			-- wait 2s
			bob.ns S: (closed)`)
	})
}
