package loadgen

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/msnscope/msnscope/internal/client"
)

// The modes are tested against a server where there is one: in cmd/msnscope.

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPacerKeepsTheTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pacer
		p.start(10)
		begun := time.Now()
		for i := range 5 {
			if i == 2 {
				// a pause: acts that are late are due at once, and counted from their own times
				time.Sleep(time.Second)
			}
			at, err := p.wait(t.Context())
			if want := time.Duration(i) * 100 * time.Millisecond; err != nil || at.Sub(begun) != want {
				t.Errorf("act %d is due after %v (%v), want %v", i, at.Sub(begun), err, want)
			}
		}
		if took := time.Since(begun); took != 1100*time.Millisecond {
			t.Errorf("five acts took %v", took)
		}
		p.start(0.1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, first := p.wait(ctx)
		if _, err := p.wait(ctx); first != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the next act in ten seconds: %v, %v", first, err)
		}
	})
}

func TestDialsOnlyLoopback(t *testing.T) {
	for _, addr := range []string{"192.0.2.1:1863", "[2001:db8::1]:1863"} {
		_, err := Dialer(false).DialContext(t.Context(), "tcp", addr)
		if !errors.Is(err, ErrRemote) {
			t.Errorf("%s: %v", addr, err)
		}
	}
	_, err := Dialer(false).DialContext(t.Context(), "tcp", "127.0.0.1:1")
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("loopback: %v", err)
	}
}

func TestErrorsByKind(t *testing.T) {
	r := &run{errors: make(map[string]uint64)}
	for range 2 {
		r.fail("sign-in",
			fmt.Errorf("log on as x: %w", &client.ProtocolError{Code: 911, Command: "USR", Info: "anything"}))
	}
	r.fail("sign-in", fmt.Errorf("%w 127.0.0.1:1: %w", client.ErrConnect, syscall.ECONNREFUSED))
	r.fail("message", fmt.Errorf("MSG: %w", context.DeadlineExceeded))
	for i := range 100 {
		r.fail("odd", fmt.Errorf("reason %d", i))
	}
	for kind, want := range map[string]uint64{
		"sign-in: USR: server answered 911": 2, "sign-in: connection refused": 1, "message: timed out": 1,
		"others": 100 - (maxKinds - 3),
	} {
		if r.errors[kind] != want {
			t.Errorf("%s: %d times, want %d", kind, r.errors[kind], want)
		}
	}
	if r.failed != 104 {
		t.Errorf("%d failed in all", r.failed)
	}
}

func TestGroupNoticesOnce(t *testing.T) {
	r := &run{o: Options{Mode: Group, GroupSize: 3}, errors: make(map[string]uint64)}
	for _, h := range []string{"a@x", "b@x", "c@x", "d@x"} {
		r.members = append(r.members, &member{r: r, user: User{Handle: h}})
	}
	all := r.groups()
	if len(all) != 1 || len(all[0].others) != 2 {
		t.Fatalf("groups are %+v; who is alone takes no part", all)
	}
	g := all[0]
	number := g.begin(time.Now(), "one")
	for _, n := range []struct {
		m          *member
		from, what string
	}{
		{g.leader, "a@x", "one"},
		{g.others[0], "b@x", "one"},
		{g.others[0], "a@x", "two"},
		{g.others[0], "A@x", "one"},
		{g.others[0], "a@x", "one"},
	} {
		g.notice(n.m, n.from, n.what)
	}
	if g.left != 1 || len(g.done) != 0 {
		t.Errorf("%d have not noticed; one of two has, once", g.left)
	}
	g.notice(g.others[1], "a@x", "one")
	if got := <-g.done; got != number || r.times[message].count() != 2 || r.times[messageToAll].count() != 1 {
		t.Errorf("act %d of %d was noticed", got, number)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	two := make([]User, 2)
	for want, o := range map[string]Options{
		"unknown mode":         {Mode: "rest", Users: two},
		"at least 2 users":     {Mode: Chat, Users: two[:1]},
		"at least 1 users":     {Mode: Idle},
		"at least two users":   {Mode: Group, Users: two, GroupSize: 1},
		"must not be negative": {Mode: Group, Users: two, Rate: -1},
		"not 1e-300":           {Mode: Chat, Users: two, Rate: 1e-300},
		"not NaN":              {Mode: Chat, Users: two, Rate: math.NaN()},
		"not +Inf":             {Mode: Chat, Users: two, Rate: math.Inf(1)},
	} {
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}
