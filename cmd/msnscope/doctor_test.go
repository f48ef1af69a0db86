package main

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
)

// examined runs the doctor and returns what it found, by check: the last status of each.
func examined(t *testing.T, code int, args ...string) (diagnosis, map[string]string) {
	t.Helper()
	p := launch(t, append([]string{"doctor", "--timeout", "2s", "-T", "json"}, args...)...)
	p.wait(code)
	var d diagnosis
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
		{"a server and no account", exitOK, []string{"--upstream", up}, map[string]string{"protocol": "ok", "sign-in": "ok", "referral": "ok"}},
		{"an account", exitOK, []string{"--upstream", up, "--account", account}, map[string]string{"sign-in": "ok", "referral": "ok", "address": "ok"}},
		{
			"a port of its own", exitOK,
			[]string{"--upstream", up, "--account", account, "--referral-ports", fmt.Sprint(own)},
			map[string]string{"sign-in": "ok", "address": "ok"},
		},
		{"a wrong password", exitDiffers, []string{"--upstream", up, "--account", account + "x"}, map[string]string{"sign-in": "fail"}},
		{"nothing there", exitDiffers, []string{"--upstream", "127.0.0.1:1"}, map[string]string{"listen": "ok", "upstream": "fail"}},
		{"not MSN", exitDiffers, []string{"--upstream", ssh.Addr().String()}, map[string]string{"upstream": "ok", "protocol": "fail"}},
		{"another program's address", exitDiffers, []string{"--upstream", up, "--advertise", taken.Addr().String()}, map[string]string{"address": "fail"}},
		{"an address that is not reached", exitDiffers, []string{"--upstream", up, "--advertise", "127.0.0.1:1"}, map[string]string{"address": "fail"}},
		{"a port that is taken", exitDiffers, []string{"--upstream", up, "--listen", taken.Addr().String()}, map[string]string{"listen": "fail"}},
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

func TestDoctorInWords(t *testing.T) {
	p := launch(t, "doctor", "--listen", "127.0.0.1:0")
	p.wait(exitOK)
	if got := p.stdout.String(); !strings.HasSuffix(got, "\ninside: a client stays inside the proxy\n") || !strings.Contains(got, "✓  sign-in ") {
		t.Errorf("it says %s", got)
	}
}
