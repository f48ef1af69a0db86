package main

import (
	"bufio"
	"context"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/replay"
)

// caller is a live client's connection to a served recording.
type caller struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// says sends a command, unless it is empty, and waits for lines of these forms, one after the
// other. It returns the words of the last one.
func (c *caller) says(command string, want ...string) []string {
	c.t.Helper()
	if command != "" {
		if _, err := c.conn.Write([]byte(command)); err != nil {
			c.t.Fatal(err)
		}
	}
	var line string
	for _, w := range want {
		_ = c.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		var passed []string
		for form := regexp.MustCompile("^" + w + "\r\n$"); ; passed = append(passed, line) {
			got, err := c.in.ReadString('\n')
			if err != nil {
				c.t.Fatalf("after %q: %v after %q, want %s", command, err, passed, w)
			}
			if line = got; form.MatchString(line) {
				break
			}
		}
	}
	return strings.Fields(line)
}

// TestServeWithEmbedded serves recordings, and lets the embedded server answer what is not in them:
// those who were recorded call one who was not, and the other way round.
func TestServeWithEmbedded(t *testing.T) {
	const at = "127.0.0.1:1863"
	serve := func(t *testing.T, name string, talk func(t *testing.T, dial func() *caller)) {
		log := eventlog.New(eventlog.Options{})
		defer log.Close()
		if err := captures.NewLoader(log).Load(t.Context(), filepath.Join(capturesDir, name), nil); err != nil {
			t.Fatal(err)
		}
		plan, err := replay.NewPlan(log)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			var network memnet.Network
			l, err := network.Listen(at)
			if err != nil {
				t.Fatal(err)
			}
			f := replayFlags{known: map[string]string{}, unmatched: string(replay.Embedded)}
			f.preset, f.notifications = "lenient", 1
			o, end, err := f.serveOptions(&env{}, plan)
			if err != nil {
				t.Fatal(err)
			}
			defer end()
			ctx, cancel := context.WithCancel(t.Context())
			var serving sync.WaitGroup
			serving.Go(func() { _, _ = replay.Serve(ctx, plan, l, o) })
			defer serving.Wait()
			defer cancel()
			talk(t, func() *caller {
				conn, err := network.DialContext(ctx, "tcp", at)
				if err != nil {
					t.Fatal(err)
				}
				return &caller{t, conn, bufio.NewReader(conn)}
			})
		})
	}
	// signIn signs a user in and returns the connection to the notification server.
	signIn := func(dial func() *caller, user, password string) *caller {
		c := dial()
		c.says("VER 1 MSNP2\r\n", "VER 1 MSNP2")
		c.says("INF 2\r\n", "INF 2 MD5")
		c.says("USR 3 MD5 I "+user+"\r\n", "XFR 3 NS "+at+"( 0)?")
		c.conn.Close()
		c = dial()
		c.says("VER 1 MSNP2\r\n", "VER 1 MSNP2")
		c.says("INF 2\r\n", "INF 2 MD5")
		challenge := c.says("USR 3 MD5 I "+user+"\r\n", "USR 3 MD5 S .*")[4]
		c.says("USR 4 MD5 S "+decode.MD5Response(challenge, password)+"\r\n", "USR 4 OK "+user+" .*")
		c.says("CHG 5 NLN\r\n", "CHG 5 NLN")
		return c
	}
	// joins answers a ring, and talks with the one who called.
	joins := func(dial func() *caller, carol, alice *caller, name string) {
		ring := carol.says("", "RNG [^ ]+ "+at+" CKI [^ ]+ alice@hotmail.com "+name)
		session := dial()
		answer := "ANS 1 carol@hotmail.com " + ring[4] + " " + ring[1] + "\r\n"
		session.says(answer, "IRO 1 1 1 alice@hotmail.com "+name, "ANS 1 OK")
		alice.says("", "JOI carol@hotmail.com carol")
		session.says("MSG 2 N 7\r\nhello\r\n")
		alice.says("", "MSG carol@hotmail.com carol 7", "hello")
		alice.says("MSG 77 N 4\r\nho\r\n")
		session.says("", "MSG alice@hotmail.com "+name+" 4", "ho")
		alice.says("OUT\r\n")
		session.says("", "BYE alice@hotmail.com")
	}
	t.Run("in a recorded talk", func(t *testing.T) {
		serve(t, "conversation.pcapng", func(t *testing.T, dial func() *caller) {
			alice := signIn(dial, "alice@hotmail.com", "any: it was recorded")
			cookie := alice.says("XFR 9 SB\r\n", "XFR 9 SB "+at+" CKI .*")[5]
			talk := dial()
			talk.says("USR 1 alice@hotmail.com "+cookie+"\r\n", "USR 1 OK alice@hotmail.com alice")
			talk.says("CAL 2 carol@hotmail.com\r\n", "217 2")
			carol := signIn(dial, "carol@hotmail.com", "carolpw")
			talk.says("CAL 3 carol@hotmail.com\r\n", "CAL 3 RINGING .*")
			joins(dial, carol, talk, "alice")
		})
	})
	t.Run("in a talk of the other server", func(t *testing.T) {
		serve(t, "logon.pcapng", func(t *testing.T, dial func() *caller) {
			carol := signIn(dial, "carol@hotmail.com", "carolpw")
			alice := signIn(dial, "alice@hotmail.com", "any")
			cookie := alice.says("XFR 9 SB\r\n", "XFR 9 SB "+at+" CKI .*")[5]
			talk := dial()
			talk.says("USR 1 alice@hotmail.com "+cookie+"\r\n", "USR 1 OK alice@hotmail.com alice")
			talk.says("CAL 2 bob@hotmail.com\r\n", "217 2")
			talk.says("CAL 3 carol@hotmail.com\r\n", "CAL 3 RINGING .*")
			joins(dial, carol, talk, "alice")
		})
	})
	t.Run("one who was recorded is called", func(t *testing.T) {
		serve(t, "logon.pcapng", func(t *testing.T, dial func() *caller) {
			alice := signIn(dial, "alice@hotmail.com", "any")
			alice.says("LST 9 AL\r\n", "LST 9 AL .*")
			carol := signIn(dial, "carol@hotmail.com", "carolpw")
			call := func(answer string) {
				cookie := carol.says("XFR 9 SB\r\n", "XFR 9 SB "+at+" CKI .*")[5]
				talk := dial()
				talk.says("USR 1 carol@hotmail.com "+cookie+"\r\n", "USR 1 OK carol@hotmail.com carol")
				talk.says("CAL 2 alice@hotmail.com\r\n", answer)
			}
			call("CAL 2 RINGING .*")
			alice.says("", "RNG [^ ]+ "+at+" CKI [^ ]+ carol@hotmail.com carol")
			alice.conn.Close()
			synctest.Wait()
			call("217 2")
		})
	})
	t.Run("at a dispatch server", func(t *testing.T) {
		serve(t, "logon.pcapng", func(t *testing.T, dial func() *caller) {
			c := dial()
			c.says("VER 1 MSNP2\r\n", "VER 1 MSNP2")
			c.says("CHG 2 NLN\r\n", "715 2")
		})
	})
	t.Run("a wrong password", func(t *testing.T) {
		serve(t, "logon.pcapng", func(t *testing.T, dial func() *caller) {
			c := dial()
			c.says("USR 3 MD5 I carol@hotmail.com\r\n", "XFR 3 NS "+at+"( 0)?")
			c = dial()
			c.says("USR 3 MD5 I carol@hotmail.com\r\n", "USR 3 MD5 S .*")
			c.says("USR 4 MD5 S 00000000000000000000000000000000\r\n", "911 4")
		})
	})
}
