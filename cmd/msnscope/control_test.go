package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/control"
)

// api is a caller of the control API that speaks plain HTTP.
type api struct {
	t      *testing.T
	client *http.Client
	token  string
}

func openAPI(t *testing.T, socket string) *api {
	await(t, "the token", func() bool {
		_, err := os.Stat(socket + ".token")
		return err == nil
	})
	token, err := control.ReadToken(socket + ".token")
	if err != nil {
		t.Fatal(err)
	}
	a := &api{t: t, token: token, client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}
	t.Cleanup(a.client.CloseIdleConnections)
	return a
}

func (a *api) ask(method, path, body string) *http.Response {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, "http://msnscope"+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	resp, err := a.client.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	return resp
}

// want asks and checks the status; it returns the answer.
func (a *api) want(status int, method, path, body string) string {
	a.t.Helper()
	resp := a.ask(method, path, body)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		a.t.Errorf("%s %s %s: %d %s (%v), want %d", method, path, body, resp.StatusCode, text, err, status)
	}
	return string(text)
}

// TestControl holds, edits, injects, maps, disturbs and kills by the API, and reads what happened there.
func TestControl(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "c")
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--no-dispatch", "--control", socket, "--intercept", `cmd == "CHG" && dir == "C"`)
	s := &stage{t: t, addr: p.address()}
	a := openAPI(t, socket)
	stream := a.ask("GET", "/v1/events?follow=true&filter="+`cmd%20in%20["CHG","PNG","QNG"]`, "")
	lines := bufio.NewScanner(stream.Body)
	defer stream.Body.Close()

	alice := s.signInHere("alice@hotmail.com", "alicepw")
	alice.say("CHG 4 NLN", "")
	await(t, "the command to be held", func() bool { return strings.Contains(a.want(200, "GET", "/v1/held", ""), `"CHG"`) })
	a.want(400, "POST", "/v1/held/1/edit", `{"args":{"Nothing":"x"}}`)
	a.want(400, "POST", "/v1/held/1/edit", `{}`)
	a.want(400, "POST", "/v1/held/1/edit", "")
	a.want(400, "POST", "/v1/held/1/edit", `{"args":{"State":"BSY"}} {}`)
	a.want(400, "POST", "/v1/held/1/edit", `{"colour":"red"}`)
	a.want(200, "POST", "/v1/held/1/edit", `{"args":{"State":"BSY"}}`)
	alice.hear("CHG 4 BSY")
	a.want(404, "POST", "/v1/held/1/release", "")
	alice.say("CHG 4 AWY", "")
	await(t, "another one to be held", func() bool { return strings.Contains(a.want(200, "GET", "/v1/held", ""), `"CHG"`) })
	a.want(200, "POST", "/v1/held/2/edit", `{"raw":["CHG 4 BSY","CHG 4 BRB"]}`) // each gets its line end
	alice.hear("CHG 4 BSY")
	alice.hear("CHG 4 BRB")
	alice.say("CHG 4 NLN", "")
	await(t, "the third to be held", func() bool { return strings.Contains(a.want(200, "GET", "/v1/held", ""), `"CHG"`) })
	a.want(200, "POST", "/v1/held/3/duplicate", "")
	alice.hear("CHG 4 NLN")
	alice.hear("CHG 4 NLN")
	a.want(404, "POST", "/v1/held/3/duplicate", "")
	a.want(400, "PUT", "/v1/intercept", "")
	a.want(200, "PUT", "/v1/intercept", `{"expr":""}`)

	a.want(409, "POST", "/v1/inject", `{"conn":1,"dir":"C","text":"CAL {trid} bob@hotmail.com"}`)
	a.want(400, "POST", "/v1/inject", `{"conn":1,"dir":"x","text":"PNG"}`)
	a.want(200, "POST", "/v1/inject", `{"conn":1,"dir":"S","text":"NLN NLN bob@hotmail.com Bob"}`)
	alice.hear("NLN NLN bob@hotmail.com Bob")

	a.want(200, "PUT", "/v1/map", `{"rules":["cmd == \"CHG\" && dir == \"C\" -> State=AWY"]}`)
	alice.say("CHG 5 NLN", "CHG 5 AWY")
	a.want(200, "PUT", "/v1/map", `{"rules":[]}`)
	a.want(400, "POST", "/v1/faults", `{"rule":"lag"}`)
	a.want(200, "POST", "/v1/faults", `{"rule":"error:code=600,n=1 @ cmd == \"CHG\""}`)
	alice.say("CHG 6 NLN", "600 6")
	if got := a.want(200, "GET", "/v1/faults", ""); !strings.Contains(got, `"hits":1`) {
		t.Errorf("faults: %s", got)
	}
	a.want(200, "DELETE", "/v1/faults/0", "")
	a.want(404, "DELETE", "/v1/faults/0", "")

	a.want(200, "PUT", "/v1/intercept", `{"expr":"cmd == \"OUT\" && dir == \"C\""}`)
	bob := s.signInHere("bob@hotmail.com", "bobpw")
	bob.say("OUT", "")
	bob.conn.Close()
	inspector, err := control.Dial(t.Context(), socket, a.token)
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the list to say that bob has gone", func() bool {
		held := inspector.Held()
		return len(held) == 1 && held[0].Gone
	})
	inspector.Close()
	a.want(200, "POST", "/v1/held/release", "")
	await(t, "the connection of bob to end", func() bool { return !strings.Contains(a.want(200, "GET", "/v1/connections", ""), "bob") })
	a.want(200, "PUT", "/v1/intercept", `{"expr":""}`)

	if got := a.want(200, "GET", "/v1/connections", ""); !strings.Contains(got, `"user":"alice@hotmail.com"`) {
		t.Errorf("connections: %s", got)
	}
	a.want(200, "POST", "/v1/connections/1/kill", "")
	a.want(404, "POST", "/v1/connections/1/kill", "")
	a.want(404, "GET", "/v2/everything", "")
	a.want(400, "GET", "/v1/events?filter=cmd%20==", "")
	a.want(400, "GET", "/v1/events?filtr=PNG", "")
	a.want(400, "GET", "/v1/events?follow=si", "")
	p.end(exitOK)

	var seen []string // the stream ends with the proxy, behind the last event
	for lines.Scan() {
		var e struct{ Raw, Text string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%s: %v", lines.Bytes(), err)
		}
		seen = append(seen, e.Raw)
	}
	if want := "CHG 4 NLN, CHG 4 BSY, CHG 4 AWY, CHG 4 BRB, CHG 4 BSY, CHG 4 BRB, CHG 4 NLN, CHG 4 NLN, CHG 4 NLN, CHG 4 NLN, CHG 5 NLN, CHG 5 AWY, CHG 6 NLN"; strings.Join(seen, ", ") != want {
		t.Errorf("the stream had %q, want %s", seen, want)
	}
	for _, path := range []string{socket, socket + ".token"} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s was left behind", path)
		}
	}
}

// TestControlIsNobodyElses: without the token nothing is served, and nothing on an address that others reach.
func TestControlIsNobodyElses(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "c")
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--control", socket)
	a := openAPI(t, socket)
	for path, mode := range map[string]os.FileMode{socket: 0o600, socket + ".token": 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s has the mode %v (%v), want %v", path, info.Mode(), err, mode)
		}
	}
	a.want(200, "GET", "/v1/openapi.json", "")
	for _, token := range []string{"", "x", a.token + "x"} {
		b := &api{t, a.client, token}
		for _, path := range []string{"/v1/openapi.json", "/v1/events", "/nothing"} {
			if got := b.want(401, "GET", path, ""); strings.Contains(got, a.token) {
				t.Errorf("the answer tells the token: %s", got)
			}
		}
	}
	if strings.Contains(p.stderr.String(), a.token) {
		t.Error("the token is on standard error")
	}
	p.end(exitOK)
	for _, tc := range []struct{ address, want string }{
		{"0.0.0.0:0", "no loopback address"},
		{"nonsense", "no HOST:PORT"},
		{"/nowhere/at/all", "no such file"},
	} {
		q := launch(t, "--headless", "--listen", "127.0.0.1:0", "--control", tc.address)
		q.wait(exitIO)
		if !strings.Contains(q.stderr.String(), tc.want) {
			t.Errorf("--control %s says %q, want %q", tc.address, q.stderr, tc.want)
		}
	}
}

// TestReaderThatIsStuck: who follows the events and reads nothing delays neither traffic nor the end, and nothing is left behind.
func TestReaderThatIsStuck(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "c")
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--no-dispatch", "--control", socket)
	s := &stage{t: t, addr: p.address()}
	a := openAPI(t, socket)
	stream := a.ask("GET", "/v1/events?follow=true", "")
	defer stream.Body.Close()
	alice := s.signInHere("alice@hotmail.com", "alicepw")
	const pings = 10000 // more lines of JSON than the socket holds
	go alice.conn.Write([]byte(strings.Repeat("PNG\r\n", pings)))
	if _, err := io.ReadFull(alice.conn, make([]byte, len("QNG\r\n")*pings)); err != nil {
		t.Fatalf("the answers: %v", err)
	}
	p.end(exitOK)
	if strings.Contains(p.stderr.String(), "standard output") {
		t.Errorf("it says %q", p.stderr)
	}
	if _, err := os.Stat(socket + ".token"); err == nil {
		t.Error("the token was left behind")
	}
}

// TestControlTakesOverAnAbandonedSocket, and none that is served.
func TestControlTakesOverAnAbandonedSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "c")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--control", socket)
	openAPI(t, socket).want(200, "GET", "/v1/stats", "")
	q := launch(t, "--headless", "--listen", "127.0.0.1:0", "--control", socket)
	q.wait(exitIO)
	if !strings.Contains(q.stderr.String(), "address already in use") {
		t.Errorf("it says %q", q.stderr)
	}
	p.end(exitOK)
}

// TestAttach runs the inspector on a headless proxy, holds and edits there; when the inspector goes, held commands go on.
func TestAttach(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "c")
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--no-dispatch", "--control", socket)
	s := &stage{t: t, addr: p.address()}
	alice := s.signInHere("alice@hotmail.com", "alicepw")
	term := openTerminal(t, 120, 30)
	term.start("inspect --attach " + socket)
	term.shows("attached to", "USR 3 OK alice@hotmail.com", footer) // what was before is there too
	term.keys("i")
	term.text(`cmd == "CHG" && dir == "C"`)
	term.keys("Enter")
	term.shows("held from now on")
	alice.say("CHG 4 NLN", "")
	term.shows("HELD 1")
	term.keys("e", "j", "Enter", "C-u")
	term.text("BSY")
	term.keys("Enter", "a")
	alice.hear("CHG 4 BSY")
	term.shows("CHG 4 BSY")
	alice.say("CHG 5 AWY", "")
	term.shows("HELD 1")
	term.quit()
	alice.hear("CHG 5 AWY")
	p.end(exitOK)

	term.shell("clear; " + term.program + " inspect --attach " + socket + "; echo code=$?")
	term.shows("error: --attach .*: the token in", "code=3$")
}
