package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/doctor"
)

// examined runs the doctor and returns what it found, by check: the last status of each.
func examined(t *testing.T, code int, args ...string) (doctor.Diagnosis, map[string]string) {
	t.Helper()
	p := launch(t, append([]string{"doctor", "--timeout", "2s", "-T", "json"}, args...)...)
	p.wait(code)
	var d doctor.Diagnosis
	if err := json.Unmarshal([]byte(p.stdout.String()), &d); err != nil {
		t.Fatalf("%v in %q; it said %s", err, p.stdout, p.stderr)
	}
	if d.Inside != (code == exitOK) {
		t.Errorf("inside %v with exit code %d", d.Inside, code)
	}
	status := map[string]string{}
	for _, f := range d.Findings {
		if status[f.Check] != "fail" {
			status[f.Check] = f.Status
		}
	}
	return d, status
}

func TestDoctor(t *testing.T) {
	server, own := freePorts(t, 3), freePorts(t, 2)
	up := launch(t, "serve", "--listen", fmt.Sprintf("127.0.0.1:%d", server)).address()
	up = up[:strings.LastIndexByte(up, ':')] + fmt.Sprintf(":%d", server)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	ssh := upstream(t, func(c net.Conn) { fmt.Fprint(c, "SSH-2.0-x\r\n"); c.Read(make([]byte, 100)) })
	const account = "bob@hotmail.com:bobpw"
	for _, tc := range []struct {
		name  string
		code  int
		args  []string
		check map[string]string
	}{
		{"embedded", exitOK, nil, map[string]string{"sign-in": "ok", "referral": "ok", "address": "ok"}},
		{
			"a server and no account", exitOK,
			[]string{"--upstream", up},
			map[string]string{"protocol": "ok", "sign-in": "ok", "referral": "ok"},
		},
		{
			"an account", exitOK,
			[]string{"--upstream", up, "--account", account},
			map[string]string{"sign-in": "ok", "referral": "ok", "address": "ok"},
		},
		{
			"a port of its own", exitOK,
			[]string{"--upstream", up, "--account", account, "--referral-ports", fmt.Sprint(own)},
			map[string]string{"sign-in": "ok", "address": "ok"},
		},
		{
			"a wrong password", exitDiffers,
			[]string{"--upstream", up, "--account", account + "x"},
			map[string]string{"sign-in": "fail"},
		},
		{
			"nothing there", exitDiffers,
			[]string{"--upstream", "127.0.0.1:1"},
			map[string]string{"listen": "ok", "upstream": "fail"},
		},
		{
			"not MSN", exitDiffers,
			[]string{"--upstream", ssh.Addr().String()},
			map[string]string{"upstream": "ok", "protocol": "fail"},
		},
		{
			"another program's address", exitDiffers,
			[]string{"--upstream", up, "--advertise", taken.Addr().String()},
			map[string]string{"address": "fail"},
		},
		{
			"an address that is not reached", exitDiffers,
			[]string{"--upstream", up, "--advertise", "127.0.0.1:1"},
			map[string]string{"address": "fail"},
		},
		{
			"a port that is taken", exitDiffers,
			[]string{"--upstream", up, "--listen", taken.Addr().String()},
			map[string]string{"listen": "fail"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if tc.name != "a port that is taken" {
				tc.args = append(tc.args, "--listen", "127.0.0.1:0")
			}
			d, status := examined(t, tc.code, tc.args...)
			for check, want := range tc.check {
				if status[check] != want {
					t.Errorf("%s: %q, want %q; all of it: %+v", check, status[check], want, d.Findings)
				}
			}
		})
	}
}

// refersTo is a server that sends everybody on, or whatever answer says to USR; %s there is the
// TrID, OWN the server's address.
func refersTo(t *testing.T, answer string) net.Listener {
	t.Helper()
	return upstream(t, func(c net.Conn) {
		lines := bufio.NewScanner(c)
		for lines.Scan() {
			words := append(strings.Fields(lines.Text()), "", "")
			switch words[0] {
			case "VER":
				fmt.Fprintf(c, "VER %s MSNP2\r\n", words[1])
			case "INF":
				fmt.Fprintf(c, "INF %s MD5\r\n", words[1])
			default:
				fmt.Fprint(c,
					strings.NewReplacer("%s", words[1], "OWN", c.LocalAddr().String()).Replace(answer)+"\r\n")
			}
		}
	})
}

// TestDoctorFollows: a client stays inside only if there is a server where it is led on to.
func TestDoctorFollows(t *testing.T) {
	asks := refersTo(t, "USR %s MD5 S 1.2").Addr().String()
	_, port, _ := net.SplitHostPort(asks)
	ssh := upstream(t, func(c net.Conn) { fmt.Fprint(c, "SSH-2.0-x\r\n"); c.Read(make([]byte, 100)) }).Addr().String()
	for _, tc := range []struct {
		name, answer string
		args         []string
		code         int
		check        string // what fails, or is fine
		text         string
	}{
		{"a server is there", "XFR %s NS " + asks, nil, exitOK, "server", asks + " speaks MSN"},
		{"by a name", "XFR %s NS localhost:" + port, nil, exitOK, "server", "has the IP address"},
		{"nobody listens", "XFR %s NS 127.0.0.1:1", nil, exitDiffers, "server", "cannot be reached"},
		{
			"no such name", "XFR %s NS no-such-host.invalid", nil, exitDiffers, "server",
			"has a name that this machine cannot resolve",
		},
		{"not MSN", "XFR %s NS " + ssh, nil, exitDiffers, "server", "does not speak MSN"},
		{"rubbish", "what?", nil, exitDiffers, "sign-in", "answers USR with what?"},
		{"a challenge that is none", "USR %s", nil, exitDiffers, "sign-in", "answers USR with USR 3"},
		{
			"a port that cannot be", "XFR %s NS 127.0.0.1:0", nil, exitDiffers, "referral",
			"nobody can connect to 127.0.0.1:0",
		},
		{
			"two addresses", "XFR %s NS 127.0.0.1:1863,127.0.0.1:1864", nil, exitDiffers, "sign-in",
			"referred to an address that cannot be used",
		},
		{"in a circle", "XFR %s NS OWN", nil, exitDiffers, "sign-in", "referred 5 times"},
		{
			"a private address", "XFR %s NS 192.0.2.1:1863",
			[]string{"--route", "192.0.2.1:1863=" + asks},
			exitOK,
			"server", "192.0.2.1:1863 is " + asks + ", and that speaks MSN",
		},
		{
			"a private host", "XFR %s NS ns.private:" + port,
			[]string{"--route", "ns.private=127.0.0.1"},
			exitOK,
			"server", "speaks MSN",
		},
		{
			"a wrong route", "XFR %s NS 192.0.2.1:1863",
			[]string{"--route", "192.0.2.1=127.0.0.1:1"},
			exitDiffers,
			"server", "is 127.0.0.1:1, and that cannot be reached",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			up := refersTo(t, tc.answer).Addr().String()
			d, status := examined(
				t,
				tc.code,
				append([]string{"--upstream", up, "--listen", "127.0.0.1:0"}, tc.args...)...)
			want := map[int]string{exitOK: "ok", exitDiffers: "fail"}[tc.code]
			said := slices.ContainsFunc(d.Findings, func(f doctor.Finding) bool {
				return f.Check == tc.check && f.Status == want && strings.Contains(f.Text, tc.text) &&
					(want == "ok" || f.Hint != "")
			})
			if !said || status[tc.check] != want {
				t.Errorf("no finding of %s, %s, says %q with a hint: %+v", tc.check, want, tc.text, d.Findings)
			}
		})
	}
}

// TestRouteFlag: a wrong rule is refused, with the form that it must have.
func TestRouteFlag(t *testing.T) {
	for rule, want := range map[string]string{
		"172.17.0.2": "FROM=TO", "=127.0.0.1": "FROM=TO", "172.17.0.2:0=127.0.0.1": "172.17.0.2:0",
		"a=b:70000": "b:70000", "a=user@b": "user@b",
	} {
		p := launch(t, "proxy", "--headless", "--listen", "127.0.0.1:0", "--route", rule)
		p.wait(exitUsage)
		if got := p.stderr.String(); !strings.Contains(got, "--route") || !strings.Contains(got, want) ||
			!strings.Contains(got, "HOST:PORT") {
			t.Errorf("--route %s: it says %q, want %q", rule, got, want)
		}
	}
}

// TestOnePerWriteFlag: a pause that is below zero, or longer than any client waits, is refused.
func TestOnePerWriteFlag(t *testing.T) {
	for _, pause := range []string{"-1s", "61s", "99999h"} {
		p := launch(t, "proxy", "--headless", "--listen", "127.0.0.1:0", "--one-per-write="+pause)
		p.wait(exitUsage)
		if got := p.stderr.String(); !strings.Contains(got, "from 0 to 1m0s") {
			t.Errorf("--one-per-write=%s: it says %q", pause, got)
		}
	}
}

func TestDoctorInWords(t *testing.T) {
	p := launch(t, "doctor", "--listen", "127.0.0.1:0")
	p.wait(exitOK)
	if got := p.stdout.String(); !strings.HasSuffix(got, "\ninside: a client stays inside the proxy\n") ||
		!strings.Contains(got, "✓  sign-in ") {
		t.Errorf("it says %s", got)
	}
}
