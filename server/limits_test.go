package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/msntest"
)

// TestLimitsTable: each row sets a field of its own, every field has a row, and each is explained.
func TestLimitsTable(t *testing.T) {
	if n := reflect.TypeFor[Limits]().NumField(); n != len(limitRows) {
		t.Errorf("%d limits, %d rows", n, len(limitRows))
	}
	var l Limits
	fields := make(map[any]string)
	for _, row := range limitRows {
		if other := fields[row.field(&l)]; other != "" {
			t.Errorf("%s and %s are one field", row.key, other)
		}
		fields[row.field(&l)] = row.key
		if row.means == "" || row.reason == "" || row.refused == "" || row.value <= 0 {
			t.Errorf("%s is not explained, or no limit", row.key)
		}
	}
}

// TestEachLimitAlone reaches one limit at a time: the user who does is told so, and nobody else
// notices.
func TestEachLimitAlone(t *testing.T) {
	part := strings.Repeat("x", 20_000)
	const inTwoSessions = `
		alice.ns -- online
		bob.ns -- online
		carol.ns -- online
		alice.sb1 -- chat
		alice.sb2 -- chat
		alice.sb1 C: CAL 1 bob@hotmail.com
		alice.sb1 S: CAL 1 RINGING {one}
		bob.ns S: RNG {one} 127.0.0.4:1863 CKI {ring} alice@hotmail.com alice
	`
	done := playEach(t, []changed{
		{"user-connections=2", `
			alice.ns -- online
			alice.sb -- chat
			alice.ns2 C: USR 1 MD5 I alice@hotmail.com
			alice.ns2 S: USR 1 MD5 S {c}
			alice.ns2 C: USR 2 MD5 S {md5 c alicepw}
			alice.ns2 S: 600 2
			alice.ns2 S: (closed)
			bob.ns -- online
			alice.sb -- close
			alice.ns3 C: USR 1 MD5 I alice@hotmail.com
			alice.ns3 S: USR 1 MD5 S {d}
			alice.ns3 C: USR 2 MD5 S {md5 d alicepw}
			alice.ns3 S: USR 2 OK alice@hotmail.com alice
			alice.ns S: OUT OTH`},
		{"user-sessions=1", `
			alice.ns -- online
			alice.ns C: XFR 2 SB
			alice.ns S: XFR 2 SB 127.0.0.4:1863 CKI {second}
			alice.sb -- chat
			alice.ns C: XFR 3 SB
			alice.ns S: 714 3
			alice.sb2 C: USR 1 alice@hotmail.com {second}
			alice.sb2 S: 714 1
			alice.sb2 S: (closed)
			bob.ns -- online
			bob.sb -- chat
			alice.sb -- close
			alice.sb3 -- chat`},
		{"user-sessions=4", `
			# each caller can make a user enter one of four, also if it does not stay to be found there
			alice.ns -- online
			bob.ns -- online
			carol.ns -- online
			alice.sb1 -- chat
			alice.sb1 C: CAL 1 bob@hotmail.com
			alice.sb1 S: CAL 1 RINGING {one}
			bob.ns S: RNG {one} 127.0.0.4:1863 CKI {ringone} alice@hotmail.com alice
			alice.sb1 -- close
			bob.sb1 C: ANS 1 bob@hotmail.com {ringone} {one}
			bob.sb1 S: ANS 1 OK
			bob.sb1 C: CAL 1 carol@hotmail.com
			bob.sb1 S: CAL 1 RINGING {one}
			carol.ns S: RNG {one} 127.0.0.4:1863 CKI {ringcarol} bob@hotmail.com bob
			carol.sb1 C: ANS 1 carol@hotmail.com {ringcarol} {one}
			carol.sb1 S: IRO 1 1 1 bob@hotmail.com bob
			carol.sb1 S: ANS 1 OK
			bob.sb1 S: JOI carol@hotmail.com carol
			alice.sb2 -- chat
			alice.sb2 C: CAL 1 bob@hotmail.com
			alice.sb2 S: CAL 1 RINGING {two}
			bob.ns S: RNG {two} 127.0.0.4:1863 CKI {ringtwo} alice@hotmail.com alice
			bob.sb2 C: ANS 1 bob@hotmail.com {ringtwo} {two}
			bob.sb2 S: 714 1
			bob.sb2 S: (closed)
			carol.sb -- chat
			carol.sb C: CAL 1 bob@hotmail.com
			carol.sb S: CAL 1 RINGING {three}
			bob.ns S: RNG {three} 127.0.0.4:1863 CKI {ringthree} carol@hotmail.com carol
			bob.sb3 C: ANS 1 bob@hotmail.com {ringthree} {three}
			bob.sb3 S: IRO 1 1 1 carol@hotmail.com carol
			bob.sb3 S: ANS 1 OK
			carol.sb S: JOI bob@hotmail.com bob
			# one in which nobody else is left is given up for another
			carol.sb1 -- close
			bob.sb1 S: BYE carol@hotmail.com
			alice.sb3 -- chat
			alice.sb3 C: CAL 1 bob@hotmail.com
			alice.sb3 S: CAL 1 RINGING {four}
			bob.ns S: RNG {four} 127.0.0.4:1863 CKI {ringfour} alice@hotmail.com alice
			bob.sb4 C: ANS 1 bob@hotmail.com {ringfour} {four}
			bob.sb4 S: IRO 1 1 1 alice@hotmail.com alice
			bob.sb4 S: ANS 1 OK
			alice.sb3 S: JOI bob@hotmail.com bob
			bob.sb1 S: (closed)`},
		{"session-users=1", `
			alice.ns -- online
			bob.ns -- online
			alice.sb -- chat
			alice.sb C: CAL 1 bob@hotmail.com
			alice.sb S: 712 1`},
		{"user-invitations=1", inTwoSessions + `
			alice.sb2 C: CAL 1 carol@hotmail.com
			alice.sb2 S: 713 1
			carol.sb -- chat
			carol.sb C: CAL 1 bob@hotmail.com
			carol.sb S: CAL 1 RINGING {two}
			bob.ns S: RNG {two} 127.0.0.4:1863 CKI {r} carol@hotmail.com carol
			-- wait 61s
			alice.sb2 C: CAL 2 carol@hotmail.com
			alice.sb2 S: CAL 2 RINGING {three}
			carol.ns S: RNG {three} 127.0.0.4:1863 CKI {s} alice@hotmail.com alice`},
		{"user-invitations=1 cookie-ttl=1m", inTwoSessions + `
			bob.sb C: ANS 1 bob@hotmail.com {ring} {one}
			bob.sb S: IRO 1 1 1 alice@hotmail.com alice
			bob.sb S: ANS 1 OK
			alice.sb1 S: JOI bob@hotmail.com bob
			alice.sb2 C: CAL 2 carol@hotmail.com
			alice.sb2 S: CAL 2 RINGING {two}
			carol.ns S: RNG {two} 127.0.0.4:1863 CKI {s} alice@hotmail.com alice`},
		{"user-invitations=1 ring-timeout=1m", `
			alice.ns -- online
			bob.ns -- online
			alice.sb -- chat
			# who cannot be called does not count
			alice.sb C: CAL 1 carol@hotmail.com
			alice.sb S: 217 1
			alice.sb C: CAL 2 bob@hotmail.com
			alice.sb S: CAL 2 RINGING {one}
			bob.ns S: RNG {one} 127.0.0.4:1863 CKI {r} alice@hotmail.com alice`},
		{"address-invitations=1", `
			alice.ns -- online
			bob.ns -- online
			carol.ns -- online
			alice.sb@10.0.0.1 -- chat
			bob.sb@10.0.0.1 -- chat
			carol.sb@10.0.0.2 -- chat
			alice.sb@10.0.0.1 C: CAL 1 bob@hotmail.com
			alice.sb@10.0.0.1 S: CAL 1 RINGING {one}
			bob.ns S: RNG {one} 127.0.0.4:1863 CKI {r} alice@hotmail.com alice
			bob.sb@10.0.0.1 C: CAL 1 alice@hotmail.com
			bob.sb@10.0.0.1 S: 713 1
			carol.sb@10.0.0.2 C: CAL 1 alice@hotmail.com
			carol.sb@10.0.0.2 S: CAL 1 RINGING {two}
			alice.ns S: RNG {two} 127.0.0.4:1863 CKI {s} carol@hotmail.com carol`},
		{"user-buffers=30000", `
			alice.ns -- online
			bob.ns -- online
			alice.sb1 -- chat
			alice.sb2 -- chat
			alice.sb3 -- chat
			bob.sb -- chat
			alice.sb1 -- raw "MSG 1 N 40000\r\n` + part + `"
			alice.sb2 -- raw "MSG 1 N 40000\r\n` + part + `"
			alice.sb3 -- raw "MSG 1 N 40000\r\n` + part + `"
			alice.sb1 S: (nothing)
			alice.sb2 S: (nothing)
			alice.sb3 S: 712
			alice.sb3 S: (closed)
			bob.sb -- raw "MSG 1 N 40000\r\n` + part + `"
			bob.sb S: (nothing)
			alice.sb1 -- raw "` + part + `"
			alice.sb1 S: NAK 1
			alice.sb4 -- chat
			alice.sb4 -- raw "MSG 1 N 20000\r\n` + part + `"
			alice.sb4 S: NAK 1`},
		{"address-buffers=30000", `
			alice.ns -- online
			bob.ns -- online
			alice.sb1@10.0.0.1 -- chat
			alice.sb2@10.0.0.1 -- chat
			bob.sb1@10.0.0.1 -- chat
			bob.sb2@10.0.0.2 -- chat
			alice.sb1@10.0.0.1 -- raw "MSG 1 N 40000\r\n` + part + `"
			alice.sb2@10.0.0.1 -- raw "MSG 1 N 40000\r\nx` + part + `"
			bob.sb1@10.0.0.1 -- raw "MSG 1 N 40000\r\n` + part + `"
			bob.sb2@10.0.0.2 -- raw "MSG 1 N 40000\r\n` + part + `"
			# alice, who has most, loses the connection that has most
			alice.sb2@10.0.0.1 S: (closed)
			alice.sb1@10.0.0.1 S: (nothing)
			bob.sb1@10.0.0.1 S: (nothing)
			bob.sb2@10.0.0.2 S: (nothing)
			# bob has most now, and needs more
			bob.sb1@10.0.0.1 -- raw "` + part[:11_000] + `"
			bob.sb1@10.0.0.1 S: 712
			bob.sb1@10.0.0.1 S: (closed)
			alice.sb1@10.0.0.1 S: (nothing)`},
		{"buffers=30000", `
			alice.ns -- online
			bob.ns -- online
			alice.sb1@10.0.0.1 -- chat
			alice.sb2@10.0.0.2 -- chat
			bob.sb -- chat
			alice.sb1@10.0.0.1 -- raw "MSG 1 N 40000\r\nx` + part + `"
			alice.sb2@10.0.0.2 -- raw "MSG 1 N 40000\r\n` + part + `"
			bob.sb -- raw "MSG 1 N 40000\r\n` + part + `"
			alice.sb1@10.0.0.1 S: (closed)
			alice.sb2@10.0.0.2 S: (nothing)
			bob.sb S: (nothing)
			bob.sb -- raw "` + part + `"
			bob.sb S: NAK 1`},
		{"user-failures=1", `
			a.ns C: USR 1 MD5 I alice@hotmail.com
			a.ns S: USR 1 MD5 S {c}
			a.ns C: USR 2 MD5 S 0
			-- wait 20ms
			a.ns S: 911 2
			a.ns C: USR 3 MD5 I alice@hotmail.com
			a.ns S: USR 3 MD5 S {d}
			a.ns C: USR 4 MD5 S {md5 d alicepw}
			a.ns S: (nothing)
			bob.ns -- online
			-- wait 980ms
			a.ns S: USR 4 OK alice@hotmail.com alice`},
		{"address-failures=1", `
			a.ns@10.0.0.1 C: USR 1 MD5 I alice@hotmail.com
			a.ns@10.0.0.1 S: USR 1 MD5 S {c}
			a.ns@10.0.0.1 C: USR 2 MD5 S 0
			-- wait 20ms
			a.ns@10.0.0.1 S: 911 2
			bob.ns@10.0.0.1 C: USR 3 MD5 I bob@hotmail.com
			bob.ns@10.0.0.1 S: USR 3 MD5 S {d}
			bob.ns@10.0.0.1 C: USR 4 MD5 S {md5 d bobpw}
			bob.ns@10.0.0.1 S: (nothing)
			alice.ns@10.0.0.2 -- online
			-- wait 980ms
			bob.ns@10.0.0.1 S: USR 4 OK bob@hotmail.com bob`},
	})
	for _, row := range limitRows {
		if !done[row.key] && row.key != "address-connections" && row.key != "address-logons" { // TestAddressLimits
			t.Errorf("%s is not tried", row.key)
		}
	}
}

// TestAddressLimits: one address leaves room for others, and more so while it has not logged on;
// the first 64 bits of an IPv6 address count as one address.
func TestAddressLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := with(Lenient, "address-connections=50", "address-logons=20")
		s := New(Options{Store: manyUsers(9), MaxConns: 10, Settings: set})
		defer s.Close()
		dial := func(from string) (net.Conn, error) {
			at := netip.AddrPortFrom(netip.MustParseAddr(from), 4000)
			nc, err := s.DialFrom(t.Context(), at, "tcp", "127.0.0.3:1863")
			if err == nil {
				t.Cleanup(func() { nc.Close() })
			}
			return nc, err
		}
		for i := range 5 {
			nc, err := dial("10.0.0.1")
			if err != nil {
				t.Fatalf("connection %d: %v", i, err)
			}
			p := msntest.NewPeer(t, nc)
			words := p.Must("USR 1 MD5 I "+userName(i), "USR 1 MD5 S")
			p.Must("USR 2 MD5 S "+md5(words[4]), "USR 2 OK")
		}
		if _, err := dial("10.0.0.1"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("the sixth connection: %v, want that it is refused", err)
		}
		for _, from := range []string{"2001:db8:0:1::1", "2001:db8:0:1::2"} {
			if _, err := dial(from); err != nil {
				t.Error(err)
			}
		}
		if _, err := dial("2001:db8:0:1:2::3"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("the third of an address that is not logged on: %v, want that it is refused", err)
		}
		if nc, err := dial("2001:db8:0:2::1"); err != nil {
			t.Errorf("another network: %v", err)
		} else {
			nc.Close()
		}
	})
}

// TestUnfinishedMessages: one user opens 300 switchboard connections and begins a message of 1 MB
// on each. The server holds no more than docs/LIMITS.md says, and everybody else is still served.
func TestUnfinishedMessages(t *testing.T) {
	s := onTCP(t, Options{Store: manyUsers(2)})
	alice, bob := online(t, s, 0), online(t, s, 1)
	begun := strings.Repeat("x", 1<<20-100)
	before := heap()
	refused := map[string]int{}
	for range 300 {
		words := alice.Must("XFR 1 SB", "")
		if words[0] != "XFR" {
			refused[words[0]]++
			continue
		}
		p := dialTCP(t, words[3])
		if words := p.Must("USR 1 "+userName(0)+" "+words[5], ""); words[0] != "USR" {
			refused[words[0]]++
			continue
		}
		_, err := io.WriteString(p, "MSG 2 N 1048576\r\n")
		if err == nil {
			_, err = io.WriteString(p, begun)
		}
		// waits for an answer, if there is one
		_ = p.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if line, _ := p.R.ReadString('\n'); err != nil || line != "" {
			refused[strings.TrimSpace(line)]++
		}
	}
	held, most := heap()-before, int64(3*defaultLimits().UserBytes)
	t.Logf("%d MB are held; refused were %v", held>>20, refused)
	if held > most {
		t.Errorf("one user makes the server hold %d MB, want %d at most", held>>20, most>>20)
	}
	if refused["712"] == 0 {
		t.Errorf("refused were %v, want some with 712", refused)
	}
	words := bob.Must("XFR 1 SB", "XFR 1 SB")
	p := dialTCP(t, words[3])
	p.Must("USR 1 "+userName(1)+" "+words[5], "USR 1 OK")
	p.Must("MSG 2 N 1048576\r\n"+strings.Repeat("x", 1<<20), "NAK 2")
}

// TestTrickles: sending a byte now and then keeps neither an unfinished command alive nor its bytes
// in the budgets.
func TestTrickles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newScript(t, New(Options{}))
		defer p.close()
		p.run("alice.ns -- online")
		start := time.Now()
		var sending sync.WaitGroup
		for i := range 5 {
			name := fmt.Sprintf("alice.sb%d", i)
			p.run(name + " -- chat")
			c := p.conns[name]
			sending.Go(func() {
				_, err := fmt.Fprintf(c, "MSG 2 N 1048576\r\n%s", strings.Repeat("x", 1<<20-100))
				for err == nil {
					time.Sleep(15 * time.Second)
					_, err = io.WriteString(c, "x")
				}
			})
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if used := p.s.shares.bytes.used.Load(); used < 5<<20-50_000 || used > int64(defaultLimits().UserBytes) {
			t.Errorf("%d bytes are counted, want nearly 5 MB", used)
		}
		sending.Wait()
		if took := time.Since(start); took > 6*time.Minute {
			t.Errorf("the last of them was served for %v", took)
		}
		for _, c := range p.conns {
			c.Close()
		}
		time.Sleep(lingerTime)
		synctest.Wait()
		sh := &p.s.shares
		if used := sh.bytes.used.Load(); used != 0 || len(sh.users)+len(sh.addresses) > 0 {
			t.Errorf("%d bytes, %d users and %d addresses are counted that are gone", used, len(sh.users),
				len(sh.addresses))
		}
	})
}

// TestSlowSenders: a client that sends a long message at the speed of a modem has enough time.
func TestSlowSenders(t *testing.T) {
	synctestScript(t, Options{}, func(p *script) {
		p.run("alice.ns -- online\nalice.sb -- chat\nalice.sb C: MSG 1 N 409600")
		p.drop()
		for range 99 {
			if _, err := io.WriteString(p.conns["alice.sb"], strings.Repeat("x", 4096)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1500 * time.Millisecond)
		}
		p.run("alice.sb S: (nothing)")
		p.run("alice.sb -- raw \"" + strings.Repeat("x", 409600-99*4096) + "\"\nalice.sb S: NAK 1")
	})
}

// TestQueuesCount: what is queued for a client that does not read counts in that user's budget, and
// is given back when the client leaves.
func TestQueuesCount(t *testing.T) {
	synctestScript(t, Options{Settings: with(Lenient, "user-buffers=200000")}, func(p *script) {
		p.run("alice.ns -- online\nbob.ns -- online\nalice.sb -- chat\nalice.sb C: CAL 1 bob@hotmail.com")
		p.run("bob.ns S: RNG {id} {addr} CKI {ring} {h} {n}")
		slow, err := p.s.Dial(p.t.Context(), "tcp", "127.0.0.4:1863")
		if err != nil {
			t.Fatal(err)
		}
		defer slow.Close()
		fmt.Fprintf(slow, "ANS 1 bob@hotmail.com %s %s\r\n", p.words["ring"], p.words["id"])
		p.drop("alice.sb")
		body := strings.Repeat("x", 50_000)
		for range 5 { // 64 KB fit into the connection
			p.run("alice.sb C: MSG 2 U 50000\n| " + body)
			p.run("-- wait 1s")
		}
		p.run("alice.sb S: (nothing)")
		p.run("alice.sb C: MSG 2 U 50000\n| " + body + "\n-- wait 1s\nalice.sb S: BYE bob@hotmail.com")
		if used := p.s.shares.bytes.used.Load(); used != 0 {
			t.Errorf("%d bytes are counted of what is gone", used)
		}
	})
}

// TestStrangersAreOneUser: connections of one address that are not logged on, each of which holds
// little, pay for what they hold together, rather than a user who holds more than each of them.
func TestStrangersAreOneUser(t *testing.T) {
	synctestScript(t, Options{}, func(p *script) {
		p.run("alice.ns -- online\nalice.sb@10.0.0.2 -- chat")
		for range 3 {
			nc, err := p.s.DialFrom(t.Context(), netip.MustParseAddrPort("10.0.0.1:4000"), "tcp", "127.0.0.3:1863")
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			for range 3 { // of the answers, 7 bytes each, 64 KB fit into the connection, and 8 KB do not count
				if _, err = io.WriteString(nc, strings.Repeat("XYZ 1\r\n", 4000)); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
		}
		used := func() int64 { return p.s.shares.bytes.used.Load() }
		before := used()
		if before < 55_000 || before > 60_000 {
			t.Fatalf("strangers hold %d bytes", before)
		}
		p.s.shares.bytes.most = before + 10_000
		part := strings.Repeat("x", 45_000)
		p.run("alice.sb@10.0.0.2 -- raw \"MSG 1 N 50000\\r\\n" + part + "\"\nalice.sb@10.0.0.2 S: (nothing)")
		if used() > before+10_000 {
			t.Errorf("%d bytes are held: nobody made room", used())
		}
		p.run("alice.sb@10.0.0.2 -- raw \"" + part[:5000] + "\"\nalice.sb@10.0.0.2 S: NAK 1")
	})
}

// TestCrowdIsTurnedAway: on sockets, one connection too many from an address gets 600.
func TestCrowdIsTurnedAway(t *testing.T) {
	s := New(Options{MaxConns: 4, Settings: with(Lenient, "address-logons=50")})
	defer s.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(dialect.NS, l) }()
	for i, want := range []string{"VER 0 MSNP2\r\n", "VER 0 MSNP2\r\n", "600\r\n"} {
		nc, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		if want != "600\r\n" {
			_, _ = io.WriteString(nc, "VER 0 MSNP2\r\n")
		}
		buf := make([]byte, len(want))
		if _, err := io.ReadFull(nc, buf); err != nil || string(buf) != want {
			t.Errorf("connection %d: got %q, %v, want %q", i, buf, err, want)
		}
	}
}

// heap returns how many bytes are in use, after a collection.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the second empties the pools
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
