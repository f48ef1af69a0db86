package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/server/accounts"
)

// dialFunc connects to a server.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// conform plays cases against the embedded server like against any other, with habit applied to its
// connections.
func conform(t *testing.T, preset string, o Options, habit func(dialFunc) dialFunc) (report *Report, err error) {
	synctest.Test(t, func(t *testing.T) {
		s := embedded(t, preset, nil)
		defer time.Sleep(2 * time.Hour) // lets what a habit holds back come to its end
		defer s.Close()
		for _, u := range o.Users {
			if e := s.store.Create(u.Handle, u.Password, u.Name); e != nil {
				t.Fatal(e)
			}
		}
		if o.Users = append(users(), o.Users...); o.Cases == nil {
			o.Cases = Cases()
		}
		o.Address, o.Nobody, o.Dial = dsAddr, "nobody@hotmail.com", s.Dial
		if habit != nil {
			o.Dial = habit(s.Dial)
		}
		if report, err = Run(t.Context(), o); err == nil && len(report.Notes) == 0 {
			checkClean(t, s, o.Users)
		}
	})
	return report, err
}

// checkClean checks that the users are as they were at first.
func checkClean(t *testing.T, s *backend, users []User) {
	for _, u := range users {
		a, err := s.store.Lookup(t.Context(), u.Handle)
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range []accounts.List{accounts.Forward, accounts.Allow, accounts.Block} {
			if len(a.Lists[list]) > 0 {
				t.Errorf("%s still has %v on the list %v", u.Handle, a.Lists[list], list)
			}
		}
		if name, _, _ := strings.Cut(u.Handle, "@"); a.FriendlyName != name || a.GTC != "A" || a.BLP != "AL" {
			t.Errorf("%s is %+v", u.Handle, a)
		}
	}
}

// only returns the cases whose names begin with one of the prefixes.
func only(t *testing.T, prefixes ...string) (some []Case) {
	for _, c := range Cases() {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(c.Name, p) }) {
			some = append(some, c)
		}
	}
	if len(some) < len(prefixes) {
		t.Fatalf("found %d cases of %v", len(some), prefixes)
	}
	return some
}

// TestRunOwn: our own server passes like any other, with each preset.
func TestRunOwn(t *testing.T) {
	for _, preset := range Presets() {
		for _, held := range []string{"", preset} {
			t.Run(preset+" held to "+held, func(t *testing.T) {
				r, err := conform(t, preset, Options{Preset: held}, nil)
				if err != nil || !r.AsWanted() || r.Passed < 300 || len(r.Notes) > 0 {
					t.Errorf("%v; %d passed; %v; %+v", err, r.Passed, r.Notes, r.Causes)
				}
			})
		}
	}
}

// TestDocument: docs/CONFORMANCE.md is up to date.
func TestDocument(t *testing.T) {
	msntest.Golden(t, "../../../docs/CONFORMANCE.md", []byte(Markdown()))
}

// TestHabits: a server with a habit of other servers fails because of that alone, and it shows as
// one cause, not one for each case.
func TestHabits(t *testing.T) {
	for _, tc := range []struct {
		name   string
		habit  habit
		cause  string
		least  int // least number of cases
		others int // greatest number of cases with further causes
	}{
		{"no VER without CVR0", needsCVR0, "VER is not answered", 40, 4},
		{"no errors", saysNoErrors, "nothing comes where an error is wanted", 100, 11},
		{"one read is one command", oneRead, several, 12, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := conform(t, Lenient, Options{}, tc.habit.on)
			if err != nil || len(r.Causes) == 0 || r.Blocked+r.NotPlayed > 0 || r.Passed < 200 {
				t.Fatalf("%v; %d passed, %d blocked, %d not played", err, r.Passed, r.Blocked, r.NotPlayed)
			}
			c := r.Causes[0]
			if c.Cause != tc.cause || c.Count < tc.least || len(c.Cases) != c.Count || r.Failed-c.Count > tc.others {
				t.Errorf("%d failed; %+v", r.Failed, r.Causes)
			}
			if len(r.Notes) > 0 {
				t.Errorf("it is noted: %q", r.Notes)
			}
		})
	}
}

// TestSlowSignIn: slow sign-ins are no failure, and one that takes too long costs only its own
// case.
func TestSlowSignIn(t *testing.T) {
	var n atomic.Int64
	some := only(t, "add.", "msg.", "usr.")
	for _, tc := range []struct {
		name   string
		habit  habit
		failed int
	}{
		{"seconds", slowSignIn(func() time.Duration { return time.Duration(1+n.Add(1)%4) * time.Second }), 0},
		{"one of them", slowSignIn(func() time.Duration { return time.Duration(n.Add(1)%40/39) * time.Hour }), 4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n.Store(0)
			r, err := conform(t, Lenient, Options{Cases: some}, tc.habit.on)
			if err != nil || r.Failed+r.Blocked > tc.failed || r.NotPlayed > 0 || r.Passed < 40 {
				t.Errorf("%v; %d passed, %d failed; %+v", err, r.Passed, r.Failed, r.Causes)
			}
			if tc.failed > 0 && n.Load() < 80 {
				t.Errorf("%d sign-ins: none of them was slow", n.Load())
			}
		})
	}
}

// TestRefusedRemovalIsNotedOnce: what the server refuses to remove from the lists is noted once,
// and the run goes on.
func TestRefusedRemovalIsNotedOnce(t *testing.T) {
	r, err := conform(t, Lenient, Options{Cases: only(t, "add.fl", "chg.", "msg.")}, keepsEntries.on)
	if err != nil || r.Passed < 20 || r.NotPlayed+r.Blocked > 0 {
		t.Errorf("%v; %d passed, %d blocked", err, r.Passed, r.Blocked)
	}
	const want = `alice@hotmail.com: the server does not accept "REM FL bob@hotmail.com": REM is refused with 205`
	if !slices.Contains(r.Notes, want) || len(r.Notes) > 10 {
		t.Errorf("it is noted: %q", r.Notes)
	}
}

// TestLanes: with more users, cases are played at the same time, with the same results.
func TestLanes(t *testing.T) {
	var more []User
	for i := range 9 { // two more lanes, and one user left over
		more = append(more,
			User{Name: fmt.Sprint("user", i), Handle: fmt.Sprint("user", i, "@hotmail.com"), Password: "secret"})
	}
	some := only(t, "add.", "nln.", "cal.", "msg.")
	one, err := conform(t, Observed, Options{Cases: some}, nil)
	if err != nil {
		t.Fatal(err)
	}
	three, err := conform(t, Observed, Options{Cases: some, Users: more}, nil)
	if err != nil || !three.AsWanted() || three.Seconds > one.Seconds/2 {
		t.Errorf("%v; %.0f s instead of %.0f; %+v", err, three.Seconds, one.Seconds, three.Causes)
	}
	for i := range one.Cases {
		one.Cases[i].Seconds, three.Cases[i].Seconds = 0, 0
	}
	if diff := cmp.Diff(one.Cases, three.Cases); diff != "" {
		t.Errorf("(-one lane +three)\n%s", diff)
	}
}

// TestOurs: cases about our own server are skipped on another one, with the reason.
func TestOurs(t *testing.T) {
	r, err := conform(t, Lenient, Options{Cases: only(t, "dialect.msnp8-is-not-spoken", "url.inbox", "usr.md5")}, nil)
	if err != nil || r.Passed != 1 || r.Skipped != 2 || !strings.Contains(r.Cases[0].Why, "our own server: ") {
		t.Errorf("%v; %+v", err, r.Cases)
	}
}

// TestInterrupted: an interrupted run reports what was played, and still leaves the lists empty.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := embedded(t, Lenient, nil)
		defer s.Close()
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		r, err := Run(ctx, Options{
			Address: dsAddr, Nobody: "nobody@hotmail.com", Users: users(), Cases: only(t, "add."),
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				if n++; n == 35 { // in the middle of a case
					cancel()
				}
				return s.Dial(ctx, network, address)
			},
		})
		if !errors.Is(err, context.Canceled) || r.Passed < 5 || r.NotPlayed < 5 || r.Failed+r.Blocked > 0 {
			t.Errorf("%v; %d passed, %d not played, %d failed", err, r.Passed, r.NotPlayed, r.Failed)
		}
		checkClean(t, s, users())
	})
}
