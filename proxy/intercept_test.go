package proxy

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
)

// by is an interceptor made of a function.
type by func(context.Context, *Exchange)

func (f by) Intercept(ctx context.Context, x *Exchange) { f(ctx, x) }

// on calls do for commands from the client with the verb.
func on(verb string, do func(context.Context, *Exchange)) Interceptor {
	return by(func(ctx context.Context, x *Exchange) {
		if x.In.In.Verb.String() == verb && x.In.Dir == decode.FromClient {
			do(ctx, x)
		}
	})
}

// intercepted connects a client through a proxy with the interceptor.
func intercepted(t *testing.T, i Interceptor) (*lab, *msntest.Peer, *msntest.Peer) {
	l := newLab(t, Options{})
	l.proxy.Intercept(i)
	c := l.client(proxyAddr)
	c.Send("VER 1 MSNP2\r\n")
	s := l.server(dsAddr)
	s.Want("VER 1 MSNP2\r\n")
	return l, c, s
}

func TestInterceptorsChangeWhatIsSent(t *testing.T) {
	const said = "INF 2\r\nCHG 3 NLN\r\nPNG\r\n"
	for _, tc := range []struct {
		name  string
		do    func(*Exchange)
		write string
		event string // in, what was sent instead, flags, text
	}{
		{"pass", func(*Exchange) {}, said, "CHG 3 NLN []"},
		{
			"edit", func(x *Exchange) { x.Out, x.Rule = []byte("CHG 3 BSY\r\n"), "busy" },
			"INF 2\r\nCHG 3 BSY\r\nPNG\r\n", "CHG 3 NLN => CHG 3 BSY [edited] busy",
		},
		{
			"drop", func(x *Exchange) { x.Drop, x.Rule, x.Flags = true, "lost", session.Fault }, "INF 2\r\nPNG\r\n",
			"CHG 3 NLN [dropped fault] lost",
		},
		{
			"before and after", func(x *Exchange) {
				x.Before, x.After = [][]byte{[]byte("REA 8 a b\r\n")}, [][]byte{[]byte("OUT\r\n")}
			}, "INF 2\r\nREA 8 a b\r\nCHG 3 NLN\r\nOUT\r\nPNG\r\n",
			"REA 8 a b [injected], CHG 3 NLN [], OUT [injected]",
		},
		{"panic", func(x *Exchange) { x.Drop = true; panic("oh") }, said, "CHG 3 NLN []"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, c, s := intercepted(t, on("CHG", func(_ context.Context, x *Exchange) { tc.do(x) }))
				c.Send(said)
				s.Want(tc.write)
				synctest.Wait()
				if got := l.wrote(dsAddr); len(got) != 2 || got[1] != tc.write {
					t.Errorf("writes %q, want %q in one", got, tc.write)
				}
				var got []string
				for _, e := range l.all()[3:] {
					line := string(e.In.Line())
					if e.Out != nil {
						line += " => " + strings.TrimSpace(string(e.Out))
					}
					got = append(got, strings.TrimSpace(line+" ["+strings.Join(e.Flags.Names(), " ")+"] "+e.Text))
				}
				if got := strings.Join(got[:len(got)-1], ", "); got != tc.event {
					t.Errorf("events %q, want %q", got, tc.event)
				}
			})
		})
	}
}

// TestInterceptorsHold: a held command holds what comes after it, and nothing else.
func TestInterceptorsHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		l, c, s := intercepted(t, on("CHG", func(ctx context.Context, x *Exchange) {
			x.Flags = session.Held
			x.Flush()
			select {
			case <-release:
			case <-ctx.Done():
			}
		}))
		c.Send("INF 2\r\nCHG 3 NLN\r\nPNG\r\n")
		s.Want("INF 2\r\n")
		s.Send("VER 1 MSNP2\r\n")
		c.Want("VER 1 MSNP2\r\n")
		synctest.Wait()
		if got := l.commands(); strings.Contains(strings.Join(got, "\n"), "CHG") {
			t.Errorf("a held command is among the events before it was sent: %q", got)
		}
		other := l.client(proxyAddr)
		other.Send("PNG\r\n")
		l.server(dsAddr).Want("PNG\r\n")
		close(release)
		s.Want("CHG 3 NLN\r\nPNG\r\n")
		synctest.Wait()
		for _, e := range l.all() {
			if held := e.Flags&session.Held != 0; held != (e.In.Verb.String() == "CHG") {
				t.Errorf("%s: held %v", e.In.Line(), held)
			}
		}

		release = make(chan struct{})
		c.Send("CHG 4 NLN\r\n")
		synctest.Wait()
		l.proxy.Close() // ends what waits
		c.WantEnd()
	})
}

// TestInterceptorsSeeWhatComesInPieces: a sender that is slow gets no command past the interceptor;
// what is no command goes on.
func TestInterceptorsSeeWhatComesInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		_, c, s := intercepted(t, by(func(_ context.Context, x *Exchange) {
			if x.In.Dir == decode.FromClient {
				seen = append(seen, string(x.In.In.Raw))
				x.Out = bytes.ToUpper(x.Out)
			}
		}))
		for _, piece := range []string{"MS", "G 4 U 10\r\nhe", "llowor"} {
			c.Send(piece)
			time.Sleep(2 * holdTime)
		}
		c.Send("ld\x16\x03rubbish")
		s.Want("MSG 4 U 10\r\nHELLOWORLD\x16\x03rubbish")
		if want := "MSG 4 U 10\r\nhelloworld"; len(seen) != 2 || seen[1] != want {
			t.Errorf("seen %q, want %q last", seen, want)
		}
	})
}

func TestInterceptorsPanicIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		l := newLab(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		l.proxy.Intercept(by(func(context.Context, *Exchange) { panic("oh") }))
		c := l.client(proxyAddr)
		c.Send("VER 1 MSNP2\r\nINF 2\r\n")
		l.server(dsAddr).Want("VER 1 MSNP2\r\nINF 2\r\n")
		synctest.Wait()
		if n := strings.Count(log.String(), "an interceptor panicked"); n != 1 {
			t.Errorf("%d panics in the log, want 1: %s", n, log.String())
		}
	})
}

func TestInterceptorsSendInTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, c, s := intercepted(t, on("CHG", func(_ context.Context, x *Exchange) {
			x.Send = func(w io.Writer, out []byte) error {
				for i := range out {
					time.Sleep(time.Second)
					if _, err := w.Write(out[i : i+1]); err != nil {
						return err
					}
				}
				return nil
			}
		}))
		c.Send("INF 2\r\nCHG\r\nPNG\r\n")
		s.Want("INF 2\r\nCHG\r\nPNG\r\n")
		want := []string{"VER 1 MSNP2\r\n", "INF 2\r\n", "C", "H", "G", "\r", "\n", "PNG\r\n"}
		if diff := cmp.Diff(want, l.wrote(dsAddr)); diff != "" {
			t.Errorf("writes (-want +got):\n%s", diff)
		}
	})
}

// TestInjected commands go in between, to either side, and never into the middle of another.
func TestInjected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var conn *Conn
		l, c, s := intercepted(t, on("VER", func(_ context.Context, x *Exchange) { conn = x.Conn }))
		inject := func(dir decode.Dir, commands string) {
			t.Helper()
			if err := conn.Inject(dir, []byte(commands), "by hand"); err != nil {
				t.Fatal(err)
			}
		}
		inject(decode.FromServer, "OUT OTH\r\n")
		c.Want("OUT OTH\r\n")
		inject(decode.FromClient, "CHG 9 NLN\r\nPNG\r\n")
		s.Want("CHG 9 NLN\r\nPNG\r\n")

		l.proxy.Intercept(nil) // which would have to see all of the next one first
		c.Send("MSG 4 U 10\r\nhello")
		s.Want("MSG 4 U 10\r\nhello") // it waited long enough
		inject(decode.FromClient, "PNG\r\n")
		c.Send("worldOUT\r\n")
		s.Want("worldOUT\r\nPNG\r\n")
		synctest.Wait()
		var got []string
		for _, e := range l.all() {
			if e.Flags&session.Injected != 0 {
				got = append(got, e.Dir.String()+" "+string(e.In.Line())+" "+e.Text)
			}
		}
		want := []string{"S OUT OTH by hand", "C CHG 9 NLN by hand", "C PNG by hand", "C PNG by hand"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("injected (-want +got):\n%s", diff)
		}
		if a, b := conn.NewTrID(), conn.NewTrID(); a == b {
			t.Errorf("NewTrID returned %d twice", a)
		}
		c.Conn.Close()
		s.Conn.Close()
		synctest.Wait()
		if err := conn.Inject(decode.FromServer, []byte("PNG\r\n"), ""); err == nil {
			t.Error("no error for a connection that has ended")
		}
		if l.proxy.Conn(conn.ID()) != nil || len(l.proxy.Conns()) != 0 {
			t.Error("the proxy still has the connection that ended")
		}
	})
}

// TestInjectDoesNotWait: a receiver that does not read is sent as much as the limit allows, and
// Inject never waits for it.
func TestInjectDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, c, s := intercepted(t, on("", nil))
		s.Send(strings.Repeat("NLN NLN alice@hotmail.com Alice\r\n", 3000)) // the client's buffer is full
		synctest.Wait()
		conn := l.proxy.Conns()[0]
		for range 3 {
			if err := conn.Inject(decode.FromServer, []byte("OUT\r\n"), ""); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.Inject(decode.FromServer, make([]byte, maxInjected), ""); err == nil {
			t.Error("no error for more than may wait")
		}
		go io.Copy(io.Discard, c.Conn)
		time.Sleep(10 * sweepTime)
		n := 0
		for _, e := range l.all() {
			if e.Flags&session.Injected != 0 {
				n++
			}
		}
		if n != 3 {
			t.Errorf("%d commands injected, want 3", n)
		}
	})
}

// TestRulesOfACommand: however many rules change a command, its event names as many as fit.
func TestRulesOfACommand(t *testing.T) {
	var x Exchange
	x.By("one")
	x.By("two")
	if x.Rule != "one; two" {
		t.Errorf("the rules are %q", x.Rule)
	}
	for range 1000 {
		x.By(strings.Repeat("x", 1000))
	}
	if n := len(x.Rule); n > maxRule+10 || !strings.HasSuffix(x.Rule, "; ...") {
		t.Errorf("the rules have %d bytes, and end with %q", n, x.Rule[n-10:])
	}
}

// TestManyCopies: an interceptor adds a hundred commands to each of the thousands that one read
// brought. The proxy holds no more than a part of them at a time, and all leave.
func TestManyCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const commands, copies, line = 1000, 100, "PNG\r\n"
		after := slices.Repeat([][]byte{[]byte(line)}, copies)
		l, c, s := intercepted(t, on("PNG", func(_ context.Context, x *Exchange) { x.After = after }))
		go c.Send(strings.Repeat(line, commands))
		got, err := io.ReadAll(io.LimitReader(s.Conn, commands*(1+copies)*int64(len(line))))
		if err != nil || strings.ReplaceAll(string(got), line, "") != "" {
			t.Errorf("%v: something else than %q has come", err, line)
		}
		for _, w := range l.wrote(dsAddr) {
			if n := len(w) / len(line); n > maxTaken+copies {
				t.Errorf("one write has %d commands", n)
			}
		}
	})
}
