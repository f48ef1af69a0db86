package proxy

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// refer makes the dispatch server send the user on.
func refer(l *lab, user, from, to, advertised string) {
	l.t.Helper()
	c := l.client(from)
	c.Send("USR 1 MD5 I " + user + "@hotmail.com\r\n")
	ds := l.server(dsAddr)
	ds.Want("USR 1 MD5 I " + user + "@hotmail.com\r\n")
	talk(c, ds, "S: XFR 1 NS "+to+" => XFR 1 NS "+advertised)
	ds.Conn.Close()
	c.WantEnd()
	c.Conn.Close()
}

func TestReferralThatNobodyFollows(t *testing.T) {
	const text = "note alice@hotmail.com was sent to the notification server 10.0.0.5:1863 " +
		"through this proxy and never came: " +
		"it may have gone around"
	for _, tc := range []struct {
		name       string
		ports      int
		advertised string
		come       string // where she comes to, if she does
		want       int
	}{
		{"she goes around", 0, proxyAddr, "", 1},
		{"she comes", 0, proxyAddr, proxyAddr, 0},
		{"she comes to a port of its own", 2000, "127.0.0.1:2000", "127.0.0.1:2000", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{ReferralPorts: tc.ports})
				refer(l, "alice", proxyAddr, nsAddr, tc.advertised)
				if tc.come != "" {
					c := l.client(tc.come)
					c.Send("VER 1 MSNP2\r\nUSR 2 MD5 I Alice@hotmail.com\r\n")
					l.server(nsAddr).Want("VER 1 MSNP2\r\nUSR 2 MD5 I Alice@hotmail.com\r\n")
				}
				time.Sleep(followTime + 10*sweepTime)
				synctest.Wait()
				n, latest := l.proxy.Bypassed()
				said := slices.Contains(l.commands(), text)
				if n != tc.want || said != (n > 0) {
					t.Errorf("%d referrals not followed (%q), among the events: %v; want %d", n, latest, said, tc.want)
				}
			})
		})
	}
}

// TestRingNeedsNoAnswer: a client that ignores a ring is not missed, and one that answers it shows
// the cookie.
func TestRingNeedsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Role: roleOf})
		alice, ns := signIn(l)
		talk(alice, ns,
			"S: RNG 77 10.0.0.9:1864 CKI 8.9 bob@hotmail.com Bob => RNG 77 127.0.0.1:1863 CKI 8.9 bob@hotmail.com Bob",
			"C: XFR 5 SB", "S: XFR 5 SB 10.0.0.9:1864 CKI 17.42 => XFR 5 SB 127.0.0.1:1863 CKI 17.42")
		c := l.client(proxyAddr)
		c.Send("USR 1 alice@hotmail.com 17.42\r\n")
		l.server(sbAddr).Want("USR 1 alice@hotmail.com 17.42\r\n")
		time.Sleep(2 * followTime)
		if n, latest := l.proxy.Bypassed(); n != 0 {
			t.Errorf("%d referrals not followed: %s", n, latest)
		}
	})
}

// TestAddressOfAnHourAgo: a client comes back to where it was once sent.
func TestAddressOfAnHourAgo(t *testing.T) {
	for _, tc := range []struct {
		name, advertised, said, server string
		ports                          int
	}{
		{"the one port is where one begins", proxyAddr, "VER 1 MSNP2\r\n", dsAddr, 0},
		{"a port of its own leads where it led", "127.0.0.1:2000", "VER 1 MSNP2\r\n", nsAddr, 2000},
		{"a cookie that is too old", proxyAddr, "USR 1 alice@hotmail.com 17.42\r\n", dsAddr, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{ReferralPorts: tc.ports})
				refer(l, "alice", proxyAddr, nsAddr, tc.advertised)
				time.Sleep(time.Hour)
				c := l.client(tc.advertised)
				c.Send(tc.said)
				l.server(tc.server).Want(tc.said)
			})
		})
	}
}

// TestReferralInAMessage: the reader of the field Roster in a message of the server's own comes to
// the switchboard through the proxy.
func TestReferralInAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Role: roleOf})
		alice, ns := signIn(l)
		ns.Send("MSG Hotmail Hotmail 55\r\nContent-Type: text/plain\r\nRoster: 7;10.0.0.9:1864\r\n\r\nhi")
		alice.Want("MSG Hotmail Hotmail 56\r\nContent-Type: text/plain\r\nRoster: 7;127.0.0.1:1863\r\n\r\nhi")
		c := l.client(proxyAddr)
		c.Send("ANS 1 alice@hotmail.com none 7\r\n")
		l.server(sbAddr).Want("ANS 1 alice@hotmail.com none 7\r\n")
	})
}

// TestSeveralListeners: each client is told the address by which it came; a referral port is open
// on all of them.
func TestSeveralListeners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{ReferralPorts: 2000})
		six, err := l.front.Listen("[::1]:1863")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- l.proxy.Serve(six) }()
		synctest.Wait()
		refer(l, "alice", "[::1]:1863", nsAddr, "[::1]:2000")
		refer(l, "bob", proxyAddr, nsAddr, "127.0.0.1:2000")
		for _, addr := range []string{"[::1]:2000", "127.0.0.1:2000"} {
			c := l.client(addr)
			c.Send("VER 1 MSNP2\r\n")
			l.server(nsAddr).Want("VER 1 MSNP2\r\n")
		}
		// An address that is the proxy's own by any listener is left alone.
		refer(l, "carol", proxyAddr, "[::1]:1863", "[::1]:1863")
		l.proxy.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

func TestForeign(t *testing.T) {
	for first, want := range map[string]string{
		"\x16\x03\x01\x02\x00\x01": "TLS", "GET / HTTP/1.1\r\n": "HTTP", "CONNECT a:1863 HTTP/1.1\r\n": "HTTP",
		"SSH-2.0-x\r\n": "SSH",
		"POST http://gateway.messenger.hotmail.com/gateway/gateway.dll?Action=open " +
			"HTTP/1.1\r\n": "MSN over HTTP, as through the gateway",
		"VER 1 MSNP2\r\n": "", "": "", "PUT 1 a@b.c 3\r\nabc": "", "hello\r\n": "",
	} {
		if got := otherProtocol([]byte(first)); got != want {
			t.Errorf("otherProtocol(%q) = %q, want %q", first, got, want)
		}
	}
}
