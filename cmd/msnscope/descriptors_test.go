//go:build unix

package main

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/msntest"
)

// TestServersLeaveDescriptors: what the proxy opens for its clients leaves descriptors to those who
// have the token as well: connections to servers, and the ports of --referral-ports.
func TestServersLeaveDescriptors(t *testing.T) {
	for name, args := range map[string][]string{"connections": nil, "ports": {"--referral-ports", "30000"}} {
		t.Run(name, func(t *testing.T) {
			server := upstream(t, func(c net.Conn) {
				if args == nil {
					_, _ = io.Copy(io.Discard, c)
					return
				}
				for i := range 300 { // further servers
					fmt.Fprintf(c, "XFR %d NS 127.0.%d.%d:1863\r\n", i, 1+i/250, 1+i%250)
				}
				_, _ = io.Copy(io.Discard, c)
			})
			socket := msntest.Socket(t)
			p := spawnAs(t, func(c *exec.Cmd) {
				c.Args = append([]string{"sh", "-c", `ulimit -n 256; exec "$@"`, "sh", c.Path}, c.Args[1:]...)
				c.Path = "/bin/sh"
			}, append(args, "--headless", "--listen", "127.0.0.1:0", "--upstream", server.Addr().String(),
				"--control", socket)...)
			address, clients := p.address(), 150
			if args != nil {
				clients = 1
			}
			var all []net.Conn
			for range clients {
				c, err := net.Dial("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				all = append(all, c)
			}
			a := openAPI(t, socket)
			await(t, "the clients", func() bool { // who have connected, and said nothing yet
				return strings.Contains(a.want(200, "GET", "/v1/stats", ""), fmt.Sprintf(`"open":%d`, clients))
			})
			for _, c := range all {
				fmt.Fprint(c, "VER 1 MSNP2\r\n")
			}
			await(t, "a descriptor that is kept back", func() bool {
				return strings.Contains(p.stderr.String(), "kept back")
			})
			for range 20 {
				openAPI(t, socket).want(200, "GET", "/v1/stats", "")
			}
			p.end(exitOK)
		})
	}
}
