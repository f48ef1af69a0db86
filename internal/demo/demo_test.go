package demo_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/demo"
)

// run plays the demo against p for d, and returns the failures that it logged.
func run(t *testing.T, p *backend, d time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var failed bytes.Buffer
	err := demo.Run(ctx, demo.Options{
		Server: dsAddr, Dial: p.net.DialContext,
		Log: slog.New(slog.NewTextHandler(&failed, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
	synctest.Wait() // the backend has seen the end too: its record may be read
	return failed.String()
}

// said reports whether a command with the verb went in the direction.
func (p *backend) said(dir decode.Dir, verb string) bool {
	return slices.ContainsFunc(p.record, func(e entry) bool {
		isError := e.line[0] >= '0' && e.line[0] <= '9'
		return e.dir == dir && (strings.HasPrefix(e.line, verb) || verb == "###" && isError)
	})
}

func (p *backend) count(prefix string) (n int) {
	for _, e := range p.record {
		if strings.HasPrefix(e.line, prefix) {
			n++
		}
	}
	return n
}

// TestShowsEveryCommand: within four minutes each command of the draft appears, and each intended
// error; nothing else goes wrong.
func TestShowsEveryCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newBackend(t)
		if failed := run(t, p, 4*time.Minute); failed != "" {
			t.Errorf("scenes failed:\n%s", failed)
		}
		for _, r := range dialect.MSNP2.Rows() {
			if !r.Extension && !p.said(r.Dir, r.Verb) {
				t.Errorf("%s: %s was never seen", r.Dir, r.Grammar())
			}
		}
		for _, code := range []string{"205", "215", "217", "218", "911"} {
			if !p.said(decode.FromServer, code) {
				t.Errorf("error %s was never seen", code)
			}
		}
		if !slices.ContainsFunc(p.record,
			func(e entry) bool { return strings.HasPrefix(e.line, "IRO") && strings.Contains(e.line, " 2 2 ") }) {
			t.Error("never three in one session")
		}
		if !slices.ContainsFunc(p.record, func(e entry) bool {
			return strings.HasPrefix(e.line, "SYN") && !strings.HasSuffix(e.line, " 0") && e.dir == decode.FromClient
		}) {
			t.Error("nobody came back with a cached serial")
		}
	})
}

// TestPace: a user who has just started the demo sees something at once, a whole conversation soon,
// and then an unhurried pace without end.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newBackend(t)
		run(t, p, 10*time.Minute)
		if first := p.record[0]; first.at > 100*time.Millisecond {
			t.Errorf("the first command comes after %v", first.at)
		}
		texts, gap, sent := 0, time.Duration(0), 0
		last := time.Duration(0)
		for _, e := range p.record {
			if e.dir != decode.FromClient {
				continue
			}
			gap, last = max(gap, e.at-last), e.at
			sent++
			if e.at < 10*time.Second && strings.HasPrefix(e.line, "MSG") && strings.Contains(e.line, " N ") {
				texts++
			}
		}
		if texts < 5 {
			t.Errorf("%d texts within ten seconds, want a talk of 5", texts)
		}
		if gap > 5*time.Second || last < 9*time.Minute {
			t.Errorf("longest silence %v, last command at %v", gap, last)
		}
		if sent < 400 || sent > 1200 {
			t.Errorf("%d commands in ten minutes: not about one a second", sent)
		}
	})
}

// TestEnds: the demo ends within a second, everybody sends OUT, and nothing is left open.
func TestEnds(t *testing.T) {
	for _, after := range []time.Duration{time.Millisecond, 3 * time.Second, 30 * time.Second, 3 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			p := newBackend(t)
			run(t, p, after)
			if took := time.Since(p.begin) - after; took > time.Second {
				t.Errorf("after %v: the end took %v", after, took)
			}
			synctest.Wait()
			for handle, u := range p.users {
				if u.conn != nil {
					t.Errorf("after %v: %s is still signed in", after, handle)
				}
			}
			for _, r := range p.rooms {
				if len(r.seats) > 0 {
					t.Errorf("after %v: session %s still has %d users", after, r.id, len(r.seats))
				}
			}
			if p.count("OUT") == 0 {
				t.Errorf("after %v: nobody said OUT", after)
			}
		})
	}
}

func TestServerNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newBackend(t)
		err := demo.Run(t.Context(), demo.Options{Server: "10.9.9.9:1863", Dial: p.net.DialContext})
		if !errors.Is(err, client.ErrConnect) || !strings.Contains(err.Error(), "not reachable") ||
			!strings.Contains(err.Error(), "10.9.9.9") {
			t.Errorf("error = %v", err)
		}
	})
}

func TestFirstUserRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newBackend(t)
		users := demo.DefaultUsers()
		users[0].Password = "wrong"
		err := demo.Run(t.Context(), demo.Options{Server: dsAddr, Dial: p.net.DialContext, Users: users})
		if !errors.Is(err, client.ErrAuth) || !strings.Contains(err.Error(), users[0].Handle) {
			t.Errorf("error = %v", err)
		}
	})
}

// TestSceneFails: a scene that fails is logged once and leaves no session open, and the others go
// on.
func TestSceneFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newBackend(t)
		p.fail = func(line string) bool { return strings.HasPrefix(line, "CHG") && strings.Contains(line, "LUN") }
		failed := run(t, p, 4*time.Minute)
		if n := strings.Count(failed, "scene=states"); n == 0 || n != strings.Count(failed, "\n") ||
			!strings.Contains(failed, "600") {
			t.Errorf("log:\n%s", failed)
		}
		if !p.said(decode.FromServer, "911") || p.count("CAL") < 10 {
			t.Error("the play did not go on")
		}
	})
}

// TestSceneFailsInSession: a scene that fails inside a session leaves the session.
func TestSceneFailsInSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newBackend(t)
		var at time.Duration
		p.fail = func(line string) bool {
			if at == 0 && strings.HasPrefix(line, "CAL") && strings.Contains(line, "carol") {
				at = time.Since(p.begin)
				return true
			}
			return false
		}
		if failed := run(t, p, time.Minute); strings.Count(failed, "scene=lunch") != 1 {
			t.Errorf("log:\n%s", failed)
		}
		outs := 0
		for _, e := range p.record {
			if e.dir == decode.FromClient && e.line == "OUT" && e.at >= at && e.at < at+time.Second {
				outs++
			}
		}
		if outs != 2 {
			t.Errorf("%d of the two in the session have left it", outs)
		}
	})
}

// TestConnectionsCut: connections that are closed, as a user can do in the inspector, are made
// again.
func TestConnectionsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newBackend(t)
		time.AfterFunc(20*time.Second, p.cut)
		failed := run(t, p, 2*time.Minute)
		if n := strings.Count(failed, "\n"); n != 1 {
			t.Errorf("%d failures, want the one of the scene that was on:\n%s", n, failed)
		}
		late := slices.IndexFunc(p.record,
			func(e entry) bool { return e.at > 25*time.Second && strings.HasPrefix(e.line, "JOI") })
		if late < 0 {
			t.Error("no talk after the cut")
		}
	})
}
