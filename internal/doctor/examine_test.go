package doctor

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/msnscope/msnscope/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listener returns a listener on a free port of this machine.
func listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// answering returns the address of a server that answers the first line of each connection with the
// text.
func answering(t *testing.T, text string) string {
	l := listener(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(5 * time.Second))
				_, _ = c.Read(make([]byte, 100))
				_, _ = io.WriteString(c, text)
			}()
		}
	}()
	return l.Addr().String()
}

// resetting returns the address of a server whose connections are reset when something arrives.
func resetting(t *testing.T) string {
	l := listener(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			// leaves the rest of the line unread, which makes it a reset
			_, _ = c.Read(make([]byte, 1))
			_ = c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	}()
	return l.Addr().String()
}

// TestHangingUpIsNoSilence: the doctor does not call a server slow that closes or resets the
// connection at once.
func TestHangingUpIsNoSilence(t *testing.T) {
	for name, addr := range map[string]string{"closes": answering(t, ""), "resets": resetting(t)} {
		d := Examine(t.Context(), Options{
			Proxy: proxy.Options{Upstream: addr}, Listeners: []net.Listener{listener(t)}, Patience: time.Minute,
		})
		last := d.Findings[len(d.Findings)-1]
		if last.Status != "fail" || last.Text != "it closes the connection when it receives VER" {
			t.Errorf("a server that %s: %s, %q", name, last.Status, last.Text)
		}
	}
}

// TestReferralsAreAwaited: before it reports on referrals, the doctor waits until the proxy has
// published all that its clients received, however late, and no longer.
func TestReferralsAreAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &visit{
			examination: &examination{Options: Options{Patience: time.Minute}},
			news:        make(chan struct{}, 1), sent: map[string]sent{}, heard: []string{"127.0.0.1:1863"},
		}
		start := time.Now()
		if v.await(v.all) || time.Since(start) != time.Minute {
			t.Errorf("without the event it waits %v", time.Since(start))
		}
		time.AfterFunc(10*time.Second, func() {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.sent["64.4.13.170:1863"] = sent{advertised: "127.0.0.1:1863"}
			v.news <- struct{}{}
		})
		start = time.Now()
		if !v.await(v.all) || time.Since(start) != 10*time.Second {
			t.Errorf("with the event it waits %v", time.Since(start))
		}
	})
}

// statuses returns the worst status of each check, in the order in which they were made.
func statuses(d *Diagnosis) string {
	var order []string
	worst := map[string]string{}
	for _, f := range d.Findings {
		if worst[f.Check] == "" {
			order = append(order, f.Check)
		}
		if worst[f.Check] != "fail" {
			worst[f.Check] = f.Status
		}
	}
	for i, check := range order {
		order[i] = check + " " + worst[check]
	}
	return strings.Join(order, ", ")
}

// TestExamine: the doctor goes on as far as it can, and says where the way ends.
func TestExamine(t *testing.T) {
	gone := listener(t)
	gone.Close()
	own := listener(t)
	for name, tc := range map[string]struct {
		o    Options
		want string
	}{
		"nobody there": {Options{Proxy: proxy.Options{Upstream: gone.Addr().String()}}, "listen ok, upstream fail"},
		"no MSN": {
			Options{Proxy: proxy.Options{Upstream: answering(t, "SSH-2.0-x\r\n")}},
			"listen ok, upstream ok, protocol fail",
		},
		"hangs up": {
			Options{Proxy: proxy.Options{Upstream: answering(t, "")}},
			"listen ok, upstream ok, protocol fail",
		},
		"the proxy's own": {
			Options{Proxy: proxy.Options{Upstream: own.Addr().String()}, Loop: own.Addr()},
			"listen ok, upstream fail",
		},
	} {
		tc.o.Listeners, tc.o.Patience = []net.Listener{listener(t)}, 2*time.Second
		d := Examine(t.Context(), tc.o)
		if got := statuses(d); got != tc.want || d.Inside {
			t.Errorf("%s: %s, inside %v; want %s", name, got, d.Inside, tc.want)
		}
		if _, err := tc.o.Listeners[0].Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: the port is still open", name)
		}
	}
}

// TestCannotListen: the hint says which kind of program has the port.
func TestCannotListen(t *testing.T) {
	for says, want := range map[string]string{"VER 1 MSNP2\r\n": "speaks MSN", "SSH-2.0-x\r\n": "does not speak MSN"} {
		d := CannotListen(t.Context(), []string{answering(t, says)}, errors.New("another program has that port"))
		if got := d.Findings[0]; got.Check != "listen" || got.Status != "fail" || !strings.Contains(got.Hint, want) ||
			d.Inside {
			t.Errorf("what says %q: %+v, want the hint %q", says, got, want)
		}
	}
}

// TestWriteText: what servers sent never reaches a terminal unescaped.
func TestWriteText(t *testing.T) {
	d := &Diagnosis{}
	d.add("protocol", "fail", "look\x1b[2J", "it says %s", "a\x1b]0;b\x07")
	var b strings.Builder
	if err := d.WriteText(&b); err != nil || strings.ContainsAny(b.String(), "\x1b\x07") {
		t.Errorf("%q, %v", b.String(), err)
	}
	if !strings.Contains(b.String(), "✗  protocol") || !strings.Contains(b.String(), "\noutside: ") {
		t.Errorf("%q", b.String())
	}
}
