package main

import (
	"bytes"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/gateway/gatewaytest"
	"github.com/msnscope/msnscope/internal/msntest"
)

// TestOverHTTP: two people talk over HTTP, through the proxy before the gateway of serve, and as
// the gateway before the embedded server. The recording is one of four connections, which Wireshark
// reads, and it replays.
func TestOverHTTP(t *testing.T) {
	for name, before := range map[string]bool{"before serve": true, "before the embedded server": false} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "http.pcapng")
			args := []string{"proxy", "--listen", "127.0.0.1:0", "--headless", "-T", "jsonl", "-w", path}
			if before {
				port := freePorts(t, 4)
				at := func(n int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port+n)) }
				launch(t, "serve", "--listen", at(0), "--gateway", at(3)).address()
				args = append(args, "--upstream", at(0), "--upstream-gateway", at(3))
			}
			p := launch(t, args...)
			at := p.address()
			dial := func(c *gatewaytest.Client) client.Options {
				c.Gateway, c.Poll, c.Fault = at, 100*time.Millisecond, t.Errorf
				return client.Options{Server: at, Dial: c.Dial}
			}
			alice := signIn(t, "alice", dial(gatewaytest.Libpurple()))
			bob := signIn(t, "bob", dial(&gatewaytest.Client{Redial: true}))
			chat(t, alice, bob)
			alice.logout()
			bob.logout()
			p.end(exitOK)

			lines := parse(t, p.stdout.String())
			opens := 0
			for _, l := range lines {
				if l.Event == "open" {
					opens++
				}
				if strings.Contains(l.Raw, "HTTP/1.1") || l.Cmd != "" && l.Role == "" {
					t.Errorf("line %d: %q, role %q", l.N, l.Raw, l.Role)
				}
			}
			if opens != 4 {
				t.Errorf("%d connections, want 4", opens)
			}
			msntest.Tool(t, "tshark")
			if n, want := len(tshark(t, path, "-Y", "msnms")), len(commands(lines)); n != want {
				t.Errorf("%d MSNMS frames for %d commands", n, want)
			}
			var out, talk bytes.Buffer
			e := &env{
				stdin: strings.NewReader(""), stdout: &out, stderr: &talk, getenv: func(string) string { return "" },
			}
			if code := run(t.Context(), []string{"replay", path, "--to", "embedded"}, e); code != exitOK {
				t.Errorf("replay: exit code %d\n%s%s", code, out.Bytes(), talk.Bytes())
			}
		})
	}
}
