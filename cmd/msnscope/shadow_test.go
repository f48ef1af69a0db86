package main

import (
	"errors"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/internal/store"
)

// TestShadow plays a conversation through the proxy in front of the embedded server, with a server of the same kind, and with one
// of another preset, for a shadow.
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
			other := launch(t, "serve", "--listen", at, "--preset", tc.preset)
			other.address()
			p := launch(t, "--headless", "--listen", "127.0.0.1:0", "-T", "jsonl", "--shadow", at)
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
				t.Errorf("a difference was told:\n%s", p.stdout)
			}
			other.end(exitOK)
		})
	}
}

// greet says VER on a connection of its own and waits for the answer.
func greet(t *testing.T, addr string) {
	t.Helper()
	a := (&stage{t: t, addr: addr}).connect()
	t.Cleanup(func() { a.conn.Close() })
	a.say("VER 0 MSNP2", "VER 0 MSNP2")
}

// TestShadowThatIsNotThere is told of once, and that nothing was compared at the end.
func TestShadowThatIsNotThere(t *testing.T) {
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 1)))
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "-T", "jsonl", "--shadow", at)
	for range 3 {
		greet(t, p.address())
	}
	await(t, "the complaint", func() bool { return strings.Contains(p.stderr.String(), "the shadow cannot be reached") })
	await(t, "the note", func() bool { return strings.Contains(p.stdout.String(), "the shadow "+at+" cannot be reached: ") })
	p.end(exitIO)
	for _, once := range []string{"the shadow cannot be reached", "the shadow " + at + " could not be reached: nothing was compared"} {
		if n := strings.Count(p.stderr.String(), once); n != 1 {
			t.Errorf("it says %d times %q, want once: %s", n, once, p.stderr)
		}
	}
	if n := strings.Count(p.stdout.String(), `"event":"note"`); n != 1 {
		t.Errorf("%d notes, want one:\n%s", n, p.stdout)
	}
}

// TestShadowThatComesLater is compared from then on, and the end tells what was not.
func TestShadowThatComesLater(t *testing.T) {
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3)))
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--shadow", at)
	greet(t, p.address())
	await(t, "the complaint", func() bool { return strings.Contains(p.stderr.String(), "the shadow cannot be reached") })
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

// TestSlowShadow: one that answers late is compared all the same; one that does not answer does not keep the end waiting.
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
		{"never, and there is much", 0, 30, exitTimeout, []string{"too slow: what came last was not compared"}, shadowTime},
		{"too late", 8 * time.Second, 2, exitDiffers, []string{"2 missing, 1 extra"}, shadowTime},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var network memnet.Network
				defer answerLate(t, &network, tc.late)()
				log := store.NewLog(store.LogOptions{})
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
				var stderr transcript
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

// answerLate serves 10.0.0.1:1863: it answers each read with the same bytes after a time, with nothing after none.
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

func TestShadowFlags(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--password", "a@b.c=x"}, "are the shadow's"},
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

// TestShadowKnowsTheUsers: the accounts of the embedded server are known at the shadow, those of a pattern too.
func TestShadowKnowsTheUsers(t *testing.T) {
	f := shadowFlags{shadow: "127.0.0.1", passwords: []string{"User3@hotmail.com=other"}}
	if err := f.read([]string{"user{1..3}@hotmail.com:secret:Name", "erin@hotmail.com:erinpw"}); err != nil {
		t.Fatal(err)
	}
	for handle, want := range map[string]string{
		"user1@hotmail.com": "secret", "USER2@hotmail.com": "secret", "user3@hotmail.com": "other", "erin@hotmail.com": "erinpw", "bob@hotmail.com": "bobpw",
	} {
		if got, ok := f.known(handle); !ok || got != want {
			t.Errorf("the password of %s is %q (%t), want %q", handle, got, ok, want)
		}
	}
}
