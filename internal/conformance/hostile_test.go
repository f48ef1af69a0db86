package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/memnet"
)

// answering returns a dialFunc to a server that calls serve for each connection and then closes it.
func answering(serve func(net.Conn)) dialFunc {
	return func(context.Context, string, string) (net.Conn, error) {
		addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1863}
		near, far := memnet.Pipe(addr, addr)
		go func() {
			defer far.Close()
			serve(far)
		}()
		return near, nil
	}
}

// until reads lines until one has the prefix.
func until(c net.Conn, prefix string) bool {
	buf := make([]byte, 1<<16)
	for {
		n, err := c.Read(buf)
		if err != nil || strings.HasPrefix(string(buf[:n]), prefix) {
			return err == nil
		}
	}
}

// forever writes text, with a pause after each time, until a write fails.
func forever(text string, pause time.Duration) func(net.Conn) {
	return func(c net.Conn) {
		for {
			if _, err := c.Write([]byte(text)); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}
}

// closedFirst returns a dialFunc to a server that has closed already: a write fails with err, a
// read only a second later.
func closedFirst(err error) dialFunc {
	return func(context.Context, string, string) (net.Conn, error) {
		near, far := memnet.Pipe(nil, nil)
		time.AfterFunc(time.Second, func() { _ = far.Close() })
		return refusing{near, err}, nil
	}
}

// refusing is a connection on which every write fails.
type refusing struct {
	net.Conn
	err error
}

func (r refusing) Write([]byte) (int, error) {
	return 0, &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", r.err)}
}

// TestNoServer: a server of another protocol, or none at all, ends the run in time, with a fitting
// error.
func TestNoServer(t *testing.T) {
	const tooMuch = "the server sends too much"
	for _, tc := range []struct {
		name   string
		dial   dialFunc
		err    error
		causes string // causes of the failures; none where nothing is played
	}{
		{
			"nobody listens",
			func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED },
			ErrUnreachable, "",
		},
		{
			"no route", func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil,
					ctx.Err()
			},
			ErrUnreachable, "",
		},
		{"takes connections and no more", answering(func(c net.Conn) { until(c, "never") }), ErrSilent, ""},
		{"reads nothing", answering(func(net.Conn) { time.Sleep(time.Hour) }), ErrSilent, ""},
		{"closes at once", answering(func(net.Conn) {}), ErrRefused, "the connection is closed at VER"},
		{
			"closed, as a write finds out", closedFirst(syscall.EPIPE), ErrRefused,
			"the connection is closed at VER",
		},
		{
			"reset, as a write finds out", closedFirst(syscall.ECONNRESET), ErrRefused,
			"the connection is closed at VER",
		},
		{"has no room for a command", closedFirst(os.ErrDeadlineExceeded), ErrSilent, ""},
		{
			"closes at the first command", answering(func(c net.Conn) { until(c, "") }), ErrRefused,
			"the connection is closed at VER",
		},
		{"speaks HTTP", answering(func(c net.Conn) {
			until(c, "")
			_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n"))
		}), ErrRefused, "the connection is closed at VER; something other than a command instead of VER after VER"},
		{
			"speaks first", answering(forever("220 mail.example ESMTP\r\n", 100*time.Second)), ErrRefused,
			"VER is not answered; VER is refused with 220",
		},
		{
			"garbage", answering(forever("\x00\xff\x1b[2J\r\n", time.Second)), ErrRefused,
			"VER is not answered; something other than a command instead of VER after VER",
		},
		{
			"says half a line", answering(func(c net.Conn) { _, _ = c.Write([]byte("VER 1 MS")); until(c, "never") }),
			ErrRefused, "VER is not answered",
		},
		{
			"floods with lines", answering(forever(strings.Repeat("NLN NLN a@b.c d\r\n", 4000), 0)), ErrRefused,
			tooMuch + "; NLN instead of VER after VER",
		},
		{
			"floods without a line", answering(forever(strings.Repeat("x", 65536), 0)), ErrRefused,
			tooMuch,
		},
		{
			"a line a second", answering(forever("NLN NLN a@b.c d\r\n", time.Second)), ErrRefused,
			"VER is not answered; NLN instead of VER after VER",
		},
		{"refers to itself", answering(func(c net.Conn) {
			for lines := bufio.NewScanner(c); lines.Scan(); {
				switch f := strings.Fields(lines.Text()); f[0] {
				case "USR":
					fmt.Fprintf(c, "XFR %s NS 127.0.0.1:1863\r\n", f[1])
				default:
					fmt.Fprintf(c, "%s\r\n", lines.Text())
				}
			}
		}), ErrRefused, "referrals do not end; parameter 2 of VER"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				some := only(t, "ver.msnp2", "ver.any-case", "add.", "msg.alone")
				r, err := Run(t.Context(),
					Options{Address: "127.0.0.1:1863", Users: users(), Nobody: "n@b.c", Cases: some, Dial: tc.dial})
				if !errors.Is(err, tc.err) {
					t.Errorf("got %v, want %v", err, tc.err)
				}
				var causes []string
				for _, c := range r.Causes {
					causes = append(causes, c.Cause)
				}
				// Whether the first of many lines is judged before there are too many is a matter
				// of chance.
				got := strings.Join(causes, "; ")
				if got != tc.causes && (got != tooMuch || !strings.HasPrefix(tc.causes, tooMuch)) || r.AsWanted() {
					t.Errorf("%d passed; causes %s, want %s\n%+v", r.Passed, got, tc.causes, r.Causes)
				}
				if took := time.Since(begun); took > 5*time.Minute {
					t.Errorf("it took %v", took)
				}
				time.Sleep(2 * time.Hour) // until all fake servers have ended
			})
		})
	}
}

// TestReportsAreShort: a report quotes a kilobyte of a case at most, whatever the server sends.
func TestReportsAreShort(t *testing.T) {
	long := strings.Repeat("\x00\xff ", 1000)
	for name, serve := range map[string]func(net.Conn){
		"lines of any bytes": forever(long+"\r\n", 100*time.Second),
		"a long answer": func(c net.Conn) {
			for lines := bufio.NewScanner(c); lines.Scan(); {
				fmt.Fprintf(c, "%s %s\r\n", lines.Text(), long)
			}
		},
		"a long payload": func(c net.Conn) {
			for lines := bufio.NewScanner(c); lines.Scan(); {
				fmt.Fprintf(c, "MSG Hotmail Hotmail %d\r\n%s", len(long), long)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, err := Run(t.Context(), Options{
					Address: "127.0.0.1:1863", Users: users(), Cases: only(t, "ver.", "usr.", "add."),
					Dial: answering(serve),
				})
				if err == nil || len(err.Error()) > 1500 {
					t.Errorf("the error has %d bytes", len(err.Error()))
				}
				for _, c := range r.Cases {
					if len(c.Detail) > 1100 || len(c.Cause) > 200 {
						t.Errorf("%s: %d bytes of detail, %d of cause", c.Name, len(c.Detail), len(c.Cause))
					}
				}
				time.Sleep(2 * time.Hour) // until all fake servers have ended
			})
		})
	}
}

// TestGone: a server that goes away during a run ends the run, and the report has what was played
// before.
func TestGone(t *testing.T) {
	for _, tc := range []struct {
		name string
		then dialFunc
		err  error
	}{
		{
			"refuses", func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED },
			ErrUnreachable,
		},
		{"is silent", answering(func(c net.Conn) { until(c, "never") }), ErrSilent},
		{"closes", answering(func(net.Conn) {}), ErrRefused},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n := 0
			r, err := conform(t, Lenient, Options{Cases: only(t, "chg.", "usr.")}, func(dial dialFunc) dialFunc {
				return func(ctx context.Context, network, address string) (net.Conn, error) {
					if n++; n > 60 {
						return tc.then(ctx, network, address)
					}
					return dial(ctx, network, address)
				}
			})
			if !errors.Is(err, tc.err) || r.Passed < 5 || r.NotPlayed < 5 || r.Blocked > maxFutile || r.Seconds > 300 {
				t.Errorf("got %v; %d passed, %d blocked, %d not played, %.0f s", err, r.Passed, r.Blocked,
					r.NotPlayed, r.Seconds)
			}
			t.Log(err)
		})
	}
}

// TestWrongPassword: if one of the users cannot sign in, the run says so at once, and which one.
func TestWrongPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := embedded(t, Lenient, nil)
		defer s.Close()
		some := users()
		some[2].Password = "wrong"
		r, err := Run(t.Context(), Options{Address: dsAddr, Users: some, Cases: only(t, "add."), Dial: s.Dial})
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "carol@hotmail.com") ||
			strings.Contains(err.Error(), "wrong") || r.Passed > 0 {
			t.Errorf("%v; %d passed", err, r.Passed)
		}
	})
}

// TestReportTellsNoSecret: no form of a report contains a password, a challenge, a response or a
// cookie, even where a server sends them back instead of what is wanted.
func TestReportTellsNoSecret(t *testing.T) {
	const challenge = "1013928519.693957190"
	proof := decode.MD5Response(challenge, "alicepw")
	dial := answering(func(c net.Conn) {
		for lines := bufio.NewScanner(c); lines.Scan(); {
			f := append(strings.Fields(lines.Text()), "", "", "")
			switch {
			case f[0] == "INF":
				fmt.Fprintf(c, "INF %s MD5\r\n", f[1])
			case f[0] == "USR" && f[3] == "I":
				fmt.Fprintf(c, "USR %s MD5 S %s\r\n", f[1], challenge)
			case f[0] == "USR":
				fmt.Fprintf(c, "%s\r\nCKI alicepw %s\r\n", lines.Text(), challenge)
			default:
				fmt.Fprintf(c, "%s\r\n", lines.Text())
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r, err := Run(t.Context(),
			Options{Address: "127.0.0.1:1863", Users: users(), Cases: only(t, "usr.", "add."), Dial: dial})
		var b bytes.Buffer
		fmt.Fprintln(&b, err)
		if err := errors.Join(r.WriteText(&b), r.WriteJUnit(&b), json.NewEncoder(&b).Encode(r)); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{challenge, proof, strings.ToUpper(proof), "alicepw"} {
			if strings.Contains(b.String(), secret) {
				t.Errorf("the reports tell %s:\n%s", secret, b.Bytes())
			}
		}
		if !strings.Contains(b.String(), "MD5 S ***") {
			t.Errorf("what stands in their place is missing:\n%s", b.Bytes())
		}
		time.Sleep(2 * time.Hour)
	})
}
