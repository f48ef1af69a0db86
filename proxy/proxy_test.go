package proxy

import (
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
)

// signIn takes alice from the dispatch server to the notification server and returns that
// connection.
func signIn(l *lab) (client, ns *msntest.Peer) {
	client = l.client(proxyAddr)
	client.Send("VER 0 MSNP2\r\n")
	ds := l.server(dsAddr)
	ds.Want("VER 0 MSNP2\r\n")
	talk(client, ds, "S: VER 0 MSNP2", "C: USR 1 MD5 I alice@hotmail.com",
		"S: XFR 1 NS 10.0.0.5:1863 => XFR 1 NS 127.0.0.1:1863")
	ds.Conn.Close()
	client.WantEnd()
	client.Conn.Close()
	synctest.Wait()
	client = l.client(proxyAddr)
	client.Send("VER 2 MSNP2\r\n")
	ns = l.server(nsAddr)
	ns.Want("VER 2 MSNP2\r\n")
	talk(client, ns, "S: VER 2 MSNP2", "C: USR 3 MD5 I alice@hotmail.com", "S: USR 3 MD5 S 1.2", "C: USR 4 MD5 S 00",
		"S: USR 4 OK alice@hotmail.com Alice")
	return client, ns
}

func TestAllReferralsComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Role: roleOf})
		alice, ns := signIn(l)

		talk(alice, ns, "C: XFR 5 SB", "S: XFR 5 SB 10.0.0.9:1864 CKI 17.42 => XFR 5 SB 127.0.0.1:1863 CKI 17.42")
		caller := l.client(proxyAddr)
		caller.Send("USR 1 alice@hotmail.com 17.42\r\n")
		sb := l.server(sbAddr)
		sb.Want("USR 1 alice@hotmail.com 17.42\r\n")
		talk(caller, sb, "S: USR 1 OK alice@hotmail.com Alice", "C: CAL 2 bob@hotmail.com", "S: CAL 2 RINGING 99")

		ns.Send("RNG  77 10.0.0.9:1864 CKI 8.9 bob@hotmail.com Bob \n")
		alice.Want("RNG  77 127.0.0.1:1863 CKI 8.9 bob@hotmail.com Bob \n")
		callee := l.client(proxyAddr)
		callee.Send("ANS 1 alice@hotmail.com 8.9 77\r\n")
		sb2 := l.server(sbAddr)
		sb2.Want("ANS 1 alice@hotmail.com 8.9 77\r\n")
		talk(callee, sb2, "S: IRO 1 1 1 bob@hotmail.com Bob", "S: ANS 1 OK")
		synctest.Wait()

		got := slices.DeleteFunc(l.commands(), func(s string) bool { return strings.HasPrefix(s, "open") })
		want := []string{
			"DS C: VER 0 MSNP2", "DS S: VER 0 MSNP2", "DS C: USR 1 MD5 I alice@hotmail.com",
			"DS S: XFR 1 NS 10.0.0.5:1863 => XFR 1 NS 127.0.0.1:1863", "half-close ", "close closed by the client",
			"NS C: VER 2 MSNP2", "NS S: VER 2 MSNP2", "NS C: USR 3 MD5 I alice@hotmail.com", "NS S: USR 3 MD5 S 1.2",
			"NS C: USR 4 MD5 S 00", "NS S: USR 4 OK alice@hotmail.com Alice",
			"NS C: XFR 5 SB", "NS S: XFR 5 SB 10.0.0.9:1864 CKI 17.42 => XFR 5 SB 127.0.0.1:1863 CKI 17.42",
			"SB C: USR 1 alice@hotmail.com 17.42", "SB S: USR 1 OK alice@hotmail.com Alice",
			"SB C: CAL 2 bob@hotmail.com", "SB S: CAL 2 RINGING 99",
			"NS S: RNG  77 10.0.0.9:1864 CKI 8.9 bob@hotmail.com Bob  => RNG  77 127.0.0.1:1863 CKI 8.9 " +
				"bob@hotmail.com Bob ",
			"SB C: ANS 1 alice@hotmail.com 8.9 77", "SB S: IRO 1 1 1 bob@hotmail.com Bob", "SB S: ANS 1 OK",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		events := l.all()
		for i, e := range events {
			if e.N != uint64(i+1) {
				t.Errorf("event %d has the number %d: events must come in the order of their numbers", i, e.N)
			}
			if changed := e.Out != nil; changed != (e.Flags&session.Rewritten != 0) {
				t.Errorf("event %d: Out %v, flags %v", e.N, changed, e.Flags.Names())
			}
		}
		last := events[len(events)-1]
		if last.User != "alice@hotmail.com" || last.Session != "77" || last.Server != sbAddr || last.Via == 0 ||
			last.ReplyTo == 0 {
			t.Errorf("last event: user %q session %q server %q via %d reply to %d", last.User, last.Session,
				last.Server, last.Via, last.ReplyTo)
		}
	})
}

// TestTwoUsersBehindOneAddress interleaves two logons whose referrals lead to two notification
// servers: which is whose the proxy learns only when each client says who it is.
func TestTwoUsersBehindOneAddress(t *testing.T) {
	home := map[string]string{"alice@hotmail.com": nsAddr, "bob@hotmail.com": ns2Addr}
	for _, tc := range []struct {
		name string
		say  []string // each in one segment
	}{
		{"a segment each", []string{"VER 2 MSNP2\r\n", "INF 3\r\n", "USR 4 MD5 I %\r\n"}},
		{"one segment", []string{"VER 2 MSNP2\r\nINF 3\r\nUSR 4 MD5 I %\r\n"}},
		{"VER alone", []string{"VER 2 MSNP2\r\n", "INF 3\r\nUSR 4 MD5 I %\r\n"}},
		{"no VER", []string{"USR 4 MD5 I %\r\n"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{})
				heard := l.answerAll(home)
				say := func(user string) string {
					t.Helper()
					c := l.client(proxyAddr)
					var all strings.Builder
					for _, segment := range tc.say {
						segment = strings.ReplaceAll(segment, "%", user)
						all.WriteString(segment)
						c.Send(segment)
						synctest.Wait()
					}
					var answers string
					for range strings.Count(all.String(), "\n") {
						line, err := c.R.ReadString('\n')
						if err != nil {
							t.Fatalf("%s: %v after %q", user, err, answers)
						}
						answers += line
					}
					c.Conn.Close()
					synctest.Wait()
					return answers
				}
				answers := ""
				if len(tc.say) > 1 || strings.HasPrefix(tc.say[0], "VER") {
					answers = "VER 2 MSNP2\r\nINF 3 MD5\r\n"
				}
				// Both are referred before either comes back.
				for _, user := range []string{"alice@hotmail.com", "bob@hotmail.com"} {
					if got, want := say(user), answers+"XFR 4 NS "+proxyAddr+"\r\n"; got != want {
						t.Errorf("%s at the dispatch server got %q, want %q", user, got, want)
					}
				}
				for _, user := range []string{"alice@hotmail.com", "bob@hotmail.com"} {
					if got, want := say(user), answers+"USR 4 MD5 S 1."+home[user]+"\r\n"; got != want {
						t.Errorf("%s at the notification server got %q, want %q", user, got, want)
					}
				}
				for addr, other := range map[string]string{nsAddr: "bob", ns2Addr: "alice"} {
					if strings.Contains(heard(addr), other) {
						t.Errorf("%s heard of %s: %q", addr, other, heard(addr))
					}
				}
			})
		})
	}
}

// TestDeadServerOfAnother: where one user was referred to a server that is dead or says nothing,
// the other users at the same address get in: at once if it is dead, on the next try otherwise.
func TestDeadServerOfAnother(t *testing.T) {
	for _, tc := range []struct {
		name, at string
		tries    int
	}{
		{"dead", "10.0.0.7:1863", 1},
		{"says nothing", "10.0.0.8:1863", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{})
				mute, err := l.back.Listen("10.0.0.8:1863")
				if err != nil {
					t.Fatal(err)
				}
				defer mute.Close()
				refer(l, "bob", proxyAddr, tc.at, proxyAddr)
				l.answerAll(map[string]string{"alice@hotmail.com": nsAddr})
				for range tc.tries - 1 {
					l.client(proxyAddr).Send("VER 1 MSNP2\r\n")
					synctest.Wait()
				}
				c := l.client(proxyAddr)
				c.Send("VER 1 MSNP2\r\nINF 2\r\n")
				c.Want("VER 1 MSNP2\r\nINF 2 MD5\r\n")
				c.Send("USR 3 MD5 I alice@hotmail.com\r\n")
				c.Want("XFR 3 NS " + proxyAddr + "\r\n")
			})
		})
	}
}

// TestSilentServerOfAnother: where one user was referred to a server whose machine drops packets, a
// logon of another user at the same address waits some seconds at most.
func TestSilentServerOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const silent = "10.0.0.8:1863"
		l := newLab(t, Options{})
		dial := l.proxy.opts.Dial
		l.proxy.opts.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr == silent {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return dial(ctx, network, addr)
		}
		refer(l, "bob", proxyAddr, silent, proxyAddr)
		l.answerAll(map[string]string{"alice@hotmail.com": nsAddr})
		began := time.Now()
		c := l.client(proxyAddr)
		c.Send("VER 1 MSNP2\r\nINF 2\r\n")
		c.Want("VER 1 MSNP2\r\nINF 2 MD5\r\n")
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the answer to VER took %v", took)
		}
		c.Send("USR 3 MD5 I alice@hotmail.com\r\n")
		c.Want("XFR 3 NS " + proxyAddr + "\r\n")
	})
}

// TestDialKnowsTheClient: what connects to a server can ask for whom.
func TestDialKnowsTheClient(t *testing.T) {
	l := newLab(t, Options{})
	for range 2 {
		c := l.client(proxyAddr)
		c.Send("VER 1 MSNP2\r\n")
		l.server(dsAddr).Want("VER 1 MSNP2\r\n")
		l.mu.Lock()
		if got := l.dialled[len(l.dialled)-1]; got.String() != c.Conn.LocalAddr().String() {
			t.Errorf("the server was dialled for %v, the client is %v", got, c.Conn.LocalAddr())
		}
		l.mu.Unlock()
	}
	if from, ok := ClientOf(t.Context()); ok {
		t.Errorf("a context of no client's has the address %v", from)
	}
}

func TestUntouchedBytesPassUntouched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{})
		c := l.client(proxyAddr)
		segments := []struct{ send, write string }{
			{"ver\t 1 MSNP2  \n", "ver\t 1 MSNP2  \n"},
			{"INF 2 \r\nCHG  3 NLN\nBLP 8 AL\n", "INF 2 \r\nCHG  3 NLN\nBLP 8 AL\n"}, // one read, one write
			{"REA 9 a@b %e9 \xff\x00\r\n", "REA 9 a@b %e9 \xff\x00\r\n"},
			{"\r\n", "\r\n"},
			{"not a command at all\n", "not a command at all\n"},
			{"CAL 13 bob@hotmail.com\r", ""},
			{"\n", "CAL 13 bob@hotmail.com\r\n"}, // came in pieces, leaves whole
			{"MSG 4 U 11\r\nhel", ""},
			{"lo ", ""},
			{"worldPNG\r\nOU", "MSG 4 U 11\r\nhello worldPNG\r\n"},
			{"T\r\n", "OUT\r\n"},
		}
		var want []string
		for _, s := range segments {
			c.Send(s.send)
			synctest.Wait()
			if s.write != "" {
				want = append(want, s.write)
			}
		}
		if diff := cmp.Diff(want, l.wrote(dsAddr)); diff != "" {
			t.Errorf("writes to the server (-want +got):\n%s", diff)
		}
	})
}

func TestUnfinishedCommandsWaitAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{})
		c := l.client(proxyAddr)
		c.Send("VER 1 MSNP2\r\n")
		s := l.server(dsAddr)
		s.Want("VER 1 MSNP2\r\n")

		c.Send("MSG 4 U 10\r\nhello")
		time.Sleep(holdTime - time.Millisecond)
		synctest.Wait()
		if n := len(l.wrote(dsAddr)); n != 1 {
			t.Fatalf("%d writes before the time is over, want 1", n)
		}
		time.Sleep(2 * time.Millisecond)
		s.Want("MSG 4 U 10\r\nhello")
		c.Send("world")
		s.Want("world")
		synctest.Wait()
		if last := l.commands()[2]; !strings.Contains(last, "MSG 4 U 10") {
			t.Errorf("event %q, want the whole MSG", last)
		}

		// A line that may hold an address waits for its end, however long that takes.
		s.Send("XFR 1 NS 10.0.0.5:18")
		time.Sleep(10 * holdTime)
		s.Send("63\r\n")
		c.Want("XFR 1 NS 127.0.0.1:1863\r\n")

		// A big payload does not wait for its end.
		c.Send("MSG 5 U 200000\r\n" + strings.Repeat("x", holdBytes))
		s.Want("MSG 5 U 200000\r\n" + strings.Repeat("x", holdBytes))
		rest := strings.Repeat("y", 200000-holdBytes)
		sent := make(chan error, 1)
		go func() {
			_, err := io.WriteString(c.Conn, rest)
			sent <- err
		}()
		s.Want(rest)
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		events := l.all()
		if e := events[len(events)-1]; len(e.In.Payload()) != 200000 {
			t.Errorf("the event's payload has %d bytes, want 200000", len(e.In.Payload()))
		}
	})
}

func TestBadClients(t *testing.T) {
	t.Run("rubbish goes on at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, Options{})
			c := l.client(proxyAddr)
			hello := "\x16\x03\x01\x02\x00\x01\x00\x01\xfc"
			c.Send(hello)
			s := l.server(dsAddr)
			s.Want(hello)
			c.Conn.Close()
			s.WantEnd()
			s.Conn.Close()
			synctest.Wait()
			if note := l.all()[1]; note.Text != "this client speaks TLS, not MSN" {
				t.Errorf("note %q", note.Text)
			}
			e := l.all()[2]
			if e.Flags&session.Opaque == 0 || string(e.In.Raw) != hello || e.In.Why != decode.CutShort {
				t.Errorf("event %+v, want the bytes as an opaque one", e)
			}
		})
	})
	t.Run("silence opens nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, Options{})
			c := l.client(proxyAddr)
			time.Sleep(time.Hour)
			c.Conn.Close()
			synctest.Wait()
			if diff := cmp.Diff([]string{"open ", "close closed by the client"}, l.commands()); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if got := l.wrote(dsAddr); got != nil {
				t.Errorf("the server was told %q", got)
			}
		})
	})
	t.Run("an unknown cookie goes to the last switchboard", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, Options{})
			alice, ns := signIn(l)
			talk(alice, ns, "C: XFR 5 SB", "S: XFR 5 SB 10.0.0.9:1864 CKI 17.42 => XFR 5 SB 127.0.0.1:1863 CKI 17.42")
			c := l.client(proxyAddr)
			c.Send("USR 1 alice@hotmail.com wrong\r\n")
			l.server(sbAddr).Want("USR 1 alice@hotmail.com wrong\r\n")
		})
	})
	t.Run("an upstream that refuses", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, Options{Upstream: "10.9.9.9:1863"})
			c := l.client(proxyAddr)
			c.Send("VER 1 MSNP2\r\nINF 2\r\npart")
			c.WantEnd()
			synctest.Wait()
			got := l.commands()
			want := []string{"VER 1 MSNP2", "INF 2", "part", "cannot reach the server 10.9.9.9:1863"}
			for i, w := range want {
				if line := got[len(got)-len(want)+i]; !strings.Contains(line, w) {
					t.Errorf("event %q, want %q in it", line, w)
				}
			}
		})
	})
}

func TestAdvertise(t *testing.T) {
	for _, tc := range []struct{ name, advertise, want string }{
		{"the address by which the client came", "", "127.0.0.1:1863"},
		{"a host", "192.0.2.7", "192.0.2.7:1863"},
		{"a host and port", "msn.example:2000", "msn.example:2000"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{Advertise: tc.advertise})
				c := l.client(proxyAddr)
				c.Send("USR 1 MD5 I alice@hotmail.com\r\n")
				ds := l.server(dsAddr)
				ds.Want("USR 1 MD5 I alice@hotmail.com\r\n")
				talk(c, ds, "S: XFR 1 NS 10.0.0.5 => XFR 1 NS "+tc.want,
					"S: XFR 0 NS 0", // begin again here: nothing to rewrite
					"S: XFR 1 NS 10.0.0.6:1863 0 10.0.0.1:1863 => XFR 1 NS "+tc.want+" 0 "+tc.want,
					"S: XFR 1 NS "+tc.want, // leads here already
					"S: XFR 1 NS [2001:db8::1]:1863 U D => XFR 1 NS "+tc.want+" U D")
			})
		})
	}
}

func TestReferralPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{ReferralPorts: 2000})
		c := l.client(proxyAddr)
		c.Send("USR 1 MD5 I alice@hotmail.com\r\n")
		ds := l.server(dsAddr)
		ds.Want("USR 1 MD5 I alice@hotmail.com\r\n")
		talk(c, ds, "S: XFR 1 NS 10.0.0.5:1863 => XFR 1 NS 127.0.0.1:2000",
			"S: XFR 1 NS 10.0.0.6:1863 => XFR 1 NS 127.0.0.1:2001",
			"S: XFR 1 NS 10.0.0.5:1863 => XFR 1 NS 127.0.0.1:2000")
		second := l.client("127.0.0.1:2001")
		second.Send("VER 1 MSNP2\r\n")
		l.server(ns2Addr).Want("VER 1 MSNP2\r\n")
	})
}

func TestEnds(t *testing.T) {
	t.Run("a server that stays open after the client left is left in the end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, Options{})
			c := l.client(proxyAddr)
			c.Send("OUT\r\n")
			s := l.server(dsAddr)
			s.Want("OUT\r\n")
			c.HangUp()
			s.WantEnd()
			s.Send("BYE bob@hotmail.com\r\n")
			c.Want("BYE bob@hotmail.com\r\n")
			time.Sleep(halfOpenTime + time.Second)
			c.WantEnd()
		})
	})
	t.Run("what a wrong length hid is shown, and sent once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, Options{})
			c := l.client(proxyAddr)
			c.Send("USR 1 MD5 I a@b.c\r\n")
			s := l.server(dsAddr)
			s.Want("USR 1 MD5 I a@b.c\r\n")
			const said = "MSG bob@hotmail.com Bob 90000\r\nhelloBYE bob@hotmail.com\r\nrest"
			s.Send(said)
			time.Sleep(2 * holdTime) // it goes on early
			s.Conn.Close()
			c.Want(said)
			c.WantEnd()
			c.Conn.Close()
			synctest.Wait()
			got := l.commands()
			const want = " S: BYE bob@hotmail.com"
			if !slices.ContainsFunc(got, func(line string) bool { return strings.HasSuffix(line, want) }) {
				t.Errorf("no %q among the events %q", want, got)
			}
		})
	})
	t.Run("Close ends everything", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, Options{})
			idle, busy := l.client(proxyAddr), l.client(proxyAddr)
			busy.Send("VER 1 MSNP2\r\n")
			l.server(dsAddr).Want("VER 1 MSNP2\r\n")
			l.proxy.Close()
			idle.WantEnd()
			busy.WantEnd()
			got := l.commands()
			if last := got[len(got)-1]; last != "close "+ErrStopped.Error() {
				t.Errorf("last event %q", last)
			}
		})
	})
}

func TestRead(t *testing.T) {
	for _, tc := range []struct {
		pending string
		want    verdict
	}{
		{"", verdict{}},
		{"VE", verdict{}},
		{"USR 1 alice@hot", verdict{}},
		{"GET / HTTP/1.1", verdict{kind: anywhere}},
		{"hello", verdict{kind: anywhere}},
		{"\r\n", verdict{kind: anywhere}},
		{"SYN 1 0\r\n", verdict{kind: anywhere}},
		{"VER 1 MSNP2\r\n", verdict{kind: logon}},
		{"VER 1 MSNP2\nINF 2\n", verdict{kind: logon}},
		{"VER 1 MSNP2\r\nUSR 2 MD5 I a@b.c\r\n", verdict{kind: logon, user: "a@b.c"}},
		{"USR 2 MD5 I a@b.c\n", verdict{kind: logon, user: "a@b.c"}},
		{"USR 2 a@b.c 12.34\n", verdict{switchboard, "a@b.c", "12.34"}},
		{"ANS 2 a@b.c 12.34 99\r\n", verdict{switchboard, "a@b.c", "12.34"}},
	} {
		if got := read([]byte(tc.pending)); got != tc.want {
			t.Errorf("read(%q) = %+v, want %+v", tc.pending, got, tc.want)
		}
	}
}
