package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
)

// TestCookies: a cookie admits only its own user, once, for two minutes, and only with the right
// command (§8.1, §8.4).
func TestCookies(t *testing.T) {
	const ring = `
		alice.ns -- online
		bob.ns -- online
		alice.ns C: XFR 1 SB
		alice.ns S: XFR 1 SB 127.0.0.4:1863 CKI {own}
		alice.sb -- chat
		alice.sb C: CAL 1 bob@hotmail.com
		alice.sb S: CAL 1 RINGING {id}
		bob.ns S: RNG {id} 127.0.0.4:1863 CKI {ring} alice@hotmail.com alice
	`
	for name, tc := range map[string]string{
		"used twice": `
			b.sb C: ANS 1 bob@hotmail.com {ring} {id}
			b.sb S: IRO 1 1 1 alice@hotmail.com alice
			b.sb S: ANS 1 OK
			alice.sb S: JOI bob@hotmail.com bob
			x.sb C: ANS 1 bob@hotmail.com {ring} {id}
			x.sb S: 911 1
			x.sb S: (closed)`,
		"another user's": `
			x.sb C: ANS 1 alice@hotmail.com {ring} {id}
			x.sb S: 911 1
			x.sb S: (closed)
			# it is not used up
			b.sb C: ANS 1 BOB@hotmail.com {ring} {id}
			b.sb S: IRO 1 1 1 alice@hotmail.com alice
			b.sb S: ANS 1 OK
			alice.sb S: JOI bob@hotmail.com bob`,
		"another session": `
			x.sb C: ANS 1 bob@hotmail.com {ring} 1
			x.sb S: 911 1
			x.sb S: (closed)`,
		"XFR's used twice": `
			x.sb C: USR 1 Alice@hotmail.com {own}
			x.sb S: USR 1 OK alice@hotmail.com alice
			y.sb C: USR 1 alice@hotmail.com {own}
			y.sb S: 911 1
			y.sb S: (closed)`,
		"RNG's for USR": `
			x.sb C: USR 1 bob@hotmail.com {ring}
			x.sb S: 911 1
			x.sb S: (closed)`,
		"XFR's for ANS": `
			x.sb C: ANS 1 alice@hotmail.com {own} {id}
			x.sb S: 911 1
			x.sb S: (closed)`,
		"too old": `
			-- wait 2m
			x.sb C: ANS 1 bob@hotmail.com {ring} {id}
			x.sb S: 911 1
			x.sb S: (closed)`,
		"just in time": `
			-- wait 119s
			x.sb C: ANS 1 bob@hotmail.com {ring} {id}
			x.sb S: IRO 1 1 1 alice@hotmail.com alice
			x.sb S: ANS 1 OK
			alice.sb S: JOI bob@hotmail.com bob
			y.sb C: USR 1 alice@hotmail.com {own}
			y.sb S: USR 1 OK alice@hotmail.com alice`,
		"rung again after a minute, answered twice": `
			-- wait 60s
			alice.sb C: CAL 2 bob@hotmail.com
			alice.sb S: CAL 2 RINGING {id}
			bob.ns S: RNG {id} 127.0.0.4:1863 CKI {ring2} alice@hotmail.com alice
			x.sb C: ANS 1 bob@hotmail.com {ring} {id}
			x.sb S: IRO 1 1 1 alice@hotmail.com alice
			x.sb S: ANS 1 OK
			alice.sb S: JOI bob@hotmail.com bob
			y.sb C: ANS 1 bob@hotmail.com {ring2} {id}
			y.sb S: 911 1
			y.sb S: (closed)`,
		"answered when the caller has left": `
			alice.sb -- close
			x.sb C: ANS 1 bob@hotmail.com {ring} {id}
			x.sb S: ANS 1 OK`,
	} {
		t.Run(name, func(t *testing.T) { play(t, Options{}, ring+tc) })
	}
}

// together is a hub that lets two tickets for sessions in at the same moment.
type together struct {
	Hub
	both sync.WaitGroup
}

func (h *together) Redeem(ctx context.Context, t Ticket) (bool, error) {
	ok, err := h.Hub.Redeem(ctx, t)
	if t.Session != "" {
		h.both.Done()
		h.both.Wait()
	}
	return ok, err
}

// TestTwoAnswersAtOnce: a user who was called twice and answers both calls at once is in the
// session once.
func TestTwoAnswersAtOnce(t *testing.T) {
	hub := &together{Hub: NewHub()}
	synctestScript(t, Options{Hub: hub}, func(p *script) {
		hub.both.Add(2)
		p.run(`
			alice.ns -- online
			bob.ns -- online
			alice.sb -- chat
			alice.sb C: CAL 1 bob@hotmail.com
			bob.ns S: RNG {session} {where} CKI {first} {h} {n}
			-- wait 61s
			alice.sb C: CAL 2 bob@hotmail.com
			bob.ns S: RNG {session} {where} CKI {second} {h} {n}`)
		p.drop("alice.sb")
		p.run(`
			one.sb C: ANS 1 bob@hotmail.com {first} {session}
			two.sb C: ANS 1 bob@hotmail.com {second} {session}
			alice.sb S: JOI bob@hotmail.com bob
			alice.sb S: (nothing)`)
		p.drop("one.sb", "two.sb")
	})
}

func TestCookiesOfOneUserAreBounded(t *testing.T) {
	synctestScript(t, Options{}, func(p *script) {
		p.run("alice.ns -- online")
		for i := range userTickets + 1 {
			p.run(fmt.Sprintf("alice.ns C: XFR 1 SB\nalice.ns S: XFR 1 SB 127.0.0.4:1863 CKI {c%d}", i))
		}
		p.run(`
			a.sb1 C: USR 1 alice@hotmail.com {c0}
			a.sb1 S: 911 1
			a.sb1 S: (closed)
			a.sb2 C: USR 1 alice@hotmail.com {c1}
			a.sb2 S: USR 1 OK alice@hotmail.com alice`)
		if n := len(p.s.hub.(*memory).tickets.byCookie); n != userTickets-1 {
			t.Errorf("%d cookies are valid, want %d", n, userTickets-1)
		}
		p.run(`-- wait 2m
			alice.ns C: XFR 1 SB
			alice.ns S: XFR 1 SB 127.0.0.4:1863 CKI {last}`)
		ts := &p.s.hub.(*memory).tickets
		if len(ts.byCookie) != 1 || len(ts.own) != 1 || len(ts.queue) != 1 {
			t.Errorf("expired cookies are kept: %d, %d, %d", len(ts.byCookie), len(ts.own), len(ts.queue))
		}
	})
}

// TestCallsTakeNoCookies: a user who calls another from many sessions displaces neither that user's
// own cookies nor another caller's invitation, and is refused (713) until some calls are answered
// or have expired.
func TestCallsTakeNoCookies(t *testing.T) {
	for _, most := range []int{20, 40} { // fewer and more than 32, the default
		t.Run(fmt.Sprint(most), func(t *testing.T) { callsTakeNoCookies(t, most) })
	}
}

func callsTakeNoCookies(t *testing.T, most int) {
	settings := with(Lenient, fmt.Sprint("user-invitations=", most))
	synctestScript(t, Options{Settings: settings}, func(p *script) {
		p.run(`
			alice.ns -- online
			bob.ns -- online
			carol.ns -- online
			bob.ns C: XFR 1 SB
			bob.ns S: XFR 1 SB 127.0.0.4:1863 CKI {own}
			carol.sb -- chat
			carol.sb C: CAL 1 bob@hotmail.com
			carol.sb S: CAL 1 RINGING {carols}
			bob.ns S: RNG {carols} 127.0.0.4:1863 CKI {carolscookie} carol@hotmail.com carol`)
		for i := range most {
			sb := fmt.Sprintf("alice.sb%d", i)
			p.run(sb + " -- chat\n" + sb + " C: CAL 2 bob@hotmail.com\n" + sb + " S: CAL 2 RINGING {id}")
			p.run(fmt.Sprintf("bob.ns S: RNG {id} 127.0.0.4:1863 CKI {c%d} alice@hotmail.com alice", i))
		}
		p.run(`
			alice.sbx -- chat
			alice.sbx C: CAL 3 bob@hotmail.com
			alice.sbx S: 713 3
			alice.sbx C: CAL 4 carol@hotmail.com
			alice.sbx S: 713 4
			bob.ns S: (nothing)
			bob.sb1 C: ANS 1 bob@hotmail.com {carolscookie} {carols}
			bob.sb1 S: IRO 1 1 1 carol@hotmail.com carol
			bob.sb1 S: ANS 1 OK
			carol.sb S: JOI bob@hotmail.com bob
			bob.sb2 C: USR 1 bob@hotmail.com {own}
			bob.sb2 S: USR 1 OK bob@hotmail.com bob
			bob.sb2 C: CAL 2 carol@hotmail.com
			bob.sb2 S: CAL 2 RINGING {bobs}
			carol.ns S: RNG {bobs} 127.0.0.4:1863 CKI {k} bob@hotmail.com bob
			-- wait 2m
			alice.sbx C: CAL 5 bob@hotmail.com
			alice.sbx S: CAL 5 RINGING {late}
			bob.ns S: RNG {late} 127.0.0.4:1863 CKI {latecookie} alice@hotmail.com alice`)
	})
}

// TestUsedCookiesAreForgotten: cookies that were used, or replaced by newer ones, do not pile up
// until they would have expired.
func TestUsedCookiesAreForgotten(t *testing.T) {
	var ts tickets
	now := time.Now()
	for i := range 10_000 {
		own := Ticket{Cookie: fmt.Sprint("own", i), Handle: "bob@hotmail.com"}
		call := Ticket{
			Cookie: fmt.Sprint("call", i), Handle: "bob@hotmail.com", Session: "1",
			Caller: "alice@hotmail.com",
		}
		ts.issue(own, now, time.Minute)
		ts.issue(call, now, time.Minute)
		call.Caller = "" // a client that redeems a ticket does not name the caller
		if !ts.redeem(call, now) {
			t.Fatalf("cookie %d is not valid", i)
		}
	}
	if len(ts.byCookie) != userTickets || len(ts.queue) > 4*userTickets {
		t.Errorf("%d cookies are valid, and %d are kept", len(ts.byCookie), len(ts.queue))
	}
}

// TestCallingTooOften: the sixth call in a row is refused (713); a message, a new member or a pause
// starts a new row.
func TestCallingTooOften(t *testing.T) {
	synctestScript(t, Options{}, func(p *script) {
		calls := func() {
			for range maxCalls {
				p.run("alice.sb C: CAL 1 bob@hotmail.com\nalice.sb S: 217 1")
			}
			p.run("alice.sb C: CAL 2 bob@hotmail.com\nalice.sb S: 713 2")
		}
		p.run("alice.ns -- online\nalice.sb -- chat")
		calls()
		p.run("-- wait 10s")
		calls()
		p.run("alice.sb C: MSG 3 U 0")
		calls()
		p.run(`-- wait 10s
			carol.ns -- online
			alice.sb C: CAL 4 carol@hotmail.com
			alice.sb S: CAL 4 RINGING {id}
			carol.ns S: RNG {id} 127.0.0.4:1863 CKI {ring} alice@hotmail.com alice
			carol.sb C: ANS 1 carol@hotmail.com {ring} {id}
			carol.sb S: IRO 1 1 1 alice@hotmail.com alice
			carol.sb S: ANS 1 OK
			alice.sb S: JOI carol@hotmail.com carol`)
		calls()
	})
}

func TestSessionIsFull(t *testing.T) {
	play(t, Options{Settings: with(Lenient, "session-users=2")}, `
		alice.ns -- online
		bob.ns -- online
		carol.ns -- online
		alice.sb -- chat bob
		alice.sb C: CAL 2 carol@hotmail.com
		alice.sb S: 712 2
		bob.sb -- close
		alice.sb S: BYE bob@hotmail.com
		alice.sb C: CAL 3 carol@hotmail.com
		alice.sb S: CAL 3 RINGING {id}
		carol.ns S: RNG {id} 127.0.0.4:1863 CKI {c} alice@hotmail.com alice
		alice.sb C: CAL 4 bob@hotmail.com
		alice.sb S: 712 4
	`)
}

// TestAnswerToAFullSession: a user who did not answer in time has lost the place, although the
// cookie is still valid; one who is still being rung has it.
func TestAnswerToAFullSession(t *testing.T) {
	play(t, Options{Settings: with(Lenient, "session-users=2", "ring-timeout=10s", "cookie-ttl=1m")}, `
		alice.ns -- online
		bob.ns -- online
		carol.ns -- online
		alice.sb -- chat
		alice.sb C: CAL 1 bob@hotmail.com
		alice.sb S: CAL 1 RINGING {id}
		bob.ns S: RNG {id} 127.0.0.4:1863 CKI {bobs} alice@hotmail.com alice
		-- wait 11s
		alice.sb C: CAL 2 carol@hotmail.com
		alice.sb S: CAL 2 RINGING {id}
		carol.ns S: RNG {id} 127.0.0.4:1863 CKI {carols} alice@hotmail.com alice
		bob.sb C: ANS 1 bob@hotmail.com {bobs} {id}
		bob.sb S: 712 1
		bob.sb S: (closed)
		alice.sb S: (nothing)
		carol.sb C: ANS 1 carol@hotmail.com {carols} {id}
		carol.sb S: IRO 1 1 1 alice@hotmail.com alice
		carol.sb S: ANS 1 OK
		alice.sb S: JOI carol@hotmail.com carol
	`)
}

// TestSecondLoginAtOnce: of two logons that cross, one is refused.
func TestSecondLoginAtOnce(t *testing.T) {
	play(t, Options{Hub: slowly{NewHub()}, Settings: with(Lenient, "second-login=no")}, `
		a.ns C: USR 1 MD5 I alice@hotmail.com
		a.ns S: USR 1 MD5 S {a}
		b.ns C: USR 1 MD5 I alice@hotmail.com
		b.ns S: USR 1 MD5 S {b}
		a.ns C: USR 2 MD5 S {md5 a alicepw}
		b.ns C: USR 2 MD5 S {md5 b alicepw}
		-- wait 3s
		a.ns S: USR 2 OK alice@hotmail.com alice
		b.ns S: 207 2
	`)
}

// slowly is a hub that takes time to answer.
type slowly struct{ Hub }

func (h slowly) Find(ctx context.Context, handles []string) ([]Presence, error) {
	found, err := h.Hub.Find(ctx, handles)
	time.Sleep(time.Second)
	return found, err
}

func (h slowly) Enter(ctx context.Context, p Presence, r Receiver, first bool) (Presence, error) {
	before, err := h.Hub.Enter(ctx, p, r, first)
	time.Sleep(time.Second)
	return before, err
}

func TestTimeouts(t *testing.T) {
	for name, text := range map[string]string{
		"no logon": `
			a.ns C: VER 0 MSNP2
			a.ns S: VER 0 MSNP2
			a.sb C: PNG
			a.sb S: 715
			-- wait 59s
			a.ns C: INF 1
			a.ns S: INF 1 MD5
			a.sb S: (nothing)
			-- wait 2s
			a.ns S: (closed)
			a.sb S: (closed)`,
		"a moment after 911": `
			a.ns C: USR 0 MD5 I alice@hotmail.com
			a.ns S: USR 0 MD5 S {c}
			a.ns C: USR 0 MD5 S 0
			-- wait 20ms
			a.ns S: 911 0
			-- wait 4s
			a.ns S: (nothing)
			-- wait 2s
			a.ns S: (closed)`,
		"time for another try after 911": `
			alice.ns C: USR 0 MD5 I alice@hotmail.com
			alice.ns S: USR 0 MD5 S {c}
			alice.ns C: USR 0 MD5 S 0
			-- wait 20ms
			alice.ns S: 911 0
			-- wait 4s
			alice.ns C: USR 1 MD5 I alice@hotmail.com
			alice.ns S: USR 1 MD5 S {again}
			-- wait 30s
			alice.ns C: USR 2 MD5 S {md5 again alicepw}
			alice.ns S: USR 2 OK alice@hotmail.com alice`,
		"never at the notification server": `
			alice.ns -- online
			-- wait 100h
			alice.ns C: PNG
			alice.ns S: QNG`,
		"idle at the switchboard": `
			alice.ns -- online
			bob.ns -- online
			alice.sb -- chat bob
			-- wait 4m
			bob.sb C: MSG 1 U 0
			alice.sb S: MSG bob@hotmail.com bob 0
			-- wait 61s
			alice.sb S: (closed)
			bob.sb S: BYE alice@hotmail.com 1`,
		"the other end never closes": `
			a.ds C: OUT
			a.ds S: OUT
			a.ds S: (closed)
			-- wait 1s`,
	} {
		t.Run(name, func(t *testing.T) { play(t, Options{Settings: with(Lenient, "idle-timeout=5m")}, text) })
	}
}

// TestSlowReader: a client that does not read loses the connection, which is logged, and the others
// notice nothing else.
func TestSlowReader(t *testing.T) {
	var log msntest.Transcript
	synctestScript(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))}, func(p *script) {
		p.run(`
			alice.ns -- online
			bob.ns -- online
			carol.ns -- online
			alice.sb -- chat carol
			alice.sb C: CAL 1 bob@hotmail.com
			alice.sb S: CAL 1 RINGING {id}
			bob.ns S: RNG {id} {addr} CKI {ring} {h} {n}`)
		slow, err := p.s.Dial(p.t.Context(), "tcp", "127.0.0.4:1863")
		if err != nil {
			t.Fatal(err)
		}
		defer slow.Close()
		fmt.Fprintf(slow, "ANS 1 bob@hotmail.com %s %s\r\n", p.words["ring"], p.words["id"])
		synctest.Wait()
		p.drop("alice.sb", "carol.sb")
		body := strings.Repeat("x", 400<<10)
		for range 6 { // 64 KB fit into the connection, 2 MB into the queue
			p.run("alice.sb C: MSG 2 U 409600\n| " + body)
			p.run("-- wait 2s") // alice has waited for bob to read
			p.run("carol.sb S: MSG alice@hotmail.com alice 409600\n| " + body)
		}
		p.run(`
			alice.sb S: BYE bob@hotmail.com
			carol.sb S: BYE bob@hotmail.com`)
		if got := log.String(); !strings.Contains(got, "level=WARN msg=closed role=SB") ||
			!strings.Contains(got, "user=bob@hotmail.com") || !strings.Contains(got, "does not read") {
			t.Errorf("log is %q", got)
		}
	})
}

// TestFastSender: a client that reads, even more slowly than another one sends, loses nothing.
func TestFastSender(t *testing.T) {
	all := meet(t, onTCP(t, Options{Store: manyUsers(2)}), 2)
	sent, got := said()
	const n, batch = 200_000, 100 // 30 MB
	var sending sync.WaitGroup
	sending.Go(func() {
		out := bytes.Repeat(sent, batch)
		for range n / batch {
			if _, err := all[0].Write(out); err != nil {
				t.Error(err)
				return
			}
		}
	})
	buf := make([]byte, len(got)) // a read for each message is slower than the server
	for i := range n {
		if _, err := io.ReadFull(all[1].Conn, buf); err != nil || !bytes.Equal(buf, got) {
			t.Fatalf("message %d is %q, %v", i, buf, err)
		}
	}
	sending.Wait()
}

// TestSlowReaderOnASocket is TestSlowReader on sockets, to which the sender's goroutine writes
// directly as much as fits.
func TestSlowReaderOnASocket(t *testing.T) {
	all := meet(t, onTCP(t, Options{Store: manyUsers(3)}), 3)
	if err := all[2].Conn.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	body := strings.Repeat("x", 500<<10)
	for range 30 { // 15 MB: more than sockets and queue hold
		if _, err := fmt.Fprintf(all[0], "MSG 1 U %d\r\n%s", len(body), body); err != nil {
			t.Fatal(err)
		}
		words := all[1].Must("", "MSG "+userName(0))
		if n, err := all[1].R.Discard(len(body)); err != nil || words[3] != fmt.Sprint(len(body)) {
			t.Fatalf("%v, then %d bytes, %v", words, n, err)
		}
	}
	// everything queued before this answer came first
	all[1].Must("PNG", "715")
	// after the IRO of its own joining
	if got := all[1].Passed[1:]; !slices.Equal(got, []string{"BYE " + userName(2)}) {
		t.Errorf("the one who reads also got %q", got)
	}
}

// TestStuckWrite: a write that takes too long ends the connection.
func TestStuckWrite(t *testing.T) {
	synctestScript(t, Options{WriteTimeout: 10 * time.Second}, func(p *script) {
		p.run("alice.ns -- online\nbob.ns -- online\nalice.sb -- chat\nalice.sb C: CAL 1 bob@hotmail.com")
		p.run("bob.ns S: RNG {id} {addr} CKI {ring} {h} {n}")
		stuck, err := p.s.Dial(p.t.Context(), "tcp", "127.0.0.4:1863")
		if err != nil {
			t.Fatal(err)
		}
		defer stuck.Close()
		fmt.Fprintf(stuck, "ANS 1 bob@hotmail.com %s %s\r\n", p.words["ring"], p.words["id"])
		synctest.Wait()
		p.drop("alice.sb")
		p.run("alice.sb C: MSG 2 U 100000\n| " + strings.Repeat("x", 100000))
		p.run("-- wait 9s\nalice.sb S: (nothing)\n-- wait 2s\nalice.sb S: BYE bob@hotmail.com")
	})
}
