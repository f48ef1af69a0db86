package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/msnscope/msnscope/internal/client"
)

// TestClientsOfBothKinds: one client uses the port that a referral names, the other always the one
// it knows.
func TestClientsOfBothKinds(t *testing.T) {
	for _, upstream := range []string{"embedded", "another program"} {
		for _, ports := range []string{"one port", "referral ports"} {
			t.Run(upstream+", "+ports, func(t *testing.T) {
				t.Parallel()
				args := []string{"--headless", "--listen", "127.0.0.1:0", "-T", "jsonl"}
				server, own := 0, 0
				if upstream != "embedded" {
					server = freePorts(t, 3)
					launch(t, "serve", "--listen", fmt.Sprintf("127.0.0.1:%d", server)).address()
					args = append(args, "--upstream", fmt.Sprintf("127.0.0.1:%d", server))
				}
				if ports != "one port" {
					own = freePorts(t, 2)
					args = append(args, "--referral-ports", fmt.Sprint(own))
				}
				p := launch(t, args...)
				honours, ignores := &taps{}, &taps{}
				alice := signIn(t, "alice", client.Options{Server: p.address(), Dial: honours.Dial})
				bob := signIn(t, "bob", client.Options{Server: p.address(), Dial: ignores.Dial, IgnorePort: true})
				chat(t, alice, bob)
				chat(t, bob, alice)
				for _, a := range append(alice.Referrals(), bob.Referrals()...) {
					if own == 0 && a != p.address() || own > 0 && !inRange("", own, 2)(a) {
						t.Errorf("a client was given %s", a)
					}
				}
				alice.logout()
				bob.logout()
				staysInside(t, honours, inRange(p.address(), own, 2))
				for _, c := range ignores.conns() {
					if c.dialed != p.address() {
						t.Errorf("the client that ignores ports went to %s", c.dialed)
					}
				}
				p.end(exitOK)
				seen := map[string]bool{}
				for _, l := range commands(parse(t, p.stdout.String())) {
					seen[l.Role+" "+l.Cmd] = true
				}
				for _, want := range []string{"DS XFR", "NS RNG", "SB MSG", "SB ANS"} {
					if !seen[want] {
						t.Errorf("no line %s", want)
					}
				}
			})
		}
	}
}

// TestServeDrains: SIGUSR1 moves the users of one notification server to the next one (§7.4).
func TestServeDrains(t *testing.T) {
	first := freePorts(t, 4)
	at := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", first+i) }
	p := spawn(t, nil, "serve", "--listen", at(0), "--notification", "2", "--set", "second-login=no")
	await(t, "the second notification server",
		func() bool { return strings.Contains(p.stderr.String(), "notification on "+at(3)) })
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		signIn(t, name, client.Options{Server: at(0)})
	}
	for _, said := range []string{at(1) + " is drained: ", at(3) + " is drained: "} {
		if err := p.process.Signal(syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		await(t, said, func() bool { return strings.Contains(p.stderr.String(), said) })
	}
	p.stop()
	p.wait(exitOK)
}

// TestServeStops: the server alone says where it is, and ends well.
func TestServeStops(t *testing.T) {
	first := freePorts(t, 4)
	at := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", first+i) }
	p := launch(t, "serve", "--listen", at(0), "--notification", "2", "--user", "erin@hotmail.com:erinpw:Erin E.")
	p.address()
	await(t, "the second notification server",
		func() bool { return strings.Contains(p.stderr.String(), "notification on "+at(3)) })
	erin := signIn(t, "erin", client.Options{Server: at(0)})
	if erin.Name() != "Erin E." {
		t.Errorf("she is called %q", erin.Name())
	}
	p.stop()
	out := awaitEvent(erin, "the server's end", func(client.Out) bool { return true })
	if out.Reason != "SSD" {
		t.Errorf("the server left with %q, want SSD (§7.10)", out.Reason)
	}
	p.wait(exitOK)
}
