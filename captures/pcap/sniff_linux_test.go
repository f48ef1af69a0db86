package pcap

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// inNamespace is set in the environment of the part of the test that has a network of its own.
const inNamespace = "MSNSCOPE_TEST_NAMESPACE"

// A Sniffer survives its interface going down, and says so; any listens on it as well.
func TestSniffSurvives(t *testing.T) {
	if os.Getenv(inNamespace) != "" {
		for _, name := range []string{"lo", Any} {
			survives(t, name)
		}
		return
	}
	for _, program := range []string{"unshare", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	if err := exec.CommandContext(t.Context(), "unshare", "-n", "true").Run(); err != nil {
		t.Skipf("no network namespace can be made (%v): run the tests as root", err)
	}
	c := exec.CommandContext(t.Context(), "unshare", "-n", os.Args[0], "-test.run=^TestSniffSurvives$")
	c.Env = append(os.Environ(), inNamespace+"=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// link sets the loopback interface up or down.
func link(t *testing.T, state string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "ip", "link", "set", "lo", state).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func survives(t *testing.T, name string) {
	link(t, "up")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	states := make(chan bool, 8)
	s, err := Sniff(ctx, name, func(down bool) { states <- down })
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 64)
	go func() {
		defer close(got)
		r, err := NewReader(s, name)
		for err == nil {
			var item *Item
			if item, err = r.Next(); err == nil && item.Kind == KindData {
				got <- string(item.Data)
			}
		}
		if err != io.EOF {
			t.Errorf("%s: the capture ended with %v", name, err)
		}
	}()
	speak := func(text string) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		wait(t, got, text)
	}
	speak("before")
	link(t, "down")
	if name != Any {
		wait(t, states, true)
	}
	link(t, "up")
	if name != Any {
		wait(t, states, false)
	}
	speak("after")
	stop()
	for range got { // until the end
	}
	s.Close()
}

// wait waits for a value.
func wait[T comparable](t *testing.T, c <-chan T, want T) {
	t.Helper()
	select {
	case got, ok := <-c:
		if !ok || got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%v did not come within a minute", want)
	}
}
