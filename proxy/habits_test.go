package proxy

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/msntest"
)

// habits are how real clients speak, segment by segment, as they were seen on the wire. "|" in a
// segment is where one command ends and the next begins.
var habits = []struct {
	client string
	says   []string
	writes []string // what reaches the server, where it is not the same segments
}{
	{client: "gaim 0.43", says: []string{
		"USR 1 MD5 I a@h.com\n", "USR 2 MD5 S 0123456789abcdef0123456789abcdef\n", "SYN 3 0\n",
		"CHG 4 NLN\n|BLP 5 AL\n",
		"QRY 6 msmsgs@msnmsgr.com 32\r\n0123456789abcdef0123456789abcdef",
	}},
	{client: "gaim 0.11.0pre7", says: []string{
		"USR 1234567890 MD5 I a@h.com\n", "USR 1234567890 MD5 S 00\n", "USR 1234567890 MD5 S 00\n",
		"MSG 1234567891 N 5\r\nhello",
	}},
	{client: "gaim 0.11.0pre7 on a switchboard", says: []string{"ANS 1 a@h.com 17.42 99\n"}},
	{client: "gaim 0.11.0pre4", says: []string{
		"VER 5 MSNP2\n", "USR 5 MD5 I a@h.com\n", "ADD 5 FL a@h.com a@h.com\n", "REM 5 AL b@h.com b@h.com\n",
		"CAL 5 b@h.com\n|MSG 5 U 2\r\nhi",
	}},
	{client: "aMSN 0.49", says: []string{
		"VER 1 MSNP2\r\n", "INF 2 \r\n", "USR 3 MD5 I a@h.com\r\n", "CHG 4 HDN\r\n", "MSG 5 U 4\ntext",
		"REA 6 b@h.com %e9t%e9\r\n", "LST 7 AL\r\n",
		"REA 8 b@h.com \xe9\r\n",
	}},
	{client: "aMSN 0.49 on a switchboard", says: []string{
		"USR 1 a@h.com 17.42\r", "\n", "CAL 2 b@h.com\r", "\n", "MSG 3 U 5\r\n", "hello",
	}, writes: []string{"USR 1 a@h.com 17.42\r\n", "CAL 2 b@h.com\r\n", "MSG 3 U 5\r\nhello"}},
	{client: "Net::Msmgr", says: []string{"VER 1 MSNP2 CVR0\r\n|USR 2 MD5 I a@h.com\r\n", "PNG\r\n"}},
	{
		client: "gaim 0.59",
		says:   []string{"VER 1 MSNP5\r\n", "INF 2\r\n", "USR 3 MD5 I a@h.com\r\n", "MSG 4 N 3\r\nabc"},
	},
	{
		client: "aMSN 0.62",
		says:   []string{"VER 1 MSNP7 MSNP6 MSNP5 MSNP4 CVR0\r\n", "INF 2\n", "USR 3 MD5 I a@h.com\r\n"},
	},
	{client: "libmsn2", says: []string{
		"VER 1 MSNP7\r\n", "USR 2 MD5 I a@h.com\r\n", "QRY 3 msmsgs@msnmsgr.com 8\r\n", "01", "23", "45", "67",
	}, writes: []string{"VER 1 MSNP7\r\n", "USR 2 MD5 I a@h.com\r\n", "QRY 3 msmsgs@msnmsgr.com 8\r\n01234567"}},
}

// TestHabitsOfClients: to a server that reads a stream the segments are the same; to one that takes
// one read for one command, each command comes alone and whole.
func TestHabitsOfClients(t *testing.T) {
	for _, h := range habits {
		for _, one := range []bool{false, true} {
			t.Run(h.client+map[bool]string{true: ", one command a read"}[one], func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := newLab(t, Options{OnePerWrite: map[bool]time.Duration{true: time.Second}[one]})
					c := l.client(proxyAddr)
					for _, segment := range h.says {
						c.Send(strings.ReplaceAll(segment, "|", ""))
						synctest.Wait()
					}
					if one {
						time.Sleep(time.Minute)
					}
					c.Conn.Close() // OUT often never comes
					synctest.Wait()
					want := slices.Clone(h.writes)
					if want == nil {
						want = slices.Clone(h.says)
					}
					split := map[bool]string{false: "", true: "|"}[one]
					joined := strings.Join(want, "\x00")
					if one {
						joined = strings.ReplaceAll(joined, split, "\x00")
					}
					want = strings.Split(strings.ReplaceAll(joined, "|", ""), "\x00")
					if diff := cmp.Diff(want, l.wrote(dsAddr)); diff != "" {
						t.Errorf("writes to the server (-want +got):\n%s", diff)
					}
					for _, e := range l.all() {
						if e.In.Opaque() {
							t.Errorf("%q is no command: %s", e.In.Raw, e.In.Why)
						}
					}
				})
			})
		}
	}
}

// frontage notes each write of the proxy to its clients.
type frontage struct {
	net.Listener
	mu     sync.Mutex
	writes []string
}

type frontConn struct {
	net.Conn
	f *frontage
}

func (f *frontage) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &frontConn{c, f}, nil
}

func (c *frontConn) Write(p []byte) (int, error) {
	c.f.mu.Lock()
	c.f.writes = append(c.f.writes, string(p))
	c.f.mu.Unlock()
	return c.Conn.Write(p)
}

// TestHabitsOfServers: what the servers of today send reaches clients as it is, addresses aside; a
// MSG in one write, since clients take one read for it.
func TestHabitsOfServers(t *testing.T) {
	for _, tc := range []struct {
		name         string
		says, writes []string // nil: the same
	}{
		{
			"a switchboard on another port, long session ids, a profile",
			[]string{
				"USR 4 OK a@h.com Alice\r\n", "MSG Hotmail Hotmail 1400\r\n" + strings.Repeat("x: y\r\n", 200),
				strings.Repeat("z", 200),
				"ILN 5 NLN b@h.com \xc3\xa9\r\n", "XFR 6 SB 10.0.0.9:1864 CKI 17.42\r\n",
				"RNG 0123456789abcdef0123456789abcde 10.0.0.9:1864 CKI 8.9 b@h.com B\r\n",
			},
			[]string{
				"USR 4 OK a@h.com Alice\r\n",
				"MSG Hotmail Hotmail 1400\r\n" + strings.Repeat("x: y\r\n", 200) + strings.Repeat("z", 200),
				"ILN 5 NLN b@h.com \xc3\xa9\r\n", "XFR 6 SB 127.0.0.1:1863 CKI 17.42\r\n",
				"RNG 0123456789abcdef0123456789abcde 127.0.0.1:1863 CKI 8.9 b@h.com B\r\n",
			},
		},
		{
			"ILN before ADD, LF only, two commands a segment",
			[]string{"ILN 5 NLN b@h.com B\nADD 5 FL 7 b@h.com B\n", "911 6\r\n"},
			nil,
		},
		{
			"two addresses, NACK, UUIDs, ANS OK without a TrID",
			[]string{
				"XFR 3 NS 10.0.0.5:1864 0 10.0.0.1:1863\r\n", "NACK 4\r\n",
				"RNG 3f2504e0-4f89-11d3-9a0c-0305e82c3301 10.0.0.9 CKI 1.2 b@h.com B\r\n", "ANS OK\r\n",
			},
			[]string{
				"XFR 3 NS 127.0.0.1:1863 0 127.0.0.1:1863\r\n", "NACK 4\r\n",
				"RNG 3f2504e0-4f89-11d3-9a0c-0305e82c3301 127.0.0.1:1863 CKI 1.2 b@h.com B\r\n", "ANS OK\r\n",
			},
		},
		{
			"an address in pieces",
			[]string{"XFR 3 NS 10.0", ".0.5:18", "63\r", "\nCHL 0 1\r\n"},
			[]string{"XFR 3 NS 127.0.0.1:1863\r\nCHL 0 1\r\n"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{})
				at, err := l.front.Listen("127.0.0.1:1999")
				if err != nil {
					t.Fatal(err)
				}
				f := &frontage{Listener: at}
				go l.proxy.Serve(f)
				c := l.client("127.0.0.1:1999")
				c.Send("USR 1 MD5 I a@h.com\r\n")
				s := l.server(dsAddr)
				for _, segment := range tc.says {
					s.Send(segment)
					synctest.Wait()
				}
				want := tc.writes
				if want == nil {
					want = tc.says
				}
				for i := range want {
					want[i] = strings.ReplaceAll(want[i], "127.0.0.1:1863", "127.0.0.1:1999")
				}
				f.mu.Lock()
				defer f.mu.Unlock()
				if diff := cmp.Diff(want, f.writes); diff != "" {
					t.Errorf("writes to the client (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestEndlessLines: a line without an end goes on as it is, is said once, and harms nobody else.
func TestEndlessLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log msntest.Transcript
		l := newLab(t, Options{Log: log.Logger()})
		bad, good := l.client(proxyAddr), l.client(proxyAddr)
		bad.Send("VER 1 MSNP2\r\n")
		s := l.server(dsAddr)
		s.Want("VER 1 MSNP2\r\n")
		good.Send("VER 1 MSNP2\r\n")
		other := l.server(dsAddr)
		other.Want("VER 1 MSNP2\r\n")
		piece := strings.Repeat("x", decode.MaxLine)
		for range 100 {
			bad.Send(piece)
			s.Want(piece)
			talk(good, other, "C: PNG", "S: QNG")
		}
		if n := strings.Count(log.String(), "longer than any command"); n != 1 {
			t.Errorf("said %d times, want once: %s", n, log.String())
		}
	})
}
