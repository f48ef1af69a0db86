package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/msntest"
)

// person is a user with a client from the library, and the events of that client.
type person struct {
	t testing.TB
	*client.Client

	mu     sync.Mutex
	events []client.Event
}

// signIn logs NAME@hotmail.com on at address, and goes online.
func signIn(t testing.TB, name string, o client.Options) *person {
	t.Helper()
	p := &person{t: t}
	o.Handle, o.Password = name+"@hotmail.com", name+"pw"
	o.OnEvent = func(e client.Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.events = append(p.events, e)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	if p.Client, err = client.Login(ctx, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	p.must(p.Sync(ctx))
	p.must(p.SetState(ctx, "NLN"))
	return p
}

func (p *person) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// awaitEvent waits for an event of type E that ok accepts.
func awaitEvent[E client.Event](p *person, what string, ok func(E) bool) (found E) {
	p.t.Helper()
	await(p.t, p.Handle()+" to hear of "+what, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		i := slices.IndexFunc(p.events, func(e client.Event) bool {
			x, is := e.(E)
			return is && ok(x)
		})
		if i >= 0 {
			found = p.events[i].(E)
		}
		return i >= 0
	})
	return found
}

// hears waits for a text from another one, and returns the session.
func (p *person) hears(from, text string) *client.Switchboard {
	p.t.Helper()
	return awaitEvent(p, text, func(m client.Message) bool { return m.From == from && m.Text == text }).Session
}

// call opens a session with another one, who answers by itself.
func (p *person) call(other string) *client.Switchboard {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	s, err := p.Call(ctx, other)
	p.must(err)
	p.must(s.Await(ctx, other))
	return s
}

func (p *person) logout() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	p.must(p.Logout(ctx))
}

// chat has two people talk, in both directions, and leave.
func chat(t testing.TB, a, b *person) {
	t.Helper()
	s := a.call(b.Handle())
	a.must(s.Typing(t.Context()))
	a.must(s.Send(t.Context(), "Hello, kannst du das lesen? äöü ☺"))
	back := b.hears(a.Handle(), "Hello, kannst du das lesen? äöü ☺")
	b.must(back.Deliver(t.Context(), "Yes.\r\nEvery line."))
	a.hears(b.Handle(), "Yes.\r\nEvery line.")
	a.must(s.Leave(t.Context()))
	awaitEvent(b, "the other's leaving",
		func(e client.Left) bool { return e.Session == back && e.Handle == a.Handle() })
	b.must(back.Leave(t.Context()))
}

// knock goes as carol to the dispatch server, as the draft has it, and returns where that one sends
// her.
func knock(t testing.TB, w *taps, address string) string {
	t.Helper()
	ds := connect(t, w, address)
	ds.Say("VER 0 MSNP2 CVR0")
	ds.Hear(`VER 0 MSNP2( CVR0)?`)
	ds.Say("INF 1")
	ds.Hear(`INF 1 MD5`)
	ds.Say("USR 2 MD5 I carol@hotmail.com")
	next := ds.Hear(`XFR 2 NS (\S+)`)[0]
	if rest := ds.Rest(); rest != "" {
		t.Errorf("the dispatch server goes on: %q", rest)
	}
	return next
}

// enter goes as carol to the notification server, and online.
func enter(t testing.TB, w *taps, address string) *msntest.Peer {
	t.Helper()
	ns := connect(t, w, address)
	ns.Say("VER 3 MSNP2 CVR0")
	ns.Hear(`VER 3 MSNP2( CVR0)?`)
	ns.Say("INF 4")
	ns.Hear(`INF 4 MD5`)
	ns.Say("USR 5 MD5 I carol@hotmail.com")
	challenge := ns.Hear(`USR 5 MD5 S (\S+)`)[0]
	ns.Say("USR 6 MD5 S %s", digest(challenge, "carolpw"))
	ns.Hear(`USR 6 OK carol@hotmail\.com carol`)
	ns.Say("SYN 7 0")
	ns.Hear(`SYN 7 1`)
	ns.Hear(`GTC 7 1 A`)
	ns.Hear(`BLP 7 1 AL`)
	for _, list := range []string{"FL", "AL", "BL", "RL"} {
		ns.Hear(`LST 7 ` + list + ` 1 0 0`)
	}
	ns.Send("CHG 8 NLN\n") // the line end of some clients (§5.2 wants CRLF); it passes as it is
	ns.Hear(`CHG 8 NLN`)
	return ns
}

// mime is a message as clients send them.
func mime(text string) string {
	return "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n" + text
}

// carolCalls has carol call alice, who answers by herself, and say something.
func carolCalls(t testing.TB, w *taps, ns *msntest.Peer, alice *person) {
	t.Helper()
	ns.Say("XFR 9 SB")
	m := ns.Hear(`XFR 9 SB (\S+) CKI (\S+)`)
	sb := connect(t, w, m[0])
	sb.Say("USR 1 carol@hotmail.com %s", m[1])
	sb.Hear(`USR 1 OK carol@hotmail\.com carol`)
	sb.Say("CAL 2 alice@hotmail.com")
	sb.Hear(`CAL 2 RINGING \d+`)
	sb.Hear(`JOI alice@hotmail\.com alice`)
	hello := mime("Hi Alice, é!")
	sb.Say("MSG 3 N %d\r\n%s", len(hello), hello+"OUT") // a payload has no end of its own (§8.8)
	if rest := sb.Rest(); rest != "" {
		t.Errorf("after OUT the switchboard says %q", rest)
	}
	back := alice.hears("carol@hotmail.com", "Hi Alice, é!")
	awaitEvent(alice, "carol's leaving", func(e client.Left) bool { return e.Session == back })
	alice.must(back.Leave(t.Context()))
}

// aliceCalls has alice call carol, who answers.
func aliceCalls(t testing.TB, w *taps, ns *msntest.Peer, alice *person) {
	t.Helper()
	said := make(chan error, 1)
	go func() {
		s, err := alice.Call(t.Context(), "carol@hotmail.com")
		if err == nil {
			err = s.Await(t.Context(), "carol@hotmail.com")
		}
		if err == nil {
			err = s.Send(t.Context(), "back again")
		}
		if err == nil {
			err = s.Leave(t.Context())
		}
		said <- err
	}()
	m := ns.Hear(`RNG (\d+) (\S+) CKI (\S+) alice@hotmail\.com alice`)
	sb := connect(t, w, m[1])
	sb.Say("ANS 1 carol@hotmail.com %s %s", m[2], m[0])
	sb.Hear(`IRO 1 1 1 alice@hotmail\.com alice`)
	sb.Hear(`ANS 1 OK`)
	text := mime("back again")
	sb.Hear(fmt.Sprintf(`MSG alice@hotmail\.com alice %d`, len(text)))
	sb.Want(text)
	sb.Hear(`BYE alice@hotmail\.com`)
	sb.Say("OUT")
	sb.Rest()
	if err := <-said; err != nil {
		t.Error(err)
	}
}

// party is all that the tests of the proxy have people do: alice and bob have clients from the
// library, carol has a net.Conn and the draft. All sign in at address, over connections that w
// keeps. It returns the addresses that alice and bob were given.
func party(t testing.TB, w *taps, address string) []string {
	t.Helper()
	o := client.Options{Server: address, Dial: w.Dial}
	alice, bob := signIn(t, "alice", o), signIn(t, "bob", o)
	alice.must(alice.AddContact(t.Context(), "FL", "bob@hotmail.com", "Bob Ö. 100%"))
	bob.must(bob.AddContact(t.Context(), "AL", "alice@hotmail.com", "alice"))
	bob.must(bob.SetState(t.Context(), "BSY"))
	awaitEvent(alice, "bob's state", func(e client.Presence) bool { return e.State == "BSY" })
	chat(t, alice, bob)

	carol := enter(t, w, knock(t, w, address))
	carolCalls(t, w, carol, alice)
	aliceCalls(t, w, carol, alice)
	carol.Say("OUT")
	carol.Hear(`OUT`)
	carol.Rest()

	var refused *client.ProtocolError
	if _, err := alice.Call(t.Context(), "dave@hotmail.com"); !errors.As(err, &refused) || refused.Code != 217 {
		t.Errorf("calling somebody who is not there: %v, want 217", err)
	}
	given := append(alice.Referrals(), bob.Referrals()...)
	bob.logout()
	awaitEvent(alice, "bob's going", func(e client.Presence) bool { return e.State == "FLN" })
	alice.logout()
	return given
}

var hostPort = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b`)

// staysInside checks that no client ever got an address that ok does not know, nor went to
// one.
func staysInside(t *testing.T, w *taps, ok func(address string) bool) {
	t.Helper()
	referrals := 0
	for _, c := range w.conns() {
		if !ok(c.dialed) {
			t.Errorf("a client went to %s", c.dialed)
		}
		_, got := c.bytes()
		for _, address := range hostPort.FindAllString(got, -1) {
			referrals++
			if !ok(address) {
				t.Errorf("a client got the address %s", address)
			}
		}
	}
	if referrals < 3 {
		t.Errorf("clients got %d addresses, want 3 at least: XFR NS, XFR SB, RNG", referrals)
	}
}

// only accepts one address.
func only(address string) func(string) bool { return func(a string) bool { return a == address } }

// inRange accepts the address itself and n ports of 127.0.0.1.
func inRange(address string, first, n int) func(string) bool {
	return func(a string) bool {
		host, digits, _ := net.SplitHostPort(a)
		port, err := strconv.Atoi(digits)
		return a == address || err == nil && host == "127.0.0.1" && port >= first && port < first+n
	}
}
