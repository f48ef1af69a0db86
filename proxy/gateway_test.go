package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/gateway/gatewaytest"
	"github.com/msnscope/msnscope/internal/msntest"
)

// Addresses of gateways in the tests: another one, and the proxy where clients look for it.
const (
	gwAddr  = "10.0.0.8:80"
	webAddr = "127.0.0.1:80"
)

// listen makes the proxy of a lab listen on one more address.
func (l *lab) listen(addr string) {
	l.t.Helper()
	more, err := l.front.Listen(addr)
	if err != nil {
		l.t.Fatal(err)
	}
	go func() { _ = l.proxy.Serve(more) }()
	synctest.Wait()
}

// standIn starts a gateway at gwAddr in front of the lab's servers.
func (l *lab) standIn() *gatewaytest.StandIn {
	l.t.Helper()
	on, err := l.back.Listen(gwAddr)
	if err != nil {
		l.t.Fatal(err)
	}
	g := &gatewaytest.StandIn{Connect: func(ctx context.Context, role, _ string) (net.Conn, error) {
		return l.back.DialContext(ctx, "tcp", map[string]string{"NS": nsAddr, "SB": sbAddr}[role])
	}}
	web := &http.Server{Handler: g}
	go func() { _ = web.Serve(on) }()
	l.t.Cleanup(func() {
		web.Close()
		g.Close()
	})
	return g
}

// web begins a session over HTTP with the server at addr.
func (l *lab) web(c *gatewaytest.Client, addr string) *msntest.Peer {
	l.t.Helper()
	c.Net, c.Fault = l.front.DialContext, l.t.Errorf
	s, err := c.Dial(l.t.Context(), "tcp", addr)
	if err != nil {
		l.t.Fatal(err)
	}
	return l.peer(s)
}

// TestGateway: a session over HTTP is one connection, before another gateway and as the gateway,
// and its referral leads to port 80 of the proxy.
func TestGateway(t *testing.T) {
	for name, before := range map[string]bool{"before a gateway": true, "as the gateway": false} {
		for habit, client := range map[string]func() *gatewaytest.Client{
			"libpurple": gatewaytest.Libpurple,
			"aMSN":      func() *gatewaytest.Client { return &gatewaytest.Client{Gateway: webAddr} },
			"aMSN 0.99": func() *gatewaytest.Client { return &gatewaytest.Client{Gateway: webAddr, Redial: true} },
		} {
			t.Run(name+", "+habit, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := Options{Upstream: nsAddr}
					if before {
						o.Gateway = gwAddr
					}
					l := newLab(t, o)
					l.listen(webAddr)
					if before {
						l.standIn()
					}
					ns := l.web(client(), webAddr)
					ns.Send("VER 1 MSNP7 CVR0\r\n")
					nsSide := l.server(nsAddr)
					nsSide.Want("VER 1 MSNP7 CVR0\r\n")
					talk(nsSide, nsSide) // nothing more
					nsSide.Send("VER 1 MSNP7\r\n")
					ns.Want("VER 1 MSNP7\r\n")
					talk(ns, nsSide,
						"C: USR 2 MD5 I alice@hotmail.com",
						"S: USR 2 MD5 S 123.456",
						"C: USR 3 MD5 S 0123456789abcdef0123456789abcdef",
						"S: USR 3 OK alice@hotmail.com Alice 1",
						"C: XFR 4 SB",
						"S: XFR 4 SB 10.0.0.9:1864 CKI 17.1 => XFR 4 SB 127.0.0.1:80 CKI 17.1")
					sb := l.web(client(), webAddr)
					sb.Send("USR 1 alice@hotmail.com 17.1\r\n")
					sbSide := l.server(sbAddr)
					sbSide.Want("USR 1 alice@hotmail.com 17.1\r\n")
					talk(sb, sbSide, "S: USR 1 OK alice@hotmail.com Alice", "C: CAL 2 bob@hotmail.com",
						"S: CAL 2 RINGING 11", "S: JOI bob@hotmail.com Bob", "C: OUT")
					ns.Send("OUT\r\n")
					nsSide.Want("OUT\r\n")
					nsSide.Conn.Close()
					sbSide.Conn.Close()
					time.Sleep(10 * time.Second)
					synctest.Wait()
					ns.Conn.Close()
					sb.Conn.Close()
					time.Sleep(2 * time.Minute)
					synctest.Wait()
					checkSessions(t, l)
				})
			})
		}
	}
}

func checkSessions(t *testing.T, l *lab) {
	t.Helper()
	got := l.commands()
	opens, closes := 0, 0
	for _, line := range got {
		switch {
		case strings.HasPrefix(line, "open"):
			opens++
		case strings.HasPrefix(line, "close"):
			closes++
		case strings.Contains(line, "opaque"), strings.Contains(line, "HTTP/1.1"):
			t.Errorf("HTTP among the events: %s", line)
		}
	}
	if opens != 2 || closes != 2 {
		t.Errorf("%d connections began and %d ended, want 2:\n%s", opens, closes, strings.Join(got, "\n"))
	}
	for _, want := range []string{
		"NS S: XFR 4 SB 10.0.0.9:1864 CKI 17.1 => XFR 4 SB 127.0.0.1:80 CKI 17.1", "SB C: CAL 2 bob@hotmail.com",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no event %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
	if len(l.proxy.Conns()) > 0 {
		t.Errorf("%d connections are left", len(l.proxy.Conns()))
	}
}

// tap is a gateway that a test plays octet by octet.
func (l *lab) tap() net.Listener {
	l.t.Helper()
	on, err := l.back.Listen(gwAddr)
	if err != nil {
		l.t.Fatal(err)
	}
	l.servers[gwAddr] = on
	return on
}

func post(query, host, body string) string {
	return fmt.Sprintf("POST http://%s/gateway/gateway.dll?%s HTTP/1.1\r\naccept:  */*\r\nHost: %s\r\n"+
		"X-Odd:\tvalue \r\nContent-Length: %d\r\n\r\n%s", host, query, host, len(body), body)
}

func reply(session, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: gw\r\nX-MSN-Messenger: %s\r\ncontent-length: %d\r\n\r\n%s",
		session, len(body), body)
}

// TestGatewayOctets: requests and answers pass as they came, but for the lines that must differ.
func TestGatewayOctets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Upstream: nsAddr, Gateway: gwAddr})
		l.tap()
		l.listen(webAddr)
		c := l.client(webAddr)
		steps := []struct{ ask, asked, answer, answered string }{
			{
				ask: post("Action=open&Server=NS&IP=messenger.hotmail.com", "gateway.messenger.hotmail.com",
					"VER 1 MSNP7 CVR0\r\n"),
				answer:   reply("SessionID=17.1; GW-IP=10.0.0.8", "VER 1 MSNP7\r\n"),
				answered: reply("SessionID=17.1; GW-IP=127.0.0.1", "VER 1 MSNP7\r\n"),
			},
			{
				ask:   post("SessionID=17.1", "127.0.0.1", "USR  2 MD5 I alice@hotmail.com\r\n"),
				asked: post("SessionID=17.1", "10.0.0.8", "USR  2 MD5 I alice@hotmail.com\r\n"),
				answer: reply("SessionID=17.2; GW-IP=10.0.0.8",
					"USR 2 MD5 S 1.2\r\nXFR 0 NS 10.0.0.6:1863 0 10.0.0.1:1863\r\n"),
				answered: reply("SessionID=17.2; GW-IP=127.0.0.1",
					"USR 2 MD5 S 1.2\r\nXFR 0 NS 127.0.0.1:80 0 127.0.0.1:80\r\n"),
			},
			{
				ask:      post("Action=poll&SessionID=17.2", "127.0.0.1", ""),
				asked:    post("Action=poll&SessionID=17.2", "10.0.0.8", ""),
				answer:   "HTTP/1.1 100 Continue\r\n\r\n" + reply("SessionID=17.3; GW-IP=10.0.0.8; Session=close", ""),
				answered: "HTTP/1.1 100 Continue\r\n\r\n" + reply("SessionID=17.3; GW-IP=127.0.0.1; Session=close", ""),
			},
			{ // a late poll
				ask:    post("Action=poll&SessionID=17.2", "127.0.0.1", ""),
				asked:  post("Action=poll&SessionID=17.2", "10.0.0.8", ""),
				answer: "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno",
			},
			{ // the next one is for the server to which the client was sent
				ask:    post("Action=open&Server=NS&IP=127.0.0.1", "gateway.messenger.hotmail.com", ""),
				asked:  post("Action=open&Server=NS&IP=10.0.0.6", "gateway.messenger.hotmail.com", ""),
				answer: "HTTP/1.1 405 No\r\nAllow: GET\r\nContent-Length: 0\r\n\r\n",
			},
			{ // no gateway's
				ask:    "GET /index.html HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
				answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
			},
		}
		var gw *msntest.Peer
		for i, s := range steps {
			if s.asked == "" {
				s.asked = s.ask
			}
			if s.answered == "" {
				s.answered = s.answer
			}
			c.Send(s.ask)
			if i == 0 {
				gw = l.server(gwAddr)
			}
			gw.Want(s.asked)
			gw.Send(s.answer)
			c.Want(s.answered)
		}
		c.Conn.Close()
		if rest, err := io.ReadAll(gw.R); err != nil || len(rest) > 0 {
			t.Errorf("the gateway read %q, %v after the end", rest, err)
		}
		gw.Conn.Close()
		synctest.Wait()
		l.proxy.Close()
		notes := make(map[int][]string) // of each session: one may begin before the end of another is told
		for _, e := range l.all() {
			if e.Kind == session.Open || e.Kind == session.Close {
				notes[e.Conn] = append(notes[e.Conn], e.Kind.String()+" "+e.Text)
			}
		}
		want := map[int][]string{
			1: {"open ", "close closed by the gateway"},
			2: {"open ", "close refused by the gateway: 405 No"},
		}
		if diff := cmp.Diff(want, notes); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// openRelay begins a session before a gateway that the test plays, and returns both ends.
func (l *lab) openRelay() (c, gw *msntest.Peer) {
	l.t.Helper()
	l.tap()
	l.listen(webAddr)
	c = l.client(webAddr)
	c.Send(post("Action=open&Server=NS&IP=a", "a", "VER 1 MSNP7\r\n"))
	gw = l.server(gwAddr)
	gw.Want(post("Action=open&Server=NS&IP=a", "a", "VER 1 MSNP7\r\n"))
	gw.Send(reply("SessionID=1.1; GW-IP=9.9.9.9", "VER 1 MSNP7\r\n"))
	c.Want(reply("SessionID=1.1; GW-IP=127.0.0.1", "VER 1 MSNP7\r\n"))
	return c, gw
}

// write is the beginning of a request, and poll a whole one.
const (
	write = "POST /gateway/gateway.dll?SessionID=1.1 HTTP/1.1\r\nHost: a\r\n"
	poll  = "POST /gateway/gateway.dll?Action=poll&SessionID=1.1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
)

// TestGatewayForms: chunks, requests that do not wait, and that wait for leave, before a gateway.
func TestGatewayForms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Upstream: nsAddr, Gateway: gwAddr})
		c, gw := l.openRelay()

		const chunks = write + "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nPNG\r\n2\r\n\r\n\r\n0\r\nA: b\r\n\r\n"
		c.Send(chunks)
		gw.Want(chunks)
		const answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" +
			"X-MSN-Messenger: SessionID=1.1; GW-IP=9.9.9.9\r\n\r\n"
		gw.Send(answer + "5\r\nQNG\r\n\r\n1e\r\nXFR 2 SB 10.0.0.9:1864 CKI 7\r\n\r\n0\r\n\r\n")
		c.Want("HTTP/1.1 200 OK\r\nContent-Length: 34\r\nX-MSN-Messenger: SessionID=1.1; GW-IP=127.0.0.1\r\n\r\n" +
			"QNG\r\nXFR 2 SB 127.0.0.1:80 CKI 7\r\n")

		c.Send(write + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
		c.Want("HTTP/1.1 100 Continue\r\n\r\n")
		c.Send("PNG\r\n")
		gw.Want(write + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nPNG\r\n")
		gw.Send("HTTP/1.1 100 Continue\r\n\r\n" + reply("SessionID=1.1; GW-IP=9.9.9.9", ""))
		c.Want(reply("SessionID=1.1; GW-IP=127.0.0.1", ""))

		two := write + "Content-Length: 5\r\n\r\nPNG\r\n"
		c.Send(two + two[:60])
		gw.Want(two)
		c.Send(two[60:])
		gw.Want(two)
		for range 2 {
			gw.Send(reply("SessionID=1.1; GW-IP=9.9.9.9", "QNG\r\n"))
			c.Want(reply("SessionID=1.1; GW-IP=127.0.0.1", "QNG\r\n"))
		}
		if n := len(l.proxy.Conns()); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
	})
}

// TestGatewayRefuses: what the proxy answers in the gateway's place.
func TestGatewayRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		gateway, sent, want string
	}{
		"a tunnel":                  {"", "CONNECT a:1863 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 "},
		"a tunnel before a gateway": {gwAddr, "CONNECT a:1863 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 "},
		"a body over the cap": {
			gwAddr, "POST /gateway/gateway.dll?Action=open HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
			"HTTP/1.1 413 ",
		},
		"no gateway there":     {"10.0.0.77:80", post("Action=open", "a", ""), "HTTP/1.1 502 "},
		"a gateway that is us": {webAddr, post("Action=open", "a", ""), "HTTP/1.1 502 "},
		"a guessed id":         {"", post("SessionID=1.2", "a", "PNG\r\n"), "HTTP/1.1 400 "},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, Options{Upstream: nsAddr, Gateway: tc.gateway})
				l.listen(webAddr)
				if tc.gateway == gwAddr {
					l.tap()
				}
				c := l.client(webAddr)
				c.Send(tc.sent)
				c.Want(tc.want)
				synctest.Wait()
				if n := len(l.proxy.Conns()); n > 0 {
					t.Errorf("%d connections were made", n)
				}
			})
		})
	}
}

// TestNoGateway: HTTP that is no gateway's passes octet for octet.
func TestNoGateway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Upstream: nsAddr, Gateway: gwAddr})
		c := l.client(proxyAddr)
		const page = "POST /index.html HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n" +
			"XFR 1 SB 10.0.0.9:1864 CKI 1\r\ngateway.dll?"
		c.Send(page)
		s := l.server(nsAddr)
		s.Want(page)
		s.Send("HTTP/1.1 200 OK\r\n\r\nhello")
		c.Want("HTTP/1.1 200 OK\r\n\r\nhello")
	})
}

// holder keeps commands until it is told to let go.
type holder struct {
	verb string
	free chan struct{}
}

func (h *holder) Intercept(ctx context.Context, x *Exchange) {
	if x.In.In.Verb.String() != h.verb {
		return
	}
	x.Flush()
	_, stop := x.Watch()
	select {
	case <-h.free:
	case <-ctx.Done():
	}
	stop()
}

// TestGatewayHold: while a command is held the client goes on polling, and the command leaves in
// the next request, whose head then says so.
func TestGatewayHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Upstream: nsAddr, Gateway: gwAddr})
		c, gw := l.openRelay()
		h := &holder{verb: "CHG", free: make(chan struct{})}
		l.proxy.Intercept(h)

		c.Send(write + "Content-Length: 11\r\n\r\nCHG 1 NLN\r\n")
		gw.Want(poll)
		gw.Send(reply("SessionID=1.1; GW-IP=9.9.9.9", ""))
		c.Want(reply("SessionID=1.1; GW-IP=127.0.0.1", ""))
		close(h.free)
		synctest.Wait()
		c.Send(poll)
		gw.Want(write + "Content-Length: 11\r\n\r\nCHG 1 NLN\r\n")
		gw.Send(reply("SessionID=1.1; GW-IP=9.9.9.9", "CHG 1 NLN\r\n"))
		c.Want(reply("SessionID=1.1; GW-IP=127.0.0.1", "CHG 1 NLN\r\n"))

		// What is injected leaves with the next message of its direction.
		conn := l.proxy.Conns()[0]
		for dir, text := range map[decode.Dir]string{decode.FromClient: "PNG\r\n", decode.FromServer: "OUT SSD\r\n"} {
			if err := conn.Inject(dir, []byte(text), "a test"); err != nil {
				t.Fatal(err)
			}
		}
		c.Send(poll)
		gw.Want(write + "Content-Length: 5\r\n\r\nPNG\r\n")
		gw.Send(reply("SessionID=1.1; GW-IP=9.9.9.9", ""))
		c.Want(reply("SessionID=1.1; GW-IP=127.0.0.1", "OUT SSD\r\n"))

		// A session that is ended here is one that is lost for the client.
		conn.Kill(false, "by a test")
		synctest.Wait()
		if rest, err := io.ReadAll(c.R); err != nil || len(rest) > 0 {
			t.Errorf("the client read %q, %v after the end", rest, err)
		}
		d := l.client(webAddr)
		d.Send(poll)
		d.Want("HTTP/1.1 400 Bad Request\r\n")
		var last string
		for _, line := range l.commands() {
			last = line
		}
		if last != "close by a test" {
			t.Errorf("the last event is %q", last)
		}
	})
}

// TestGatewayPort: where the proxy does not listen on port 80, a client is told its own port, with
// one warning.
func TestGatewayPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Upstream: nsAddr})
		for range 2 {
			c := l.web(&gatewaytest.Client{Gateway: proxyAddr}, proxyAddr)
			c.Send("VER 1 MSNP7\r\n")
			s := l.server(nsAddr)
			s.Want("VER 1 MSNP7\r\n")
			talk(c, s, "S: VER 1 MSNP7", "S: XFR 2 SB 10.0.0.9:1864 CKI 7 => XFR 2 SB 127.0.0.1:1863 CKI 7")
		}
		warned := 0
		for _, line := range l.commands() {
			if strings.Contains(line, "port 80 only") {
				warned++
			}
		}
		if warned != 1 {
			t.Errorf("%d warnings, want 1: %q", warned, l.commands())
		}
		// Where it does, that port is named, whatever port the client came by.
		l.listen(webAddr)
		c := l.web(&gatewaytest.Client{Gateway: proxyAddr}, proxyAddr)
		c.Send("VER 1 MSNP7\r\n")
		server := l.server(nsAddr)
		server.Want("VER 1 MSNP7\r\n")
		talk(c, server, "S: VER 1 MSNP7", "S: XFR 2 SB 10.0.0.9:1864 CKI 7 => XFR 2 SB 127.0.0.1:80 CKI 7")
	})
}

// TestGatewayOpensInOrder: clients at one address that open a switchboard and say nothing yet are
// led where they were referred, in the order of their referrals. One with a cookie is led by
// that.
func TestGatewayOpensInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Upstream: nsAddr, Gateway: gwAddr})
		c, gw := l.openRelay()
		c.Send(poll)
		gw.Want(poll)
		gw.Send(reply("SessionID=1.1; GW-IP=9.9.9.9", "XFR 2 SB 10.0.0.9:1863 CKI 7\r\n"+
			"XFR 3 SB 10.0.0.6:1863 CKI 8\r\nRNG 11 10.0.0.5:1863 CKI 9 bob@hotmail.com Bob\r\n"))
		c.Want(reply("SessionID=1.1; GW-IP=127.0.0.1", "XFR 2 SB 127.0.0.1:80 CKI 7\r\n"+
			"XFR 3 SB 127.0.0.1:80 CKI 8\r\nRNG 11 127.0.0.1:80 CKI 9 bob@hotmail.com Bob\r\n"))
		for i, open := range []struct{ body, ip string }{
			{"USR 1 alice@hotmail.com 8\r\n", "10.0.0.6"}, {"", "10.0.0.9"}, {"", "10.0.0.5"}, {"", "10.0.0.5"},
		} {
			c.Send(post("Action=open&Server=SB&IP=127.0.0.1", "a", open.body))
			gw.Want(post("Action=open&Server=SB&IP="+open.ip, "a", open.body))
			gw.Send(reply(fmt.Sprintf("SessionID=%d.1; GW-IP=9.9.9.9", 2+i), ""))
			c.Want(reply(fmt.Sprintf("SessionID=%d.1; GW-IP=127.0.0.1", 2+i), ""))
		}
	})
}

// TestGatewaySlowFirst: a request whose first bytes come late is one all the same, and the
// connection that had begun ends with a reason.
func TestGatewaySlowFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, Options{Upstream: nsAddr, Gateway: gwAddr})
		l.tap()
		l.listen(webAddr)
		c := l.client(webAddr)
		time.Sleep(time.Second)
		request := post("Action=open&Server=NS&IP=a", "a", "VER 1 MSNP7\r\n")
		c.Send(request[:3])
		time.Sleep(time.Second)
		c.Send(request[3:])
		gw := l.server(gwAddr)
		gw.Want(request)
		gw.Send(reply("SessionID=1.1; GW-IP=9.9.9.9", "VER 1 MSNP7\r\n"))
		c.Want(reply("SessionID=1.1; GW-IP=127.0.0.1", "VER 1 MSNP7\r\n"))
		synctest.Wait()
		want := []string{
			"open ", "close HTTP after all: its sessions are connections of their own", "open ",
			"note over HTTP, by a gateway: to NS at a", "NS C: VER 1 MSNP7", "NS S: VER 1 MSNP7",
		}
		if got := l.commands(); !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
	})
}
