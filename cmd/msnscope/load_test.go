package main

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/loadgen"
)

// loaded runs load in this process and returns its report.
func loaded(t *testing.T, code int, args ...string) (r loadgen.Report) {
	t.Helper()
	p := launch(t, append([]string{"load", "-T", "json"}, args...)...)
	p.wait(code)
	if err := json.Unmarshal([]byte(p.stdout.String()), &r); err != nil {
		t.Fatalf("the report is %q: %v", p.stdout, err)
	}
	return r
}

// wantCounts checks how often each operation was counted.
func wantCounts(t *testing.T, r loadgen.Report, want map[string]uint64) {
	t.Helper()
	got := make(map[string]uint64)
	for name, l := range r.Operations {
		got[name] = l.Count
		if !(l.P50 <= l.P90 && l.P90 <= l.P99 && l.P99 <= l.P999 && l.P999 <= l.Max && l.Max > 0) {
			t.Errorf("%s: %+v", name, l)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("counted %v, want %v (errors %v)", got, want, r.Errors)
	}
}

func TestLoadModes(t *testing.T) {
	for mode, want := range map[loadgen.Mode]map[string]uint64{
		loadgen.SignIn:   {"sign-in": 12 * 3},
		loadgen.Idle:     {"sign-in": 12},
		loadgen.Chat:     {"sign-in": 12, "message": 6 * 3},
		loadgen.Lists:    {"sign-in": 12, "list change": 12 * 3},
		loadgen.Group:    {"sign-in": 12, "message": 2 * 5 * 3, "message to all": 2 * 3},
		loadgen.Presence: {"sign-in": 12, "change": 2 * 3, "seen": 2 * 5 * 3, "seen by all": 2 * 3},
	} {
		t.Run(string(mode), func(t *testing.T) {
			duration := "1m" // --messages ends it
			if mode == loadgen.Idle {
				duration = "10ms"
			}
			r := loaded(t, exitOK, "--mode", string(mode), "--users", "12", "--group", "6", "--messages", "3",
				"--duration", duration)
			wantCounts(t, r, want)
			if stay := map[bool]int{true: 0, false: 12}[mode == loadgen.SignIn]; r.SignedIn != stay ||
				r.Users != 12 || len(r.Errors) > 0 {
				t.Errorf("the report is %+v, want %d signed in", r, stay)
			}
		})
	}
}

// TestLoadOnServe needs no preparation against a server with the accounts that it has by itself,
// and one flag for more.
func TestLoadOnServe(t *testing.T) {
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3)))
	server := launch(t, "serve", "--listen", addr, "--user", "user{1..20}@hotmail.com:secret")
	server.address()
	wantCounts(t, loaded(t, exitOK, "--to", addr, "--messages", "5"), map[string]uint64{"sign-in": 4, "message": 2 * 5})
	r := loaded(t, exitDiffers, "--to", addr, "--mode", "signin", "--messages", "1", "--user",
		"user{1..20}@hotmail.com:secret", "--user", "dave@hotmail.com:wrong")
	wantCounts(t, r, map[string]uint64{"sign-in": 20})
	if r.Errors["sign-in: USR: server answered 911"] != 1 || len(r.Errors) != 1 {
		t.Errorf("errors are %v", r.Errors)
	}
	server.end(exitOK)
	r = loaded(t, exitDiffers, "--to", addr, "--mode", "idle", "--duration", "1ms")
	if r.Errors["sign-in: connection refused"] != 4 {
		t.Errorf("errors are %v", r.Errors)
	}
}

// TestLoadInterrupted ends a load in the middle of the logon, to a server that never answers. The
// report comes all the same.
func TestLoadInterrupted(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	p := launch(t, "load", "--to", silent.Addr().String(), "--duration", "1h")
	c, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p.end(exitInterrupted)
	if out := p.stdout.String(); !strings.Contains(out, "mode chat, 4 users, 0 signed in") ||
		strings.Contains(out, "error") {
		t.Errorf("the report is %q", out)
	}
}
