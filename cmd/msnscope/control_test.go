package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/control"
	"github.com/msnscope/msnscope/internal/msntest"
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

// TestControl holds, edits, injects, maps, disturbs and kills by the API, and reads what happened
// there.
func TestControl(t *testing.T) {
	socket := msntest.Socket(t)
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--no-dispatch", "--control", socket, "--intercept",
		`cmd == "CHG" && dir == "C"`)
	s := &stage{t: t, addr: p.address()}
	a := openAPI(t, socket)
	stream := a.ask("GET", "/v1/events?follow=true&filter="+`cmd%20in%20["CHG","PNG","QNG"]`, "")
	lines := bufio.NewScanner(stream.Body)
	defer stream.Body.Close()

	alice := s.signInHere("alice@hotmail.com", "alicepw")
	alice.say("CHG 4 NLN", "")
	await(t, "the command to be held",
		func() bool { return strings.Contains(a.want(200, "GET", "/v1/held", ""), `"CHG"`) })
	a.want(400, "POST", "/v1/held/1/edit", `{"args":{"Nothing":"x"}}`)
	a.want(400, "POST", "/v1/held/1/edit", `{}`)
	a.want(400, "POST", "/v1/held/1/edit", "")
	a.want(400, "POST", "/v1/held/1/edit", `{"args":{"State":"BSY"}} {}`)
	a.want(400, "POST", "/v1/held/1/edit", `{"colour":"red"}`)
	a.want(200, "POST", "/v1/held/1/edit", `{"args":{"State":"BSY"}}`)
	alice.hear("CHG 4 BSY")
	a.want(404, "POST", "/v1/held/1/release", "")
	alice.say("CHG 4 AWY", "")
	await(t, "another one to be held",
		func() bool { return strings.Contains(a.want(200, "GET", "/v1/held", ""), `"CHG"`) })
	a.want(200, "POST", "/v1/held/2/edit", `{"raw":["CHG 4 BSY","CHG 4 BRB"]}`) // each gets its line end
	alice.hear("CHG 4 BSY")
	alice.hear("CHG 4 BRB")
	alice.say("CHG 4 NLN", "")
	await(t, "the third to be held",
		func() bool { return strings.Contains(a.want(200, "GET", "/v1/held", ""), `"CHG"`) })
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
	bob.Conn.Close()
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
	await(t, "the connection of bob to end",
		func() bool { return !strings.Contains(a.want(200, "GET", "/v1/connections", ""), "bob") })
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
	if want := "CHG 4 NLN, CHG 4 BSY, CHG 4 AWY, CHG 4 BRB, CHG 4 BSY, CHG 4 BRB, CHG 4 NLN, CHG 4 NLN, CHG 4 NLN, " +
		"CHG 4 NLN, CHG 5 NLN, CHG 5 AWY, CHG 6 NLN"; strings.Join(seen, ", ") != want {
		t.Errorf("the stream had %q, want %s", seen, want)
	}
	for _, path := range []string{socket, socket + ".token"} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s was left behind", path)
		}
	}
}

// TestControlIsNobodyElses: without the token nothing is served, and nothing on an address that
// others reach.
func TestControlIsNobodyElses(t *testing.T) {
	socket := msntest.Socket(t)
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
	for _, tc := range []struct {
		address, want string
		code          int
	}{
		{"0.0.0.0:0", "not a loopback address", exitUsage},
		{"nonsense", "neither HOST:PORT", exitUsage},
		{"/nowhere/at/all", "no such file", exitIO},
	} {
		q := launch(t, "--headless", "--listen", "127.0.0.1:0", "--control", tc.address)
		q.wait(tc.code)
		if !strings.Contains(q.stderr.String(), tc.want) {
			t.Errorf("--control %s says %q, want %q", tc.address, q.stderr, tc.want)
		}
	}
}

// TestReaderThatIsStuck: a caller that follows the events and reads nothing delays neither traffic
// nor the end, and leaves nothing behind.
func TestReaderThatIsStuck(t *testing.T) {
	socket := msntest.Socket(t)
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--no-dispatch", "--control", socket)
	s := &stage{t: t, addr: p.address()}
	a := openAPI(t, socket)
	stream := a.ask("GET", "/v1/events?follow=true", "")
	defer stream.Body.Close()
	alice := s.signInHere("alice@hotmail.com", "alicepw")
	const pings = 10000 // more lines of JSON than the socket holds
	go alice.Conn.Write([]byte(strings.Repeat("PNG\r\n", pings)))
	if _, err := io.ReadFull(alice.Conn, make([]byte, len("QNG\r\n")*pings)); err != nil {
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
	socket := msntest.Socket(t)
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

// TestAttach runs the inspector on a headless proxy, holds and edits there; when the inspector
// goes, held commands go on.
func TestAttach(t *testing.T) {
	socket := msntest.Socket(t)
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

	term.shell("clear; msnscope inspect --attach " + socket + "; echo code=$?")
	term.shows("error: --attach .*: the token in", "code=3$")
}

// TestControlLeavesDescriptors: 400 connections that have no token take few of the 256 descriptors
// that the process may have; people sign in, and who has the token is served.
func TestControlLeavesDescriptors(t *testing.T) {
	socket := msntest.Socket(t)
	p := spawnAs(t, func(c *exec.Cmd) {
		c.Args = append([]string{"sh", "-c", `ulimit -n 256; exec "$@"`, "sh", c.Path}, c.Args[1:]...)
		c.Path = "/bin/sh"
	}, "--headless", "--listen", "127.0.0.1:0", "--control", socket)
	address := p.address()
	a := openAPI(t, socket)
	for range 400 {
		c, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	alice, bob := signIn(t, "alice", client.Options{Server: address}), signIn(t, "bob", client.Options{Server: address})
	chat(t, alice, bob)
	a.want(200, "GET", "/v1/stats", "")
	if said := p.stderr.String(); strings.Contains(said, "too many open files") {
		t.Errorf("it says %s", said)
	}
	p.end(exitOK)
}

// TestTrafficLeavesDescriptors: while clients have all descriptors that they can get, who has the
// token is served. Once they have gone, the next ones are.
func TestTrafficLeavesDescriptors(t *testing.T) {
	socket := msntest.Socket(t)
	p := spawnAs(t, func(c *exec.Cmd) {
		c.Args = append([]string{"sh", "-c", `ulimit -n 256; exec "$@"`, "sh", c.Path}, c.Args[1:]...)
		c.Path = "/bin/sh"
	}, "--headless", "--listen", "127.0.0.1:0", "--control", socket)
	address := p.address()
	var all []net.Conn
	for range 400 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			break // the backlog is full
		}
		defer c.Close()
		all = append(all, c)
	}
	a := openAPI(t, socket)
	await(t, "clients that found no descriptor", func() bool {
		return strings.Contains(p.stderr.String(), "kept back")
	})
	a.want(200, "GET", "/v1/stats", "")
	a.want(200, "GET", "/v1/held", "")
	for _, c := range all {
		c.Close()
	}
	alice := signIn(t, "alice", client.Options{Server: address})
	alice.Close()
	p.end(exitOK)
}

// TestManyMegabytes: 300 messages of 1 MB, and callers like curl that follow the events and read
// nothing of them. The process takes some hundreds of megabytes, where one such caller cost 1.4 GB
// and 64 of them 9.3 GB, and traffic does not wait.
func TestManyMegabytes(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector needs many times the memory")
	}
	for _, callers := range []int{1, 64} {
		t.Run(strconv.Itoa(callers), func(t *testing.T) {
			socket := msntest.Socket(t)
			p := spawn(t, nil, "--headless", "--listen", "127.0.0.1:0", "--upstream", swallow(t), "-Y", "false",
				"--control", socket)
			address := p.address()
			a := openAPI(t, socket)
			for range callers {
				defer a.ask("GET", "/v1/events?follow=true", "").Body.Close() // nobody reads it
			}
			c, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			slowest := time.Duration(0)
			for range 300 {
				began := time.Now()
				if _, err := c.Write(largeMessage(1)); err != nil {
					t.Fatalf("traffic ended: %v", err)
				}
				slowest = max(slowest, time.Since(began))
			}
			c.Close()
			await(t, "the end of the connection", func() bool { // there may be gaps in place of events
				stats := struct{ Open int }{-1}
				return json.Unmarshal([]byte(a.want(200, "GET", "/v1/stats", "")), &stats) == nil && stats.Open == 0
			})
			peak := peakMemory(t, p.process.Pid)
			t.Logf("the process had %d MB at most, the slowest message took %s", peak>>20, slowest)
			if peak > 700<<20 || slowest > 3*time.Second {
				t.Errorf("the process had %d MB at most, the slowest message took %s; want 700 MB and 3 s at most",
					peak>>20, slowest)
			}
			p.end(exitOK)
		})
	}
}

// peakMemory returns how much memory a process had at most.
func peakMemory(t *testing.T, pid int) (bytes int64) {
	t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Skipf("what a process takes is not known here: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if n, err := fmt.Sscanf(line, "VmHWM: %d kB", &bytes); n == 1 && err == nil {
			return bytes << 10
		}
	}
	t.Fatal("there is no VmHWM")
	return 0
}
