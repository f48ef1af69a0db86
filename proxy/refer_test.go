package proxy

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
)

// evil is where an attacker wants the proxy to connect.
const evil = "10.6.6.6:1863"

// inBodies returns messages from the sender that have an address in each field that any content
// type has, and as text that looks like commands.
func inBodies(sender string) []string {
	var all []string
	for _, t := range body.Types() {
		head := "MIME-Version: 1.0\r\nContent-Type: " + t.Type + "\r\n"
		var header, data string
		for _, f := range t.Fields {
			line := f.Name + ": 7;" + evil + "\r\n"
			if f.In == body.InHeader {
				header += line
			} else {
				data += line
			}
		}
		for _, payload := range []string{
			head + header + "\r\n" + data, head + "Roster: 7;" + evil + "\r\n\r\nhi",
			"Roster: 7;" + evil + "\r\n",
		} {
			all = append(all, fmt.Sprintf("MSG %s Hotmail %d\r\n%s", sender, len(payload), payload))
		}
	}
	lines := "\r\nXFR 9 NS " + evil + "\r\nXFR 9 SB " + evil + " CKI 17.42\r\nRNG 7 " + evil +
		" CKI 17.42 bob@hotmail.com Bob\r\n"
	return append(
		all,
		fmt.Sprintf("MSG %s Hotmail %d\r\n%s", sender, len(lines), lines),
		fmt.Sprintf("MSG %s %s %d\r\n%s", sender, evil, decode.MaxPayload+2*len(lines),
			strings.Repeat(lines, decode.MaxPayload/len(lines)+3)[:decode.MaxPayload+2*len(lines)]),
	)
}

// wantUntouched has the server say something that has to come as it is, without a word about it.
func (l *lab) wantUntouched(client, server *msntest.Peer, said string) {
	l.t.Helper()
	go io.WriteString(server.Conn, said)
	got := make([]byte, len(said))
	if _, err := io.ReadFull(client.R, got); err != nil || string(got) != said {
		l.t.Errorf("%.200q became %.200q, %v", said, got, err)
	}
	synctest.Wait()
	for _, e := range l.all() {
		offer := e.Role == dialect.SB && strings.Contains(e.Text, "between two clients") // it is told, and that is all
		if e.Kind == session.Note && !offer || e.Out != nil && strings.Contains(string(e.In.Raw), evil) {
			l.t.Errorf("after %.200q there is the event %s %q", said, e.Kind, e.Text)
		}
	}
}

// TestOrdersComeFromServersOnly: whatever a user says, however a server passes it on, it is not
// rewritten and leads nobody anywhere.
func TestOrdersComeFromServersOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Role: roleOf, ReferralPorts: 0})
		alice, ns := signIn(l)
		talk(alice, ns, "S: XFR 5 SB 10.0.0.9:1864 CKI 17.42 => XFR 5 SB 127.0.0.1:1863 CKI 17.42")
		caller := l.client(proxyAddr)
		caller.Send("USR 1 alice@hotmail.com 17.42\r\n")
		sb := l.server(sbAddr)
		sb.Want("USR 1 alice@hotmail.com 17.42\r\n")
		talk(caller, sb, "S: USR 1 OK alice@hotmail.com Alice")
		for _, sender := range []string{"bob@hotmail.com", "Hotmail", evil} {
			for _, said := range inBodies(sender) {
				l.wantUntouched(caller, sb, said)
			}
		}
		for _, sender := range []string{"bob@hotmail.com", "Hotmail@hotmail.com", evil} {
			for _, said := range inBodies(sender) {
				l.wantUntouched(alice, ns, said)
			}
		}
		for _, said := range []string{ // names and values that users chose
			"NLN NLN bob@hotmail.com " + evil + "\r\n", "LST 7 FL 1 1 1 bob@hotmail.com " + evil + "\r\n",
			"PRP 1 PHH " + evil + "\r\n",
			"BPR 1 bob@hotmail.com PHH " + evil + "\r\n", "URL 1 /x http://" + evil + "/\r\n",
			"ADD 0 RL 1 " + evil + " " + evil + "\r\n",
			"NOT " + fmt.Sprint(len(evil)) + "\r\n" + evil, "REA 1 1 bob@hotmail.com XFR 9 NS " + evil + "\r\n",
		} {
			l.wantUntouched(alice, ns, said)
		}
		// What a caller calls itself stands in the server's own RNG.
		talk(alice, ns,
			"S: RNG 7 10.0.0.9:1864 CKI 8.9 "+evil+" "+evil+" "+evil+" => RNG 7 127.0.0.1:1863 CKI "+
				"8.9 "+evil+" "+evil+" "+evil)
		for _, first := range []string{"USR 1 alice@hotmail.com 9.9\r\n", "ANS 1 alice@hotmail.com 8.9 7\r\n"} {
			c := l.client(proxyAddr)
			c.Send(first)
			l.server(sbAddr).Want(first)
		}
		c := l.client(proxyAddr)
		c.Send("USR 1 MD5 I alice@hotmail.com\r\n")
		l.server(dsAddr).Want("USR 1 MD5 I alice@hotmail.com\r\n")
	})
}

// TestUnfinishedMessageIsNoOrder: if a server's stream ends within a message, lines in it that look
// like commands become events, and are not obeyed.
func TestUnfinishedMessageIsNoOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Role: roleOf})
		alice, ns := signIn(l)
		said := "MSG bob@hotmail.com Bob 500\r\nhi\r\nXFR 9 NS " + evil + "\r\nXFR 5 SB " + evil + " CKI 17.42\r\n"
		ns.Send(said)
		ns.Conn.Close()
		alice.Want(said)
		alice.WantEnd()
		c := l.client(proxyAddr)
		c.Send("USR 1 MD5 I alice@hotmail.com\r\n")
		l.server(dsAddr).Want("USR 1 MD5 I alice@hotmail.com\r\n")
	})
}

// TestPayloadsPassUntouched: of random streams with payloads of any length, full of lines like
// referrals, what leaves is what came, but for the addresses in true commands; the events are
// bounded and have every byte.
func TestPayloadsPassUntouched(t *testing.T) {
	const inside = "XFR 9 NS 10.6.6.6:1863\r\nRNG 7 10.6.6.6 CKI 1.2 m@h.com M\r\nRoster: 7;10.6.6.6:1863\r\n\r\n"
	random := rand.New(rand.NewPCG(7, 8))
	for round := range 4 {
		var said, want strings.Builder
		said.WriteString("VER 1 MSNP2\r\nUSR 1 OK a@h.com A\r\n")
		want.WriteString(said.String())
		for range 5 {
			n := random.IntN(3 * decode.MaxPart)
			if random.IntN(2) == 0 {
				n = decode.MaxPayload - 10 + random.IntN(4*decode.MaxPart)
			}
			message := fmt.Sprintf("MSG m@h.com M %d\r\n%s", n, strings.Repeat(inside, n/len(inside)+1)[:n])
			said.WriteString(message + "XFR 1 NS 10.0.0.5:1863\r\n")
			want.WriteString(message + "XFR 1 NS 127.0.0.1:1863\r\n")
		}
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, Options{})
			if round%2 == 1 {
				l.proxy.Intercept(nothing{})
			}
			c := l.client(proxyAddr)
			c.Send("VER 1 MSNP2\r\n")
			s := l.server(dsAddr)
			s.Want("VER 1 MSNP2\r\n")
			go func() {
				for rest := said.String(); len(rest) > 0; {
					n := min(len(rest), 1+random.IntN(60<<10))
					io.WriteString(s.Conn, rest[:n])
					rest = rest[n:]
					if random.IntN(10) == 0 {
						time.Sleep(2 * holdTime) // what is there goes on
					}
				}
				s.Conn.Close()
			}()
			got, err := io.ReadAll(c.R)
			if err != nil || string(got) != want.String() {
				t.Errorf("%d bytes came, %v; want the %d that were said, with five other addresses", len(got), err,
					want.Len())
			}
			synctest.Wait()
			var published strings.Builder
			for _, e := range l.all() {
				if e.Dir == decode.FromServer {
					published.Write(e.In.Raw)
				}
			}
			if published.String() != said.String() {
				t.Errorf("the events have %d bytes, want the %d that were said", published.Len(), said.Len())
			}
		})
	}
}

// nothing is an interceptor that changes nothing.
type nothing struct{}

func (nothing) Intercept(context.Context, *Exchange) {}

// TestNothingComesBetween the parts of a long payload.
func TestNothingComesBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{})
		c := l.client(proxyAddr)
		c.Send("VER 1 MSNP2\r\n")
		s := l.server(dsAddr)
		s.Want("VER 1 MSNP2\r\n")
		part := strings.Repeat("x", decode.MaxPart)
		s.Send(fmt.Sprintf("MSG a@b.c A %d\r\n%s", decode.MaxPayload+2*decode.MaxPart, part))
		c.Want(fmt.Sprintf("MSG a@b.c A %d\r\n%s", decode.MaxPayload+2*decode.MaxPart, part))
		if err := l.proxy.Conns()[0].Inject(decode.FromServer, []byte("BYE b@b.c\r\n"), ""); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for range decode.MaxPayload/decode.MaxPart + 1 {
			s.Send(part)
			c.Want(part)
		}
		c.Want("BYE b@b.c\r\n")
	})
}

// TestReferralThatNobodyCanFollow: a referral that nobody can follow passes as it came, with a
// note; so no client is led to the proxy that cannot be led on.
func TestReferralThatNobodyCanFollow(t *testing.T) {
	for _, address := range []string{
		"10.0.0.5:0", "10.0.0.5:70000", "10.0.0.5:", ":1863", "10.0.0.5:1863,10.0.0.6:1863", "10.0.0.5,10.0.0.6",
		"bob@10.0.0.5:1863", "[::1",
		"http://10.0.0.5", `"10.0.0.5" 1863`, "0:1863",
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, Options{ReferralPorts: 2000})
			refer(l, "alice", proxyAddr, address, address)
			time.Sleep(2 * followTime)
			synctest.Wait()
			var notes []string
			for _, e := range l.all() {
				if e.Kind == session.Note {
					notes = append(notes, e.Text)
				}
			}
			if len(notes) != 1 || !strings.Contains(notes[0], "passed as it came") ||
				!strings.Contains(notes[0], "XFR 1 NS "+decode.Quote([]byte(strings.Fields(address)[0]))) {
				t.Errorf("%s: notes %q, want one that says what passed", address, notes)
			}
			c := l.client(proxyAddr)
			c.Send("VER 1 MSNP2\r\n")
			l.server(dsAddr).Want("VER 1 MSNP2\r\n")
		})
	}
}

// TestNoCookieInNotes: neither note nor log has the cookie of a referral to a switchboard.
func TestNoCookieInNotes(t *testing.T) {
	for line, want := range map[string]string{
		"XFR 2 SB 10.0.0.5:0 CKI 17.5\r\n": "nobody can connect to 10.0.0.5:0: XFR 2 SB 10.0.0.5:0 " +
			"...",
		"RNG 11 10.0.0.5:0 CKI 17.5 bob@hotmail.com Bob\r\n": "nobody can connect to 10.0.0.5:0: RNG 11 10.0.0.5:0 " +
			"CKI " +
			"...",
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, Options{})
			c := l.client(proxyAddr)
			c.Send("VER 1 MSNP2\r\n")
			s := l.server(dsAddr)
			s.Want("VER 1 MSNP2\r\n")
			s.Send(line)
			c.Want(line)
			synctest.Wait()
			i := slices.IndexFunc(l.all(), func(e *session.Event) bool { return e.Kind == session.Note })
			if i < 0 || !strings.HasSuffix(l.all()[i].Text, want) {
				t.Errorf("%q: no note that ends in %q", line, want)
			}
		})
	}
}

// TestReferralInLowerCase: some clients follow a referral in lower case, and so does the proxy.
func TestReferralInLowerCase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{})
		c := l.client(proxyAddr)
		c.Send("USR 1 MD5 I alice@hotmail.com\r\n")
		ds := l.server(dsAddr)
		ds.Want("USR 1 MD5 I alice@hotmail.com\r\n")
		talk(c, ds, "S: XFR 1 ns 10.0.0.5:1863 => XFR 1 ns 127.0.0.1:1863")
		c = l.client(proxyAddr)
		c.Send("USR 2 MD5 I alice@hotmail.com\r\n")
		l.server(nsAddr).Want("USR 2 MD5 I alice@hotmail.com\r\n")
	})
}

// TestSentBackAgainAndAgain: a client that is sent to where it came from three times in a row makes
// a note.
func TestSentBackAgainAndAgain(t *testing.T) {
	for name, hops := range map[string][]string{
		"to the same server":    {dsAddr, dsAddr, dsAddr, dsAddr},
		"to the proxy":          {proxyAddr, proxyAddr, proxyAddr},
		"to another and back":   {nsAddr, dsAddr, nsAddr, dsAddr},
		"round three servers":   {nsAddr, ns2Addr, dsAddr, nsAddr, ns2Addr},
		"once, and then onward": {nsAddr, dsAddr, ns2Addr},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{})
				at := dsAddr
				for _, to := range hops {
					c := l.client(proxyAddr)
					c.Send("USR 1 MD5 I alice@hotmail.com\r\n")
					s := l.server(at)
					s.Want("USR 1 MD5 I alice@hotmail.com\r\n")
					s.Send("XFR 1 NS " + to + "\r\n")
					c.Want("XFR 1 NS " + proxyAddr + "\r\n")
					s.Conn.Close()
					c.WantEnd()
					c.Conn.Close()
					synctest.Wait()
					if at = to; to == proxyAddr {
						at = dsAddr
					}
				}
				n := 0
				for _, line := range l.commands() {
					if strings.HasPrefix(line,
						"note alice@hotmail.com was sent back to where it came from 3 times in a row") {
						n++
					}
				}
				if want := map[bool]int{true: 0, false: 1}[name == "once, and then onward"]; n != want {
					t.Errorf("told %d times, want %d: %q", n, want, l.commands())
				}
			})
		})
	}
}

// TestRoutes: where a server's address is good only elsewhere, the client is led here, and on to
// where the server really is.
func TestRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var routes referral.Routes
		for _, rule := range []string{
			"172.17.0.2:1863=" + nsAddr, "sb.private=" + sbAddr,
			"127.0.0.1:1863=" + ns2Addr,
		} {
			if err := routes.Add(rule); err != nil {
				t.Fatal(err)
			}
		}
		l := newLab(t, Options{Role: roleOf, Routes: routes})
		refer(l, "alice", proxyAddr, "172.17.0.2", proxyAddr)
		alice := l.client(proxyAddr)
		alice.Send("USR 2 MD5 I alice@hotmail.com\r\n")
		ns := l.server(nsAddr)
		ns.Want("USR 2 MD5 I alice@hotmail.com\r\n")
		talk(alice, ns, "S: USR 2 OK alice@hotmail.com Alice",
			"S: XFR 5 SB sb.private CKI 17.42 => XFR 5 SB 127.0.0.1:1863 CKI 17.42")
		c := l.client(proxyAddr)
		c.Send("USR 1 alice@hotmail.com 17.42\r\n")
		l.server(sbAddr).Want("USR 1 alice@hotmail.com 17.42\r\n")
		// The server's own idea of an address may be the proxy's.
		refer(l, "bob", proxyAddr, proxyAddr, proxyAddr)
		c = l.client(proxyAddr)
		c.Send("USR 2 MD5 I bob@hotmail.com\r\n")
		l.server(ns2Addr).Want("USR 2 MD5 I bob@hotmail.com\r\n")
	})
}

// elsewhere is an interceptor that sends clients to another server, as a mapping does.
type elsewhere struct{ from, to string }

func (e elsewhere) Intercept(_ context.Context, x *Exchange) {
	if x.In.Dir == decode.FromServer && strings.Contains(string(x.In.In.Raw), e.from) {
		x.Out = []byte(strings.Replace(string(x.In.In.Raw), e.from, e.to, 1))
	}
}

// TestEditedReferralIsFollowed: a referral that an interceptor edits is rewritten and followed like
// any other.
func TestEditedReferralIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{})
		l.proxy.Intercept(elsewhere{nsAddr, ns2Addr})
		refer(l, "alice", proxyAddr, nsAddr, proxyAddr)
		e := l.all()[slices.IndexFunc(l.all(), func(e *session.Event) bool { return e.Out != nil })]
		if want := session.Edited | session.Rewritten; e.Flags&want != want ||
			string(e.Out) != "XFR 1 NS "+proxyAddr+"\r\n" {
			t.Errorf("the event has the flags %v and out %q", e.Flags.Names(), e.Out)
		}
		c := l.client(proxyAddr)
		c.Send("USR 2 MD5 I alice@hotmail.com\r\n")
		ns := l.server(ns2Addr)
		ns.Want("USR 2 MD5 I alice@hotmail.com\r\n")
		talk(c, ns, "S: USR 2 OK alice@hotmail.com Alice")
		for _, conn := range l.proxy.Conns() {
			if err := conn.Inject(decode.FromServer, []byte("XFR 0 NS 10.0.0.5:1863\r\n"), "by hand"); err != nil {
				t.Fatal(err)
			}
		}
		c.Want("XFR 0 NS " + proxyAddr + "\r\n")
		c = l.client(proxyAddr)
		c.Send("USR 2 MD5 I alice@hotmail.com\r\n")
		l.server(nsAddr).Want("USR 2 MD5 I alice@hotmail.com\r\n")
		synctest.Wait()
		got := slices.DeleteFunc(l.commands(), func(s string) bool { return !strings.Contains(s, "XFR") })
		want := []string{
			"DS S: XFR 1 NS 10.0.0.5:1863 => XFR 1 NS 127.0.0.1:1863",
			"NS S: XFR 0 NS 10.0.0.5:1863 => XFR 0 NS 127.0.0.1:1863",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestReferralThatTheClientDoesNotGet: a referral that an interceptor made one that nobody can
// follow, or dropped, is not followed in its original form either, and nobody waits for the client.
func TestReferralThatTheClientDoesNotGet(t *testing.T) {
	for name, i := range map[string]Interceptor{
		"a port that is none": elsewhere{nsAddr, "127.0.0.1:70000"},
		"no referral":         elsewhere{"XFR 1 NS " + nsAddr, "911 1"},
		"dropped":             dropping("XFR"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{})
				l.proxy.Intercept(i)
				for range 2 {
					c := l.client(proxyAddr)
					c.Send("USR 1 MD5 I alice@hotmail.com\r\n")
					s := l.server(dsAddr)
					s.Want("USR 1 MD5 I alice@hotmail.com\r\n")
					s.Send("XFR 1 NS " + nsAddr + "\r\n")
					synctest.Wait()
					c.Conn.Close()
				}
				time.Sleep(time.Hour)
				if n, latest := l.proxy.Bypassed(); n > 0 {
					t.Errorf("it waited for the client: %s", latest)
				}
				told := slices.ContainsFunc(l.commands(), func(s string) bool {
					return strings.HasPrefix(s, "note a referral that nobody can follow") &&
						strings.Contains(s, "70000")
				})
				if told != (name == "a port that is none") {
					t.Errorf("events %q", l.commands())
				}
			})
		})
	}
}

// dropping drops commands that begin so.
type dropping string

func (d dropping) Intercept(_ context.Context, x *Exchange) {
	x.Drop = strings.HasPrefix(string(x.In.In.Raw), string(d))
}

// TestNoLockIsHeld: functions that the proxy calls, for a role, a listener or a line of the log,
// may call the proxy in turn.
func TestNoLockIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l *lab
		var called [3]bool
		free := func(i int) {
			called[i] = true
			for range 100 { // another goroutine may hold it for a moment
				if l.proxy.mu.TryLock() {
					l.proxy.mu.Unlock()
					return
				}
				time.Sleep(time.Millisecond)
			}
			t.Errorf("call %d comes with the lock held", i)
		}
		l = newLab(t, Options{
			ReferralPorts: 2000,
			Role:          func(string) dialect.Role { free(0); return 0 },
			Log:           slog.New(asking{slog.NewTextHandler(io.Discard, nil), func() { free(2) }}),
		})
		listen := l.proxy.opts.Listen
		l.proxy.opts.Listen = func(network, addr string) (net.Listener, error) {
			free(1)
			return listen(network, addr)
		}
		refer(l, "alice", proxyAddr, nsAddr, "127.0.0.1:2000")
		refer(l, "bob", proxyAddr, "10.0.0.5:70000", "10.0.0.5:70000")
		if called != [3]bool{true, true, true} {
			t.Errorf("called: %v", called)
		}
	})
}

// asking is a handler of logs that calls before it handles.
type asking struct {
	slog.Handler
	call func()
}

func (a asking) Handle(ctx context.Context, r slog.Record) error {
	a.call()
	return a.Handler.Handle(ctx, r)
}
