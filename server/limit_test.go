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
)

// TestCookies: a cookie admits its own user, once, for two minutes, to its own kind of entry (§8.1, §8.4).
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

// together is a hub that lets two cookies of sessions in at one moment.
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

// TestTwoAnswersAtOnce: who was called twice, and answers both at once, is in the session once.
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

func TestOneUserHasSoManyCookies(t *testing.T) {
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
		if len(ts.byCookie) != 1 || len(ts.byHolder) != 1 || len(ts.queue) != 1 {
			t.Errorf("expired cookies are kept: %d, %d, %d", len(ts.byCookie), len(ts.byHolder), len(ts.queue))
		}
	})
}

// TestCallsTakeNoCookies: who calls a user from many sessions does not take the cookie that it has for its own.
func TestCallsTakeNoCookies(t *testing.T) {
	var ts tickets
	own := Ticket{Cookie: "own", Handle: "bob@hotmail.com"}
	ts.issue(own, time.Now(), time.Minute)
	for i := range userTickets + 1 {
		ts.issue(Ticket{Cookie: fmt.Sprint(i), Handle: "BOB@hotmail.com", Session: fmt.Sprint(i)}, time.Now(), time.Minute)
	}
	if !ts.redeem(own, time.Now()) || len(ts.byCookie) != userTickets {
		t.Errorf("of its own cookie and %d of calls there are %d", userTickets+1, len(ts.byCookie))
	}
}

// TestCallingTooOften: the sixth call in a row is refused (713); a word, somebody who comes, or a pause begins a new row.
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
	play(t, Options{MaxParticipants: 2}, `
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

// TestAnswerToAFullSession: who did not answer in time has no place any more, although the cookie is good still; who is being rung has one.
func TestAnswerToAFullSession(t *testing.T) {
	play(t, Options{MaxParticipants: 2, Settings: with(Lenient, "ring-timeout=10s", "cookie-ttl=1m")}, `
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

// slowly is a hub that is far away.
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

// TestSlowReader: who does not read loses the connection, with a word in the log, and the others notice nothing else.
func TestSlowReader(t *testing.T) {
	var log syncBuffer
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

// TestFastSender: whoever reads, if slower than another one sends, loses nothing.
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

// TestSlowReaderOnASocket is the same where what a socket takes at once is written by whoever has it.
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
		words := all[1].must(t, "", "MSG "+userName(0))
		if n, err := all[1].r.Discard(len(body)); err != nil || words[3] != fmt.Sprint(len(body)) {
			t.Fatalf("%v, then %d bytes, %v", words, n, err)
		}
	}
	all[1].must(t, "PNG", "715")                                                     // whatever else was queued before came before this
	if got := all[1].other[1:]; !slices.Equal(got, []string{"BYE " + userName(2)}) { // after the IRO of its own entry
		t.Errorf("the one who reads also got %q", got)
	}
}

// TestStuckWrite: a write that does not end in time ends the connection.
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

// syncBuffer is a buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
