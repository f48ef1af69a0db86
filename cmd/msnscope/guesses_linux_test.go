package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
)

// TestGuessesThroughTheProxy: what one client of the proxy tries makes none at another address
// wait. On Linux all of 127.0.0.0/8 is this machine.
func TestGuessesThroughTheProxy(t *testing.T) {
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--no-dispatch")
	for i := range 20 { // accounts that exist, and those that do not
		handle := []string{"alice", "bob", "carol", "dave", "erin"}[i%5] + "@hotmail.com"
		if got, _ := logonFrom(t, p.address(), "127.0.0.2", "", handle, fmt.Sprint("guess", i)); got != "911" {
			t.Fatalf("guess %d is answered %s", i, got)
		}
	}
	if got, took := logonFrom(t, p.address(), "127.0.0.3", "", "alice@hotmail.com", "alicepw"); got != "USR" ||
		took > 800*time.Millisecond {
		t.Errorf("alice, elsewhere, gets %s after %v", got, took)
	}
	got, took := logonFrom(t, p.address(), "127.0.0.2", "", "erin@hotmail.com", "guess")
	if got != "911" || took < 300*time.Millisecond {
		t.Errorf("one guess more gets %s after %v", got, took)
	}
	if log := p.stderr.String(); !strings.Contains(log, "client=127.0.0.2:") {
		t.Errorf("the log does not say where the client is: %s", log)
	}
}

// TestServeBehindAProxy: with --proxy-protocol-from, clients are where the header says.
func TestServeBehindAProxy(t *testing.T) {
	port := freePorts(t, 3)
	p := launch(t, "serve", "--listen", fmt.Sprintf("127.0.0.1:%d", port), "--proxy-protocol-from", "127.0.0.2",
		"--proxy-protocol-from", "10.0.0.0/8", "--set", "user-failures=1")
	p.address()
	at := fmt.Sprintf("127.0.0.1:%d", port+1)
	for client, want := range map[string]string{"192.0.2.1": "911", "2001:db8::1": "911", "192.0.2.2": "USR"} {
		password := "alicepw"
		if want == "911" {
			password = "guess"
		}
		family := "TCP4 " + client + " 192.0.2.9"
		if strings.Contains(client, ":") {
			family = "TCP6 " + client + " 2001:db8::9"
		}
		header := "PROXY " + family + " 4000 1863\r\n"
		if got, took := logonFrom(t, at, "127.0.0.2", header, "alice@hotmail.com", password); got != want ||
			took > 800*time.Millisecond {
			t.Errorf("%s gets %s after %v, want %s", client, got, took, want)
		}
	}
	if got, _ := logonFrom(t, at, "127.0.0.1", "", "alice@hotmail.com", "alicepw"); got != "USR" {
		t.Errorf("who comes without a proxy gets %s", got)
	}
	for from, header := range map[string]string{
		"127.0.0.1": "PROXY TCP4 192.0.2.3 192.0.2.9 4000 1863\r\n", "127.0.0.2": "",
	} {
		if got, _ := logonFrom(t, at, from, header, "alice@hotmail.com", "alicepw"); got != "" {
			t.Errorf("%s with the header %q gets %s", from, header, got)
		}
		await(t, "the log to say that "+from+" was refused", func() bool {
			return strings.Contains(p.stderr.String(), "client="+from+":")
		})
	}
}

// logonFrom signs in from an address with a header before all, and returns the answer to the
// password, "" for none, and how long it took.
func logonFrom(t *testing.T, server, from, header, handle, password string) (string, time.Duration) {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	nc, err := d.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(30 * time.Second))
	r := bufio.NewReader(nc)
	ask := func(line string) []string {
		_, _ = io.WriteString(nc, line+"\r\n")
		answer, _ := r.ReadString('\n')
		return strings.Fields(answer)
	}
	words := ask(header + "USR 1 MD5 I " + handle)
	if len(words) != 5 {
		return "", 0
	}
	start := time.Now()
	words = ask("USR 2 MD5 S " + decode.MD5Response(words[4], password))
	if len(words) == 0 {
		return "", 0
	}
	return words[0], time.Since(start)
}
