package server

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/server/accounts"
)

// TestHostileInput: input that keeps a connection busy without saying anything ends that connection
// and no other.
func TestHostileInput(t *testing.T) {
	long := strings.Repeat("x", 9000)
	for name, text := range map[string]string{
		"a byte a second": `
			a.ns -- raw "VER 0 MSNP2"
			-- wait 59s
			a.ns -- raw "X"
			-- wait 2s
			a.ns S: (closed)`,
		"a command that does not end": `
			alice.ns -- online
			alice.ns -- raw "CHG 5 "
			-- wait 59s
			alice.ns S: (nothing)
			-- wait 2s
			alice.ns S: (closed)`,
		"a command in pieces that never end": `
			alice.ns -- online
			alice.ns -- raw "CHG 5"
			-- wait 25s
			alice.ns -- raw " "
			-- wait 25s
			alice.ns -- raw " "
			-- wait 11s
			alice.ns S: (closed)`,
		"a message that does not end": `
			alice.ns -- online
			alice.sb -- chat
			alice.sb -- raw "MSG 1 N 1000000\r\nhello"
			-- wait 61s
			alice.sb S: (closed)`,
		"commands in pieces, for hours": `
			alice.ns -- online
			alice.ns -- raw "CHG 5"
			-- wait 25s
			alice.ns -- raw " BS"
			-- wait 25s
			alice.ns -- raw "Y\r\nCHG 6 AW"
			alice.ns S: CHG 5 BSY
			-- wait 50s
			alice.ns -- raw "Y\r\n"
			alice.ns S: CHG 6 AWY
			-- wait 50h
			alice.ns C: CHG 6 NLN
			alice.ns S: CHG 6 NLN`,
		"an endless line before the logon": `
			a.ns -- raw "` + long + `"
			a.ns S: 200
			a.ns S: (closed)`,
		"an endless line after it": `
			alice.ns -- online
			alice.ns -- raw "` + long + `"
			alice.ns S: 200
			alice.ns S: (closed)`,
		"a length beyond all bounds": `
			alice.ns -- online
			alice.sb -- chat
			alice.sb C: MSG 1 N 99999999999999999999
			alice.sb S: 200 1
			alice.sb S: (closed)`,
		"no UTF-8 anywhere": `
			alice.ns -- online
			bob.ns -- online
			alice.ns -- raw "REA 1 alice@hotmail.com \xff\xfe\x80\r\n"
			alice.ns S: REA 1 2 alice@hotmail.com ` + "\xff\xfe\x80" + `
			alice.sb -- chat bob
			alice.sb -- raw "MSG 1 U 4\r\n\xff\x00\xfe!"
			bob.sb S: MSG alice@hotmail.com ` + "\xff\xfe\x80" + ` 4
			| ` + "\xff\x00\xfe!",
	} {
		t.Run(name, func(t *testing.T) {
			play(t, Options{}, "dave.ns -- online\n"+text+"\ndave.ns C: PNG\ndave.ns S: QNG")
		})
	}
}

// TestRefusalsTakeTheSameTime: the time of the store's lookup does not reveal whether there is an
// account.
func TestRefusalsTakeTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Store: &slow{Store: manyUsers(2)}})
		defer s.Close()
		answer, known := try(t, s, "10.0.0.1", userName(1), "guess")
		other, unknown := try(t, s, "10.0.0.1", "nobody@hotmail.com", "guess")
		if answer != "911" || other != "911" || known != unknown || known != refusalTime {
			t.Errorf("a known user is refused with %s after %v, an unknown one with %s after %v", answer, known,
				other, unknown)
		}
	})
}

// slow is a store that takes longer for accounts that exist, and for bob's until its context ends.
type slow struct {
	accounts.Store
	stuck atomic.Bool
}

func (s *slow) Lookup(ctx context.Context, handle string) (accounts.User, error) {
	u, err := s.Store.Lookup(ctx, handle)
	if err == nil {
		time.Sleep(7 * time.Millisecond)
	}
	if s.stuck.Load() && strings.HasPrefix(handle, "bob") {
		<-ctx.Done()
		return u, ctx.Err()
	}
	return u, err
}

// TestStoreThatHangs: the command fails after a while, and others are served meanwhile.
func TestStoreThatHangs(t *testing.T) {
	store := &slow{Store: accounts.Defaults()}
	synctestScript(t, Options{Store: store}, func(p *script) {
		p.run(`
			bob.ns -- logon
			-- wait 1s
			alice.ns -- logon
			-- wait 1s`)
		p.drop("alice.ns", "bob.ns")
		store.stuck.Store(true)
		p.run(`
			bob.ns C: SYN 5 0
			alice.ns C: LST 6 FL
			-- wait 100ms
			alice.ns S: LST 6 FL 1 0 0
			bob.ns S: (nothing)
			-- wait 10s
			bob.ns S: 501 5`)
		store.stuck.Store(false)
	})
}

// confused is a store that returns alice's account for carol's, and panics for dave's.
type confused struct{ accounts.Store }

func (s confused) Lookup(ctx context.Context, handle string) (accounts.User, error) {
	switch {
	case strings.HasPrefix(handle, "carol"):
		return s.Store.Lookup(ctx, "alice@hotmail.com")
	case strings.HasPrefix(handle, "dave"):
		panic("index out of range")
	}
	return s.Store.Lookup(ctx, handle)
}

// TestCorruptStoreLeaksNothing: nobody gets somebody else's data, and no other user is harmed.
func TestCorruptStoreLeaksNothing(t *testing.T) {
	var log msntest.Transcript
	play(t, Options{Store: confused{accounts.Defaults()}, Log: slog.New(slog.NewTextHandler(&log, nil))}, `
		alice.ns -- online
		carol.ns C: USR 1 MD5 I carol@hotmail.com
		carol.ns S: USR 1 MD5 S {c}
		carol.ns C: USR 2 MD5 S {md5 c alicepw}
		carol.ns S: 501 2
		dave.ns C: USR 1 MD5 I dave@hotmail.com
		dave.ns S: USR 1 MD5 S {d}
		dave.ns C: USR 2 MD5 S {md5 d davepw}
		dave.ns S: 500
		dave.ns S: (closed)
		alice.ns C: CHG 5 AWY
		alice.ns S: CHG 5 AWY
	`)
	for _, want := range []string{"another account", "index out of range", "hostile_test.go"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not have %q: %s", want, log.String())
		}
	}
}

// TestClockThatJumps: cookies and timeouts do not depend on the wall clock.
func TestClockThatJumps(t *testing.T) {
	var jump atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(jump.Add(1)%2*2-1) * 1000 * time.Hour) }
	play(t, Options{Now: now, Settings: with(Observed, "extensions=yes")}, `
		alice.ns -- online
		bob.ns -- online
		alice.sb -- chat bob
		alice.ns C: XFR 1 SB
		alice.ns S: XFR 1 SB 127.0.0.4:1863 CKI {own}
		-- wait 119s
		alice.sb2 C: USR 1 alice@hotmail.com {own}
		alice.sb2 S: USR 1 OK alice@hotmail.com alice`)
}

// TestHubFails: what needs the hub is refused, or left out and logged.
func TestHubFails(t *testing.T) {
	var log msntest.Transcript
	hub := &broken{Hub: NewHub()}
	synctestScript(t, Options{Hub: hub, Log: slog.New(slog.NewTextHandler(&log, nil))}, func(p *script) {
		p.run("alice.ns -- online\nbob.ns -- online\nalice.sb -- chat")
		hub.down.Store(true)
		p.run(`
			alice.ns C: XFR 1 SB
			alice.ns S: 280 1
			alice.sb C: CAL 2 bob@hotmail.com
			alice.sb S: 280 2
			alice.ns C: CHG 3 AWY
			alice.ns S: 501 3
			carol.ns C: USR 1 MD5 I carol@hotmail.com
			carol.ns S: USR 1 MD5 S {c}
			carol.ns C: USR 2 MD5 S {md5 c carolpw}
			carol.ns S: 501 2
			x.sb C: USR 1 alice@hotmail.com 1.2.3
			x.sb S: 501 1`)
		hub.down.Store(false)
		p.run(`
			alice.ns C: CHG 4 AWY
			alice.ns S: CHG 4 AWY
			alice.sb C: CAL 5 bob@hotmail.com
			alice.sb S: CAL 5 RINGING {id}
			bob.ns S: RNG {id} {addr} CKI {k} alice@hotmail.com alice`)
	})
	if !strings.Contains(log.String(), "cannot issue a cookie") {
		t.Errorf("log is %s", log.String())
	}
}

// broken is a hub that can be made unreachable.
type broken struct {
	Hub
	down atomic.Bool
}

var errOut = errors.New("out of reach")

func (h *broken) Enter(ctx context.Context, p Presence, r Receiver, first bool) (Presence, error) {
	if h.down.Load() {
		return Presence{}, errOut
	}
	return h.Hub.Enter(ctx, p, r, first)
}

func (h *broken) Update(ctx context.Context, p Presence, r Receiver) (Presence, error) {
	if h.down.Load() {
		return Presence{}, errOut
	}
	return h.Hub.Update(ctx, p, r)
}

func (h *broken) Issue(ctx context.Context, t Ticket, d time.Duration) error {
	if h.down.Load() {
		return errOut
	}
	return h.Hub.Issue(ctx, t, d)
}

func (h *broken) Redeem(ctx context.Context, t Ticket) (bool, error) {
	if h.down.Load() {
		return false, errOut
	}
	return h.Hub.Redeem(ctx, t)
}
