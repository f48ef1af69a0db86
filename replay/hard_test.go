package replay

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/memnet"
)

// TestOneDirection: a recording of the client's side alone is played in full, and nothing is
// compared.
func TestOneDirection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const recorded = `
			1 open 10.0.0.1:1863
			1 C USR 1 MD5 I alice@hotmail.com
			1 C USR 2 MD5 S 00000000000000000000000000000000
			1 C CHG 3 NLN
		`
		live := `
			1 open 10.9.0.1:1863
			1 C USR 1 MD5 I alice@hotmail.com
			1 S USR 1 MD5 S 7.7
			1 C USR 2 MD5 S ` + decode.MD5Response("7.7", "alicepw") + `
			1 S USR 2 OK alice@hotmail.com Alice
			1 C CHG 3 NLN
			1 S CHG 3 NLN
		`
		r := replayed(t, recorded, live, Options{})
		if r.Verdict() != Same || r.Counts.Sent != 3 {
			t.Errorf("%+v\n%s\nwant 3 sent and no difference", r.Counts, troubles(r))
		}
		if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "only its client") {
			t.Errorf("notes %q, want one that says so", r.Notes)
		}
	})
}

// TestLogonInFront: users who are online where the recording begins sign in first.
func TestLogonInFront(t *testing.T) {
	const recorded = `
		1 open 10.0.0.5:1863
		1 C CHG 9 AWY
		1 S CHG 9 AWY
		2 open 10.0.0.9:1863
		2 C ANS 1 alice@hotmail.com 1.2 3
		2 S 911 1
	`
	live := `
		1 open 10.9.0.1:1863
		1 C VER 4294967001 MSNP2
		1 S VER 4294967001 MSNP2
		1 C INF 4294967002
		1 S INF 4294967002 MD5
		1 C USR 4294967003 MD5 I alice@hotmail.com
		1 S XFR 4294967003 NS 10.9.0.5:1863
		2 open 10.9.0.5:1863
		2 C VER 4294967001 MSNP2
		2 S VER 4294967001 MSNP2
		2 C INF 4294967002
		2 S INF 4294967002 MD5
		2 C USR 4294967003 MD5 I alice@hotmail.com
		2 S USR 4294967003 MD5 S 7.7
		2 C USR 4294967004 MD5 S ` + decode.MD5Response("7.7", "alicepw") + `
		2 S USR 4294967004 OK alice@hotmail.com Alice
		2 C CHG 4294967005 NLN
		2 S ILN 4294967005 NLN bob@hotmail.com Bob
		2 S CHG 4294967005 NLN
		2 C CHG 9 AWY
		2 S CHG 9 AWY
		3 open 10.9.0.1:1863
		3 C ANS 1 alice@hotmail.com 1.2 3
		3 S 911 1
	`
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		stop := serve(t, &network, live)
		defer stop()
		plan, err := NewPlanOf(record(t, recorded), PlanOptions{Logon: true})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		r, err := Run(ctx, plan, Options{To: "10.9.0.1", Dial: network.DialContext, Password: passwords})
		if err != nil || r.Verdict() != Same || r.Counts.Sent != 2 {
			t.Errorf("%v, %+v\n%s", err, r.Counts, troubles(r))
		}
	})
}

// pauses is ten minutes in which little is said.
const pauses = `
= 1 NS
C: PNG
S: QNG
time: 2s
C: PNG
S: QNG
time: 9m57s
C: PNG
S: QNG
`

// TestPauses: pauses are as in the recording, or shorter by as much as is asked for.
func TestPauses(t *testing.T) {
	s, err := ParseScenario(pauses)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := NewPlan(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		speed float64
		want  []time.Duration // between the client's commands
	}{
		{1, []time.Duration{2 * time.Second, 597 * time.Second}},
		{1000, []time.Duration{2 * time.Millisecond, 597 * time.Millisecond}},
	} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			var mu sync.Mutex
			var at []time.Time
			o := Options{Speed: tc.speed, Publish: func(e *session.Event) {
				mu.Lock()
				defer mu.Unlock()
				if e.Kind == session.Command && e.Dir == decode.FromClient {
					at = append(at, e.Time)
				}
			}}
			if client, _ := both(t, plan, 1, o, ServeOptions{}); client.Verdict() != Same {
				t.Errorf("x%v: %s", tc.speed, troubles(client))
			}
			for i, want := range tc.want {
				if off := at[i+1].Sub(at[i]) - want; off.Abs() > 5*time.Millisecond {
					t.Errorf("x%v: pause %d is off by %s", tc.speed, i+1, off)
				}
			}
			if took := time.Since(begun); tc.speed == 1000 && took > time.Second {
				t.Errorf("ten minutes at x1000 took %s", took)
			}
		})
	}
}

// TestWildClient serves the recording of a client of 2000 to one that has its habits: bare LF, one
// TrID for everything, no VER.
func TestWildClient(t *testing.T) {
	plan, err := NewPlan(capturestest.Samples(t, "clients/gaim-2000.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		l, err := network.Listen("10.9.0.1:1863")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var result *Result
		var serving sync.WaitGroup
		serving.Go(func() { result, _ = Serve(ctx, plan, l, ServeOptions{}) })
		dial := func() (net.Conn, func(say string) string) {
			c, err := network.DialContext(ctx, "tcp", "10.9.0.1:1863")
			if err != nil {
				t.Fatal(err)
			}
			in := bufio.NewReader(c)
			return c, func(say string) string {
				if _, err := c.Write([]byte(say + "\n")); err != nil {
					t.Fatal(err)
				}
				line, _ := in.ReadString('\n')
				return strings.TrimSuffix(line, "\r\n")
			}
		}
		c, ask := dial()
		if got, want := ask("USR 77 MD5 I alice@hotmail.com"), "XFR 77 NS 10.9.0.1:1863"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		c.Close()
		c, ask = dial()
		defer c.Close()
		for _, exchange := range [][2]string{
			{"USR 77 MD5 I alice@hotmail.com", "USR 77 MD5 S "},
			{"USR 77 MD5 S 00000000000000000000000000000000", "USR 77 OK alice@hotmail.com "},
			{"SYN 77 0", "SYN 77 "},
			{"ZZZ 77", "GTC 77 "}, // a command that was not recorded is not answered, and disturbs nothing
		} {
			if got := ask(exchange[0]); !strings.HasPrefix(got, exchange[1]) {
				t.Errorf("%s: got %q, want %s...", exchange[0], got, exchange[1])
			}
		}
		synctest.Wait()
		cancel()
		serving.Wait()
		if !slices.ContainsFunc(result.Outcomes, func(o Outcome) bool {
			return o.Verdict == Extra && o.Command == "ZZZ 77" && strings.Contains(o.Why, "nothing like it")
		}) {
			t.Errorf("the command that was not recorded is not reported:\n%s", troubles(result))
		}
	})
}

// TestPipelined: answers come in the order of the commands, with the client's TrIDs, also where
// some were not recorded.
func TestPipelined(t *testing.T) {
	plan, err := NewPlan(capturestest.Samples(t, "conversation.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		l, err := network.Listen("10.9.0.1:1863")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var serving sync.WaitGroup
		serving.Go(func() { _, _ = Serve(ctx, plan, l, ServeOptions{Unmatched: WithError}) })
		c, err := network.DialContext(ctx, "tcp", "10.9.0.1:1863")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("VER 7 MSNP2\r\nINF 8\r\nZZZ 9\r\nSYN 10 0\r\n")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		got := make([]byte, 200)
		n, err := c.Read(got)
		if err != nil {
			t.Fatal(err)
		}
		const want = "VER 7 MSNP2\r\nINF 8 MD5\r\n200 9\r\n500 10\r\n"
		if string(got[:n]) != want {
			t.Errorf("got %q, want %q", got[:n], want)
		}
		cancel()
		serving.Wait()
	})
}

// exchange is what a client says on one of its connections, and the answer.
type exchange struct {
	client     int
	line, want string
}

// TestStrangersAtTheDoor: clients that begin alike meet the connections of their own users, in the
// order of the recording, whoever comes first.
func TestStrangersAtTheDoor(t *testing.T) {
	t.Run("whoever comes first", func(t *testing.T) {
		testDoor(t, `
		1 open 10.0.0.1:1863
		1 C VER 1 MSNP2
		1 S VER 1 MSNP2
		1 C USR 2 MD5 I alice@hotmail.com
		1 S 601 2
		2 open 10.0.0.1:1863
		2 C VER 1 MSNP2
		2 S VER 1 MSNP2
		2 C USR 2 MD5 I bob@hotmail.com
		2 S 600 2
		3 open 10.0.0.1:1863
		3 C VER 1 MSNP2
		3 S VER 1 MSNP2
		3 C USR 2 MD5 I bob@hotmail.com
		3 S 911 2
	`, []exchange{
			{0, "VER 1 MSNP2", "VER 1 MSNP2"},
			{1, "VER 1 MSNP2", "VER 1 MSNP2"},
			{0, "USR 2 MD5 I bob@hotmail.com", "600 2"},
			{1, "USR 2 MD5 I alice@hotmail.com", "601 2"},
			{2, "VER 1 MSNP2", "VER 1 MSNP2"},
			{2, "USR 2 MD5 I bob@hotmail.com", "911 2"},
		})
	})
	// Until bob says who he is, he may be alice, who follows her referral.
	const referred = `
		1 open 10.0.0.1:1863
		1 C USR 2 MD5 I alice@hotmail.com
		1 S XFR 2 NS 10.0.0.5:1863
		2 open 10.0.0.5:1863
		2 C VER 1 MSNP2
		2 S VER 1 MSNP2
		2 C INF 3
		2 S INF 3 MD5
		2 C USR 2 MD5 I alice@hotmail.com
		2 S 601 2
		3 open 10.0.0.1:1863
		3 C VER 1 MSNP2
		3 S VER 1 MSNP2
		3 C USR 2 MD5 I alice@hotmail.com
		3 S 911 2
		4 open 10.0.0.1:1863
		4 C VER 1 MSNP2
		4 S VER 1 MSNP2
		4 C USR 2 MD5 I bob@hotmail.com
		4 S 600 2
	`
	t.Run("one stands where another is expected", func(t *testing.T) {
		testDoor(t, referred, []exchange{
			{0, "USR 2 MD5 I alice@hotmail.com", "XFR 2 NS 10.9.0.1:1863"},
			{1, "VER 1 MSNP2", "VER 1 MSNP2"},
			{1, "USR 2 MD5 I bob@hotmail.com", "600 2"},
			{2, "VER 1 MSNP2", "VER 1 MSNP2"},
			{2, "INF 3", "INF 3 MD5"},
			{2, "USR 2 MD5 I alice@hotmail.com", "601 2"},
			{3, "VER 1 MSNP2", "VER 1 MSNP2"},
			{3, "USR 2 MD5 I alice@hotmail.com", "911 2"},
		})
	})
	t.Run("one comes where another stands", func(t *testing.T) {
		testDoor(t, referred, []exchange{
			{0, "USR 2 MD5 I alice@hotmail.com", "XFR 2 NS 10.9.0.1:1863"},
			{1, "VER 1 MSNP2", "VER 1 MSNP2"},
			{2, "VER 1 MSNP2", "VER 1 MSNP2"},
			{3, "VER 1 MSNP2", "VER 1 MSNP2"},
			{1, "INF 3", "INF 3 MD5"},
			{2, "USR 2 MD5 I bob@hotmail.com", "600 2"},
			{1, "USR 2 MD5 I alice@hotmail.com", "601 2"},
			{3, "USR 2 MD5 I alice@hotmail.com", "911 2"},
		})
	})
}

// testDoor serves a script to clients that say what they have to say in the given order.
func testDoor(t *testing.T, script string, said []exchange) {
	t.Helper()
	plan, err := NewPlan(record(t, script))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		l, err := network.Listen("10.9.0.1:1863")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var result *Result
		var serving sync.WaitGroup
		serving.Go(func() { result, _ = Serve(ctx, plan, l, ServeOptions{}) })
		var clients [4]net.Conn
		ask := func(i int, line string) string {
			if clients[i] == nil {
				if clients[i], err = network.DialContext(ctx, "tcp", "10.9.0.1:1863"); err != nil {
					t.Fatal(err)
				}
			}
			got := make([]byte, 100)
			_, _ = clients[i].Write([]byte(line + "\r\n"))
			n, _ := clients[i].Read(got)
			return strings.TrimSpace(string(got[:n]))
		}
		for _, x := range said {
			if got := ask(x.client, x.line); got != x.want {
				t.Errorf("client %d, %s: got %q, want %q", x.client, x.line, got, x.want)
			}
		}
		for _, c := range clients {
			if c != nil {
				c.Close()
			}
		}
		synctest.Wait()
		cancel()
		serving.Wait()
		if result.Verdict() != Same {
			t.Errorf("the clients differ:\n%s", troubles(result))
		}
	})
}

// crowd is a listener to which clients come without end, and a cancel that ends Serve in the midst.
type crowd struct {
	net.Listener
	cancel context.CancelFunc

	mu    sync.Mutex
	came  int
	shut  bool
	peers []net.Conn
}

func (l *crowd) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		return nil, net.ErrClosed
	}
	if l.came++; l.came == 20 {
		l.cancel()
	}
	at := net.TCPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:1863"))
	far, near := memnet.Pipe(at, at)
	l.peers = append(l.peers, far)
	return near, nil
}

func (l *crowd) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut = true
	return nil
}

// TestServeEndsInACrowd: Serve ends although clients come at that moment, and closes them all.
func TestServeEndsInACrowd(t *testing.T) {
	plan, err := NewPlan(record(t, "1 open 10.0.0.1:1863\n1 C PNG\n1 S QNG\n"))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			l := &crowd{cancel: cancel}
			if _, err := Serve(ctx, plan, l, ServeOptions{}); err != nil {
				t.Error(err)
			}
			if l.came < 20 {
				t.Errorf("it took %d clients, want 20 at least", l.came)
			}
			for _, p := range l.peers {
				if _, err := p.Read(make([]byte, 1)); err == nil {
					t.Error("a client that came at the end heard something")
				}
			}
		})
	}
}
