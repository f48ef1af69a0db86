package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/internal/msntest"
)

// TestShadow plays a conversation through the proxy in front of the embedded server, with a server
// of the same kind, and with one of another preset, for a shadow.
func TestShadow(t *testing.T) {
	for _, tc := range []struct {
		name, preset string
		code         int
		said, noted  string
	}{
		{"the same", "lenient", exitOK, "the shadow: same", ""},
		{"another preset", "draft", exitDiffers, "the shadow: differs", `"event":"note"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3)))
			// It refers to an address that is good in its own network only.
			other := launch(t, "serve", "--listen", at, "--preset", tc.preset, "--advertise", "127.0.0.77")
			other.address()
			p := launch(t, "--headless", "--listen", "127.0.0.1:0", "-T", "jsonl", "--shadow", at,
				"--route", "127.0.0.77=127.0.0.1")
			s := &stage{t: t, addr: p.address()}
			playConversation(s)
			if tc.noted != "" {
				await(t, "the note", func() bool { return strings.Contains(p.stdout.String(), tc.noted) })
			}
			p.end(tc.code)
			if !strings.Contains(p.stderr.String(), tc.said) {
				t.Errorf("it says %q, want %q", p.stderr, tc.said)
			}
			if tc.noted == "" && strings.Contains(p.stdout.String(), `"event":"note"`) {
				t.Errorf("a difference was reported:\n%s", p.stdout)
			}
			other.end(exitOK)
		})
	}
}

// greet says VER on a connection of its own and waits for the answer.
func greet(t *testing.T, addr string) {
	t.Helper()
	a := (&stage{t: t, addr: addr}).connect()
	t.Cleanup(func() { a.Conn.Close() })
	a.say("VER 0 MSNP2", "VER 0 MSNP2")
}

// TestShadowThatIsNotThere: an unreachable shadow is reported once, and that nothing was compared
// at the end.
func TestShadowThatIsNotThere(t *testing.T) {
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 1)))
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "-T", "jsonl", "--shadow", at)
	for range 3 {
		greet(t, p.address())
	}
	await(t, "the complaint",
		func() bool { return strings.Contains(p.stderr.String(), "the shadow cannot be reached") })
	await(t, "the note",
		func() bool { return strings.Contains(p.stdout.String(), "the shadow "+at+" cannot be reached: ") })
	p.end(exitIO)
	for _, once := range []string{
		"the shadow cannot be reached",
		"the shadow " + at + " could not be reached: nothing was compared",
	} {
		if n := strings.Count(p.stderr.String(), once); n != 1 {
			t.Errorf("it says %d times %q, want once: %s", n, once, p.stderr)
		}
	}
	if n := strings.Count(p.stdout.String(), `"event":"note"`); n != 1 {
		t.Errorf("%d notes, want one:\n%s", n, p.stdout)
	}
}

// TestShadowThatComesLater: a shadow that starts late is compared from then on, and the summary
// says what was not.
func TestShadowThatComesLater(t *testing.T) {
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3)))
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--shadow", at)
	greet(t, p.address())
	await(t, "the complaint",
		func() bool { return strings.Contains(p.stderr.String(), "the shadow cannot be reached") })
	other := launch(t, "serve", "--listen", at)
	other.address()
	greet(t, p.address())
	p.end(exitDiffers)
	for _, want := range []string{"1 answers as recorded, 0 differ", "1 connections could not be opened there"} {
		if !strings.Contains(p.stderr.String(), want) {
			t.Errorf("it says %q, want %q", p.stderr, want)
		}
	}
	other.end(exitOK)
}

// TestSlowShadow: one that answers late is compared all the same; one that does not answer does not
// keep the end waiting.
func TestSlowShadow(t *testing.T) {
	for _, tc := range []struct {
		name  string
		late  time.Duration // an answer to each command after this, 0 for none
		conns int           // on which VER was said
		code  int
		said  []string
		most  time.Duration // that the end takes
	}{
		{"late", 3 * time.Second, 3, exitOK, []string{"the shadow: same: 3 sent, 3 answers"}, shadowTime},
		{"never", 0, 1, exitTimeout, []string{"1 missing"}, shadowTime},
		{
			"never, and there is much", 0, 30, exitTimeout,
			[]string{"too slow: what came last was not compared"},
			shadowTime,
		},
		{"too late", 8 * time.Second, 2, exitDiffers, []string{"2 missing, 1 unexpected"}, shadowTime},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var network memnet.Network
				defer answerLate(t, &network, tc.late)()
				log := eventlog.New(eventlog.Options{})
				defer log.Close()
				var g session.Graph
				for range tc.conns {
					c, e := g.Open(time.Now(), "127.0.0.1:1025", "127.0.0.1:1863")
					log.Append(e)
					for _, dir := range []decode.Dir{decode.FromClient, decode.FromServer} {
						m := decode.Parse([]byte("VER 0 MSNP2\r\n"), dir, c.Grammar())
						log.Append(c.Track(dir, &m, time.Now()))
					}
				}
				var stderr msntest.Transcript
				f := shadowFlags{shadow: "10.0.0.1:1863", dial: network.DialContext}
				if err := f.read(nil); err != nil {
					t.Fatal(err)
				}
				s := f.startShadow(t.Context(), log, func(string) {}, slog.New(slog.DiscardHandler))
				time.Sleep(time.Second)
				began := time.Now()
				err := s.close(&env{stderr: &stderr})
				var x *exitError
				code := exitOK
				if errors.As(err, &x) {
					code = x.code
				}
				if took := time.Since(began); code != tc.code || took > tc.most {
					t.Errorf("exit code %d (%v) after %s, want %d within %s", code, err, took, tc.code, tc.most)
				}
				for _, want := range tc.said {
					if !strings.Contains(stderr.String(), want) {
						t.Errorf("it says %q, want %q", &stderr, want)
					}
				}
			})
		})
	}
}

// answerLate serves 10.0.0.1:1863: it answers each read with the same bytes after a time, with
// nothing after none.
func answerLate(t *testing.T, network *memnet.Network, late time.Duration) (stop func()) {
	l, err := network.Listen("10.0.0.1:1863")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				for buf := make([]byte, 1024); ; {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if late > 0 {
						time.Sleep(late)
						c.Write(buf[:n])
					}
				}
			})
		}
	})
	return func() {
		l.Close()
		serving.Wait()
	}
}

// signOns returns a log of connections on which a client asks for its dialect and security, and
// logs on; the first one is referred to the second's server.
func signOns(t *testing.T, conns int) *eventlog.Log {
	log := eventlog.New(eventlog.Options{})
	t.Cleanup(func() { log.Close() })
	var g session.Graph
	for i := range conns {
		c, e := g.Open(time.Now(), fmt.Sprintf("127.0.0.1:%d", 1025+i), fmt.Sprintf("127.0.0.%d:1863", 1+min(i, 1)))
		log.Append(e)
		for _, line := range []string{
			"CVER 0 MSNP2", "SVER 0 MSNP2", "CINF 1", "SINF 1 MD5", "CUSR 2 MD5 I alice@hotmail.com",
			[]string{"SXFR 2 NS 127.0.0.2:1863", "SUSR 2 MD5 S 1013928519.6"}[min(i, 1)],
		} {
			dir := decode.Dir(line[0])
			m := decode.Parse([]byte(line[1:]+"\r\n"), dir, c.Grammar())
			log.Append(c.Track(dir, &m, time.Now()))
		}
		log.Append(c.Close(time.Now(), "closed by the client"))
	}
	return log
}

// shadowed plays a log to a shadow that the handler serves, nil for nobody, and ends after a time:
// what is not known by then is to be reported afterwards. It returns what was said.
func shadowed(
	t *testing.T, log *eventlog.Log, serve func(net.Conn), report string, after time.Duration,
) (notes, said string, code int) {
	t.Helper()
	var network memnet.Network
	if serve != nil {
		l, err := network.Listen("10.0.0.1:1863")
		if err != nil {
			t.Fatal(err)
		}
		var serving sync.WaitGroup
		serving.Go(func() {
			for c, err := l.Accept(); err == nil; c, err = l.Accept() {
				serving.Go(func() {
					defer c.Close()
					serve(c)
				})
			}
		})
		defer serving.Wait()
		defer l.Close()
	}
	f := shadowFlags{shadow: "10.0.0.1:1863", shadowReport: report, dial: network.DialContext}
	if err := f.read(nil); err != nil {
		t.Fatal(err)
	}
	var stderr, noted msntest.Transcript
	s := f.startShadow(t.Context(), log, func(text string) { fmt.Fprintln(&noted, text) },
		slog.New(slog.DiscardHandler))
	time.Sleep(after)
	e := &env{stderr: &stderr}
	code = e.report(s.close(e))
	return noted.String(), stderr.String(), code
}

// refuse refuses every dialect (§7.1), and hangs up.
func refuse(c net.Conn) {
	c.Read(make([]byte, 1024))
	io.WriteString(c, "VER 0 0\r\n")
}

// TestShadowTellsAll: differences of the shadow are reported although the end came before them,
// once for each cause, with everything that follows from it; the report has every difference.
func TestShadowTellsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "report.json")
		_, said, code := shadowed(t, signOns(t, 11), refuse, "json:"+file, 0)
		for _, want := range []string{
			"the shadow: 15 differences of 1 cause\n",
			"the shadow: 15 differences on 11 connections: ✗    #3 c1",
			"VER 0 MSNP2  DialectName: want MSNP2, got 0\n",
			"then ✗    #4 c1  DS alice@hotmail.com    C: INF 1  failed: the server closed the connection\n",
			"and 5 more; --shadow-report has all\n",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("it does not say %q:\n%s", want, said)
			}
		}
		if code != exitDiffers || strings.Contains(said, "reached") {
			t.Errorf("exit code %d, want %d, and nothing of what could not be reached:\n%s", code, exitDiffers, said)
		}
		var report struct {
			Server string
			Counts struct{ Sent, Failed, Differs, Missing int }
			Groups []struct {
				Count    int
				Outcomes []struct{ Command string }
			}
		}
		b, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(b, &report)
		}
		if err != nil || report.Server != "10.0.0.1:1863" || len(report.Groups) != 1 ||
			report.Groups[0].Count != 15 || len(report.Groups[0].Outcomes) != 15 {
			t.Errorf("the report is %s (%v), want 15 differences of one cause", b, err)
		}
		if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
			t.Errorf("beside the report there is %v (%v)", left, err)
		}
	})
}

// TestWhatCannotBeReached: only a shadow that does not listen is reported as unreachable.
func TestWhatCannotBeReached(t *testing.T) {
	for _, tc := range []struct {
		name  string
		serve func(net.Conn)
		code  int
	}{
		{"nobody", nil, exitIO},
		{"one that closes", func(net.Conn) {}, exitDiffers},
		{"one that refuses", refuse, exitDiffers},
		{"one that answers garbage", func(c net.Conn) {
			c.Read(make([]byte, 1024))
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\nXFR 2 NS nonsense:99999\r\n")
		}, exitDiffers},
		{"one that refers to nobody", func(c net.Conn) {
			for buf := make([]byte, 1024); ; {
				if _, err := c.Read(buf); err != nil {
					return
				}
				io.WriteString(c, "VER 0 MSNP2\r\nINF 1 MD5\r\nXFR 2 NS 10.9.9.9:1863\r\n")
			}
		}, exitDiffers},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				notes, said, code := shadowed(t, signOns(t, 2), tc.serve, "", 10*time.Second)
				if tc.serve == nil && strings.Contains(notes+said, "differs") {
					t.Errorf("differences are reported of a shadow that nobody reached:\n%s%s", notes, said)
				}
				got, want := strings.Contains(notes+said, "be reached"), tc.serve == nil
				if got != want || code != tc.code {
					t.Errorf("exit code %d, want %d; 'be reached' is said: %t, want %t:\n%s%s",
						code, tc.code, got, want, notes, said)
				}
			})
		})
	}
}

// TestShadowReportSpares: a report replaces nothing that is no report.
func TestShadowReportSpares(t *testing.T) {
	dir := t.TempDir()
	notes, report := filepath.Join(dir, "notes"), filepath.Join(dir, "report")
	for name, text := range map[string]string{notes: "remember the milk", report: "{}"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		value string
		code  int
		want  string // of the error
	}{
		{"json:" + notes, exitUsage, "it exists and is not a report"},
		{"json:" + dir, exitUsage, "that is a directory"},
		{"json:" + filepath.Join(dir, "none", "report"), exitIO, "no such file"},
		{"junit:" + report, exitOK, ""},
		{"junit:" + filepath.Join(dir, "new"), exitOK, ""},
	} {
		var stderr msntest.Transcript
		f := shadowFlags{shadow: "127.0.0.1", shadowReport: tc.value}
		code := (&env{stderr: &stderr}).report(f.read(nil))
		if code != tc.code || !strings.Contains(stderr.String(), tc.want) {
			t.Errorf("%s: exit code %d and %q, want %d and %q", tc.value, code, &stderr, tc.code, tc.want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("the directory has %v (%v), want the two files alone", left, err)
	}
}

func TestShadowFlags(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--password", "a@b.c=x"}, "are for a shadow"},
		{[]string{"--shadow-report", "json:x"}, "are for a shadow"},
		{[]string{"--shadow", "127.0.0.1", "--shadow-report", "xml:x"}, "the forms are json:FILE and junit:FILE"},
		{[]string{"--shadow", "127.0.0.1", "--shadow-report", "json:"}, "the forms are json:FILE and junit:FILE"},
		{[]string{"--shadow", "127.0.0.1", "--shadow-report", "x"}, "the forms are json:FILE and junit:FILE"},
		{[]string{"--shadow", "::::"}, "--shadow \"::::\": it must be HOST"},
		{[]string{"--shadow", "127.0.0.1", "--password", "x"}, "HANDLE=PASSWORD"},
	} {
		p := launch(t, append([]string{"--headless", "--listen", "127.0.0.1:0"}, tc.args...)...)
		p.wait(exitUsage)
		if !strings.Contains(p.stderr.String(), tc.want) {
			t.Errorf("%q says %q, want %q", tc.args, p.stderr, tc.want)
		}
	}
}

// TestShadowKnowsTheUsers: the accounts of the embedded server are known at the shadow, those of a
// pattern too.
func TestShadowKnowsTheUsers(t *testing.T) {
	f := shadowFlags{shadow: "127.0.0.1", passwords: []string{"User3@hotmail.com=other"}}
	if err := f.read([]string{"user{1..3}@hotmail.com:secret:Name", "erin@hotmail.com:erinpw"}); err != nil {
		t.Fatal(err)
	}
	for handle, want := range map[string]string{
		"user1@hotmail.com": "secret", "USER2@hotmail.com": "secret", "user3@hotmail.com": "other",
		"erin@hotmail.com": "erinpw", "bob@hotmail.com": "bobpw",
	} {
		if got, ok := f.known(handle); !ok || got != want {
			t.Errorf("the password of %s is %q (%t), want %q", handle, got, ok, want)
		}
	}
}
