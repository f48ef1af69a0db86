package server

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/server/accounts"
)

// endings are the ways in which a program that has the server and its store can end all connections
// of a user.
var endings = map[string]func(t *testing.T, s *Server, m *accounts.Memory) error{
	"removed": func(t *testing.T, _ *Server, m *accounts.Memory) error {
		return m.Delete(t.Context(), "Alice@hotmail.com")
	},
	"password": func(t *testing.T, _ *Server, m *accounts.Memory) error {
		return m.SetPassword(t.Context(), "alice@hotmail.com", "x")
	},
	"kicked": func(t *testing.T, s *Server, _ *accounts.Memory) error {
		if !s.Kick("ALICE@hotmail.com") || s.Kick("nobody@hotmail.com") {
			t.Error("Kick does not say whether somebody was there")
		}
		return nil
	},
}

// TestEndingAUserEndsAllConnections: a user who is removed, gets another password or is kicked
// loses the notification connection, every seat in a session, its cookies, and the invitations that
// it has sent and received; other users lose nothing.
func TestEndingAUserEndsAllConnections(t *testing.T) {
	for name, end := range endings {
		t.Run(name, func(t *testing.T) {
			var log msntest.Transcript
			store := accounts.Defaults()
			synctestScript(t, Options{Store: store, Log: slog.New(slog.NewTextHandler(&log, nil))}, func(p *script) {
				p.run(`
					alice.ns -- online
					bob.ns -- online
					carol.ns -- online
					dave.ns -- online
					alice.sb -- chat bob
					alice.sbx -- chat
					alice.ns C: XFR 1 SB
					alice.ns S: XFR 1 SB 127.0.0.4:1863 CKI {own}
					alice.sb C: CAL 2 carol@hotmail.com
					alice.sb S: CAL 2 RINGING {hers}
					bob.sb C: CAL 3 dave@hotmail.com
					bob.sb S: CAL 3 RINGING {his}
					carol.ns S: RNG {hers} 127.0.0.4:1863 CKI {carols} alice@hotmail.com alice
					dave.ns S: RNG {his} 127.0.0.4:1863 CKI {daves} bob@hotmail.com bob
					carol.sb -- chat
					carol.sb C: CAL 4 alice@hotmail.com
					carol.sb S: CAL 4 RINGING {third}
					alice.ns S: RNG {third} 127.0.0.4:1863 CKI {alices} carol@hotmail.com carol`)
				if err := end(t, p.s, store); err != nil {
					t.Fatal(err)
				}
				p.run(`
					alice.ns S: OUT
					alice.ns S: (closed)
					alice.sb S: (closed)
					alice.sbx S: (closed)
					bob.sb S: BYE alice@hotmail.com
					a.sb C: USR 1 alice@hotmail.com {own}
					a.sb S: 911 1
					a.sb S: (closed)
					b.sb C: ANS 1 alice@hotmail.com {alices} {third}
					b.sb S: 911 1
					b.sb S: (closed)
					c.sb C: ANS 1 carol@hotmail.com {carols} {hers}
					c.sb S: 911 1
					c.sb S: (closed)
					d.sb C: ANS 1 dave@hotmail.com {daves} {his}
					d.sb S: IRO 1 1 1 bob@hotmail.com bob
					d.sb S: ANS 1 OK
					bob.sb S: JOI dave@hotmail.com dave
					carol.sb C: CAL 5 alice@hotmail.com
					carol.sb S: 217 5
					bob.sb C: CAL 6 carol@hotmail.com
					bob.sb S: CAL 6 RINGING {his}
					carol.ns S: RNG {his} 127.0.0.4:1863 CKI {again} bob@hotmail.com bob`)
			})
			if n := strings.Count(log.String(), "connection ended"); n != 3 {
				t.Errorf("the log tells of %d connections: %s", n, log.String())
			}
		})
	}
}

// TestSecondLogonMovesOneConnection: OUT OTH ends only the first notification connection (§7.10).
// The user's sessions, cookies and invitations stay.
func TestSecondLogonMovesOneConnection(t *testing.T) {
	play(t, Options{}, `
		alice.ns -- online
		bob.ns -- online
		alice.sb -- chat bob
		bob.sbx -- chat
		bob.sbx C: CAL 1 alice@hotmail.com
		bob.sbx S: CAL 1 RINGING {third}
		alice.ns S: RNG {third} 127.0.0.4:1863 CKI {alices} bob@hotmail.com bob
		alice.nsx -- online
		alice.ns S: OUT OTH
		alice.ns S: (closed)
		alice.sb C: MSG 1 A 0
		alice.sb S: ACK 1
		bob.sb S: MSG alice@hotmail.com alice 0
		a.sb C: ANS 1 alice@hotmail.com {alices} {third}
		a.sb S: IRO 1 1 1 bob@hotmail.com bob
		a.sb S: ANS 1 OK
		bob.sbx S: JOI alice@hotmail.com alice
	`)
}

// meanwhile is a hub that calls a function just as a user is let in.
type meanwhile struct {
	Hub
	happens func()
}

func (h meanwhile) Enter(ctx context.Context, p Presence, r Receiver, first bool) (Presence, error) {
	before, err := h.Hub.Enter(ctx, p, r, first)
	if strings.HasPrefix(p.Handle, "bob") {
		h.happens()
	}
	return before, err
}

func (h meanwhile) Redeem(ctx context.Context, t Ticket) (bool, error) {
	ok, err := h.Hub.Redeem(ctx, t)
	h.happens()
	return ok, err
}

// TestRemovedOnTheWayIn: a user who is removed at the very moment of being let in does not stay.
func TestRemovedOnTheWayIn(t *testing.T) {
	store := accounts.Defaults()
	remove := func() { _ = store.Delete(t.Context(), "alice@hotmail.com") }
	play(t, Options{Store: store, Hub: meanwhile{NewHub(), remove}}, `
		alice.ns -- online
		alice.ns C: XFR 1 SB
		alice.ns S: XFR 1 SB 127.0.0.4:1863 CKI {own}
		a.sb C: USR 1 alice@hotmail.com {own}
		a.sb S: 911 1
		a.sb S: (closed)
		alice.ns S: OUT
		alice.ns S: (closed)
	`)
	store = accounts.Defaults()
	var s *Server
	kick := func() { // of a user who has redeemed its cookie and has no seat yet
		if !s.Kick("alice@hotmail.com") {
			t.Error("Kick does not see who is about to take a seat")
		}
	}
	synctest.Test(t, func(t *testing.T) {
		s = New(Options{Hub: meanwhile{NewHub(), kick}})
		playOn(t, s, `
			alice.ns -- online
			alice.ns C: XFR 1 SB
			alice.ns S: XFR 1 SB 127.0.0.4:1863 CKI {own}
			alice.ns -- close
			a.sb C: USR 1 alice@hotmail.com {own}
			a.sb S: 911 1
			a.sb S: (closed)
		`)
	})
	change := func() { _ = store.SetPassword(t.Context(), "bob@hotmail.com", "x") }
	play(t, Options{Store: store, Hub: meanwhile{NewHub(), change}}, `
		bob.ns C: USR 1 MD5 I bob@hotmail.com
		bob.ns S: USR 1 MD5 S {c}
		bob.ns C: USR 2 MD5 S {md5 c bobpw}
		bob.ns S: 911 2
		bob.ns S: (closed)
	`)
}

// underway is a hub in which, once, commands of alice that are in progress while her cookies are
// revoked get new ones.
type underway struct {
	Hub
	commands func(Hub)
}

func (h *underway) Revoke(ctx context.Context, handle string) error {
	err := h.Hub.Revoke(ctx, handle)
	if commands := h.commands; commands != nil {
		h.commands = nil
		commands(h.Hub)
	}
	return err
}

// TestCookiesUnderWay: a cookie or an invitation that a user's last command gets does not outlive
// the user's connections.
func TestCookiesUnderWay(t *testing.T) {
	hub := &underway{Hub: NewHub()}
	synctestScript(t, Options{Hub: hub}, func(p *script) {
		p.run("alice.ns -- online\ncarol.ns -- online\nalice.sb -- chat")
		own := Ticket{Cookie: "1.1.1", Handle: "alice@hotmail.com", Switchboard: "127.0.0.4:1863"}
		call := own
		call.Cookie, call.Handle, call.Session, call.Caller = "2.2.2", "carol@hotmail.com", "1", own.Handle
		hub.commands = func(h Hub) {
			if c := p.s.userConn(own.Handle); c != nil && !c.out.ending() {
				_ = h.Issue(t.Context(), own, time.Minute)
			}
			_ = h.Issue(t.Context(), call, time.Minute)
		}
		p.s.Kick("alice@hotmail.com")
		for _, ticket := range []Ticket{own, call} {
			if valid, _ := hub.Redeem(t.Context(), ticket); valid {
				t.Errorf("the cookie %s is still valid", ticket.Cookie)
			}
		}
		p.run("alice.ns S: OUT\nalice.ns S: (closed)\nalice.sb S: (closed)")
	})
}

// TestKickedHalfWayIn: a user who is kicked between the right password and the end of the logon,
// even while the answer is delayed, is not logged on.
func TestKickedHalfWayIn(t *testing.T) {
	var s *Server
	kick := func() {
		if !s.Kick("bob@hotmail.com") {
			t.Error("Kick does not see who is logging on")
		}
	}
	const logon = `
		bob.ns C: USR 1 MD5 I bob@hotmail.com
		bob.ns S: USR 1 MD5 S {c}
		bob.ns C: USR 2 MD5 S {md5 c bobpw}
	`
	synctest.Test(t, func(t *testing.T) {
		s = New(Options{Hub: meanwhile{NewHub(), kick}})
		playOn(t, s, logon+"bob.ns S: 911 2\nbob.ns S: (closed)")
	})
	synctestScript(t, Options{Settings: with(Lenient, "user-failures=1")}, func(p *script) {
		s = p.s
		p.run(`
			x.ns C: USR 1 MD5 I bob@hotmail.com
			x.ns S: USR 1 MD5 S {d}
			x.ns C: USR 2 MD5 S 0
			-- wait 20ms
			x.ns S: 911 2` + logon + "bob.ns S: (nothing)")
		kick()
		p.run("-- wait 1s\nbob.ns S: 911 2\nbob.ns S: (closed)")
	})
}

// TestVerbsEndEveryConnection: the accounts verbs do the same to a database, from another program
// and from this one.
func TestVerbsEndEveryConnection(t *testing.T) {
	kick := func(v *accounts.SQLite) error {
		return v.Tell(t.Context(), accounts.News{What: accounts.Ended, Handle: userName(0), Value: "kicked"})
	}
	passwd := func(v *accounts.SQLite) error { return v.SetPassword(t.Context(), userName(0), "other") }
	remove := func(v *accounts.SQLite) error { return v.Delete(t.Context(), userName(0)) }
	for name, tc := range map[string]struct {
		beside bool
		end    func(*accounts.SQLite) error
	}{
		"a verb kicks": {true, kick}, "a verb sets the password": {true, passwd}, "a verb removes": {true, remove},
		"the password is set here": {false, passwd}, "removed here": {false, remove}, "kicked here": {false, kick},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.db")
			store := openDB(t, path, accounts.OpenOptions{})
			for i := range 2 {
				if err := store.Create(userName(i), "pw", "U"); err != nil {
					t.Fatal(err)
				}
			}
			all := meet(t, onTCP(t, Options{Store: store}), 2)
			by := store
			if tc.beside {
				by = openDB(t, path, accounts.OpenOptions{Existing: true, Announce: true})
			}
			if err := tc.end(by); err != nil {
				t.Fatal(err)
			}
			_ = all[0].SetReadDeadline(time.Now().Add(10 * time.Second))
			if got, err := io.ReadAll(all[0].R); err != nil || len(got) > 0 {
				t.Errorf("the switchboard connection stays: %q, %v", got, err)
			}
			all[0].Close()
			all[1].Must("", "BYE "+userName(0))
		})
	}
}

func openDB(t *testing.T, path string, o accounts.OpenOptions) *accounts.SQLite {
	t.Helper()
	s, err := accounts.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
