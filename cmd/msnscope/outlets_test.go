package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/msntest"
)

// full returns a file that is as a disk without room.
func full(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("there is no /dev/full here: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// unread returns a pipe whose reader has gone away.
func unread(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	t.Cleanup(func() { w.Close() })
	return w
}

// TestOutletThatFails: whatever the proxy or the server cannot write, people go on talking, it is
// said where there is somebody to say it to, and the exit code is 3. The recording is
// TestFullDisk's, the shadow TestShadowThatIsNotThere's, the control API's streams are those of its
// own tests.
func TestOutletThatFails(t *testing.T) {
	disk, pipe := full(t), unread(t)
	for _, tc := range []struct {
		name   string
		change func(*exec.Cmd)
		said   string // "" where nobody hears it
	}{
		{
			"standard output, full disk", func(c *exec.Cmd) { c.Stdout = disk },
			"standard output stopped, traffic goes on",
		},
		{
			"standard output, closed pipe", func(c *exec.Cmd) { c.Stdout = pipe },
			"standard output stopped, traffic goes on",
		},
		{"standard error, full disk", func(c *exec.Cmd) { c.Stderr = disk }, ""},
		{"standard error, closed pipe", func(c *exec.Cmd) { c.Stderr = pipe }, ""},
		{"both, closed pipe", func(c *exec.Cmd) { c.Stdout, c.Stderr = pipe, pipe }, ""},
	} {
		for verb, args := range map[string][]string{"proxy": {"--headless"}, "serve": nil} {
			if verb == "serve" && strings.HasPrefix(tc.name, "standard output") {
				continue // it prints nothing there
			}
			t.Run(verb+", "+tc.name, func(t *testing.T) {
				t.Parallel()
				at := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3)))
				p := spawnAs(t, tc.change, append([]string{verb, "--listen", at}, args...)...)
				await(t, "the port", func() bool {
					c, err := net.Dial("tcp", at)
					if err == nil {
						c.Close()
					}
					return err == nil
				})
				alice, bob := signIn(t, "alice", client.Options{Server: at}), signIn(t, "bob",
					client.Options{Server: at})
				chat(t, alice, bob)
				if tc.said != "" {
					await(t, "a loud word",
						func() bool { return strings.Contains(p.stderr.String(), "msnscope: error: "+tc.said) })
				}
				chat(t, bob, alice)
				p.end(exitIO)
				if n := strings.Count(p.stderr.String(), "error:"); tc.said != "" && n != 1 {
					t.Errorf("it complains %d times, want once: %s", n, p.stderr)
				}
			})
		}
	}
}

// swallow is a server that reads everything and says nothing.
func swallow(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			go func() {
				defer c.Close()
				_, _ = io.Copy(io.Discard, c) // until the client has gone
			}()
		}
	}()
	return l.Addr().String()
}

// largeMessage is a MSG of 1 MB, the largest that is one command.
func largeMessage(trid int) []byte {
	const size = 1_000_000
	return append(fmt.Appendf(nil, "MSG %d N %d\r\n", trid, size), strings.Repeat("x", size)...)
}

// TestSpillThatFails: the session is longer than memory has room for, and there is nowhere to put
// it.
func TestSpillThatFails(t *testing.T) {
	server := swallow(t)
	folder := t.TempDir()
	p := spawnAs(t, func(c *exec.Cmd) { c.Env = append(os.Environ(), "TMPDIR="+filepath.Join(folder, "nowhere")) },
		"--headless", "--listen", "127.0.0.1:0", "--upstream", server, "--control", msntest.Socket(t), "-Y", "false")
	c, err := net.Dial("tcp", p.address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	await(t, "a loud word", func() bool {
		if _, err := c.Write(largeMessage(1)); err != nil {
			t.Fatalf("traffic ended: %v", err)
		}
		return strings.Contains(p.stderr.String(),
			"msnscope: error: spill file of the session stopped, traffic goes on")
	})
	if _, err := c.Write(largeMessage(2)); err != nil {
		t.Errorf("traffic ended: %v", err)
	}
	p.end(exitIO)
	if n := strings.Count(p.stderr.String(), "error:"); n != 1 {
		t.Errorf("it complains %d times, want once: %s", n, p.stderr)
	}
}

// TestSniffGoesOnRecording: lines that nobody takes end the lines, not the recording; without one
// they end the run.
func TestSniffGoesOnRecording(t *testing.T) {
	sniffs(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	say := func() { speak(t, l, "C VER 1 MSNP2\r\n", "S VER 1 MSNP2\r\n", "C OUT\r\n") }
	file := filepath.Join(t.TempDir(), "sniffed.pcapng")
	p := spawn(t, full(t), "sniff", "-i", "lo", "--headless", "-w", file)
	p.address()
	await(t, "a loud word", func() bool {
		say()
		return strings.Contains(p.stderr.String(), "error: standard output stopped")
	})
	p.end(exitIO)
	if events, _ := dumped(t, file); len(commands(events)) < 3 {
		t.Errorf("the recording has %d commands", len(commands(events)))
	}
	for out, code := range map[*os.File]int{full(t): exitIO, unread(t): exitOK} {
		p := spawn(t, out, "sniff", "-i", "lo", "--headless")
		p.address()
		await(t, "the end", func() bool {
			say()
			select {
			case <-p.done:
				return true
			default:
				return false
			}
		})
		p.wait(code)
	}
}
