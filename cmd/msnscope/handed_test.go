//go:build unix

package main

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
)

// TestHandedSockets starts the program as systemd does, with listening sockets and a place to say
// that it is ready: it serves those sockets, and says so.
func TestHandedSockets(t *testing.T) {
	for name, args := range map[string][]string{
		"serve": {"serve", "--no-dispatch"},
		"proxy": {"proxy", "--headless"},
	} {
		t.Run(name, func(t *testing.T) {
			row, err := listenInARow("127.0.0.1:0", 3, listen)
			if err != nil {
				t.Fatal(err)
			}
			if name == "proxy" {
				row[1].Close()
				row[2].Close()
				row = row[:1]
			}
			notify := msntest.Socket(t)
			told, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
			if err != nil {
				t.Fatal(err)
			}
			defer told.Close()

			first := row[0].Addr().String()
			c := handOver(t, row, append(args, "--listen", first)...)
			c.Env = append(c.Env, "NOTIFY_SOCKET="+notify)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			_ = told.SetReadDeadline(time.Now().Add(patience))
			said := make([]byte, 100)
			if n, err := told.Read(said); err != nil || string(said[:n]) != "READY=1" {
				t.Errorf("it said %q, %v", said[:n], err)
			}
			client, err := net.Dial("tcp", row[len(row)/2].Addr().String()) // of serve, the notification server
			if err != nil {
				t.Fatal(err)
			}
			_ = client.SetDeadline(time.Now().Add(patience))
			_, _ = client.Write([]byte("VER 1 MSNP2\r\n"))
			if line, err := bufio.NewReader(client).ReadString('\n'); line != "VER 1 MSNP2\r\n" {
				t.Errorf("the answer is %q, %v", line, err)
			}
			client.Close() // else the server waits for that
			row.close()
			_ = c.Process.Signal(syscall.SIGTERM)
			if err := c.Wait(); err != nil {
				t.Errorf("it ended with %v: %s", err, c.Stderr)
			}
		})
	}
}

// TestHandedSocketsNobodyNames: a socket that no flag names, at which clients would wait for ever,
// and one that is no TCP socket are refused with what to do.
func TestHandedSocketsNobodyNames(t *testing.T) {
	row, err := listenAll([]string{"127.0.0.1:0"}, listen)
	if err != nil {
		t.Fatal(err)
	}
	defer row.close()
	odd, err := net.Listen("unix", msntest.Socket(t))
	if err != nil {
		t.Fatal(err)
	}
	defer odd.Close()
	for want, on := range map[string]listeners{
		"a socket at " + row[0].Addr().String() + " was handed over, and no flag names that address": row,
		"a descriptor that was handed over is no listening TCP socket":                               {odd},
	} {
		for _, verb := range []string{"serve", "proxy"} {
			c := handOver(t, on, verb, "--listen", "127.0.0.1:0")
			err := c.Run()
			exit := new(exec.ExitError)
			if said := c.Stderr.(*msntest.Transcript).String(); !errors.As(err, &exit) ||
				exit.ExitCode() != exitUsage || !strings.Contains(said, want) || !strings.Contains(said, "hint: ") {
				t.Errorf("%s: %v: %s\nwant %q", verb, err, said, want)
			}
		}
	}
}

// handOver returns a command that runs the program with copies of the listeners, in their order.
func handOver(t *testing.T, on listeners, args ...string) *exec.Cmd {
	t.Helper()
	// The variables name the process that they are for, whose number the shell knows first.
	c := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `LISTEN_PID=$$ exec msnscope "$@"`, "sh"}, args...)...)
	c.Env = append(os.Environ(), "LISTEN_FDS="+strconv.Itoa(len(on)), "XDG_CONFIG_HOME="+t.TempDir())
	c.Stderr = new(msntest.Transcript)
	for _, l := range on {
		f, err := l.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		c.ExtraFiles = append(c.ExtraFiles, f)
	}
	return c
}
