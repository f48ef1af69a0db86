package server

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/msntest"
)

// try signs in from an address and returns the answer to the password, and how long it took.
func try(t *testing.T, s *Server, from, handle, password string) (string, time.Duration) {
	t.Helper()
	nc, err := s.DialFrom(t.Context(), netip.AddrPortFrom(netip.MustParseAddr(from), 4000), "tcp", s.o.Notification[0])
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	p := msntest.NewPeer(t, nc)
	words := p.Must("USR 1 MD5 I "+handle, "USR 1 MD5 S")
	start := time.Now()
	words = p.Must("USR 2 MD5 S "+decode.MD5Response(words[4], password), "")
	return words[0], time.Since(start)
}

// atOnce signs in and fails the test unless the answer comes without delay.
func atOnce(t *testing.T, s *Server, want, from, handle, password string) {
	t.Helper()
	got, took := try(t, s, from, handle, password)
	if got != want || took > refusalTime {
		t.Errorf("%s from %s with %q: got %s after %v, want %s at once", handle, from, password, got, took, want)
	}
}

// guess tries n wrong passwords of a user from an address, one after the other, and returns how
// long that took.
func guess(t *testing.T, s *Server, n int, from, handle string) time.Duration {
	t.Helper()
	start := time.Now()
	for i := range n {
		if got, _ := try(t, s, from, handle, fmt.Sprint("guess", i)); got != "911" {
			t.Fatalf("guess %d of %s from %s: got %s, want 911", i, handle, from, got)
		}
	}
	return time.Since(start)
}

// TestGuessesDelayOnlyTheGuesser: attempts from one address delay nobody at another address and
// lock nobody out.
func TestGuessesDelayOnlyTheGuesser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Store: manyUsers(50)})
		defer s.Close()
		for i := range 40 { // right passwords
			atOnce(t, s, "USR", "10.0.0.1", userName(i), "pw")
		}
		for i := range 20 { // one address tries many accounts, some of which do not exist
			atOnce(t, s, "911", "10.0.0.2", userName(40+i), "guess")
		}
		if _, took := try(t, s, "10.0.0.2", userName(60), "guess"); took < firstDelay/2 {
			t.Errorf("after 20 wrong passwords an answer takes %v", took)
		}
		atOnce(t, s, "USR", "10.0.0.1", userName(1), "pw")
		atOnce(t, s, "911", "10.0.0.1", userName(1), "mistyped")

		guess(t, s, 12, "10.0.0.3", userName(2)) // the owner's mistakes
		for i := range 20 {                      // from anywhere
			atOnce(t, s, "911", fmt.Sprintf("10.0.1.%d", i), userName(2), "guess")
		}
		atOnce(t, s, "USR", "10.0.0.1", userName(2), "pw")
		if got, took := try(t, s, "10.0.0.3", userName(2), "pw"); got != "USR" || took > maxDelay || took < maxDelay/2 {
			t.Errorf("an owner at the address of who guesses gets %s after %v, want USR after %v at most", got, took,
				maxDelay)
		}
		atOnce(t, s, "USR", "10.0.0.3", userName(3), "pw")

		atOnce(t, s, "USR", "10.0.0.4", userName(5), "pw")
		guess(t, s, 5, "10.0.0.4", userName(6))
		for i := range 30 { // others behind the same address
			_, _ = try(t, s, "10.0.0.4", userName(7+i), "guess")
		}
		atOnce(t, s, "USR", "10.0.0.4", userName(5), "pw") // a regular
		atOnce(t, s, "911", "10.0.0.4", userName(5), "mistyped")
		if _, took := try(t, s, "10.0.0.4", userName(6), "pw"); took < firstDelay/2 {
			t.Errorf("who never logged on there is answered after %v", took)
		}
		if guess(t, s, 12, "10.0.0.4", userName(5)) < maxDelay {
			t.Errorf("guessing the password of a regular is not delayed")
		}

		time.Sleep(forgetTime + maxDelay)
		atOnce(t, s, "USR", "10.0.0.2", userName(1), "pw")
		atOnce(t, s, "911", "10.0.0.3", userName(2), "mistyped")
	})
}

// TestGuessesAreSlow: one address can make only few guesses, whether one after the other or on many
// connections, for an account that exists or one that does not.
func TestGuessesAreSlow(t *testing.T) {
	for _, handle := range []string{userName(1), "nobody@hotmail.com"} {
		t.Run(handle, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(Options{Store: manyUsers(2)})
				defer s.Close()
				if took := guess(t, s, 200, "10.0.0.1", handle); took < 90*time.Minute {
					t.Errorf("200 guesses took %v", took)
				}
				var mu sync.Mutex
				answers := map[string]int{}
				var trying sync.WaitGroup
				for i := range 200 {
					trying.Go(func() {
						got, _ := try(t, s, "10.0.0.2", handle, fmt.Sprint("guess", i))
						mu.Lock()
						defer mu.Unlock()
						answers[got]++
					})
				}
				trying.Wait()
				if most := 5 + maxWaiting; answers["911"] > most || answers["911"]+answers["600"] != 200 {
					t.Errorf("200 guesses at a time were answered %v, want 911 for %d at most, and 600", answers, most)
				}
				time.Sleep(lingerTime)
				synctest.Wait()
				if n := len(s.shares.addresses); n > 0 {
					t.Errorf("%d addresses are known that nobody is connected from", n)
				}
			})
		})
	}
}

// TestGuessesFromEverywhere: when more addresses guess than the table has buckets, guesses are as
// slow as ever, memory does not grow, and an owner is let in, if late.
func TestGuessesFromEverywhere(t *testing.T) {
	if size := unsafe.Sizeof(*new(guesses).rows); size > 1<<20 {
		t.Errorf("the table has %d bytes, want 1 MB", size)
	}
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Store: manyUsers(2)})
		defer s.Close()
		now := time.Now()
		for i := range 20 * guessBuckets {
			at := netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)})
			s.guesses.judge(at, "nobody@hotmail.com", false, now)
		}
		if took := guess(t, s, 200, "10.0.0.1", userName(1)); took < 90*time.Minute {
			t.Errorf("200 guesses took %v", took)
		}
		if got, took := try(t, s, "10.0.0.2", userName(1), "pw"); got != "USR" || took > maxDelay {
			t.Errorf("an owner gets %s after %v, want USR after %v at most", got, took, maxDelay)
		}
	})
}

// TestAddressesRarelyShareBuckets: while a thousand addresses guess, others hardly ever share
// their buckets.
func TestAddressesRarelyShareBuckets(t *testing.T) {
	g := guesses{user: 5, address: 20}
	now := time.Now()
	address := func(n byte, i int) netip.Addr { return netip.AddrFrom4([4]byte{n, 0, byte(i >> 8), byte(i)}) }
	for i := range 1000 {
		for range 30 {
			g.judge(address(10, i), "a@hotmail.com", false, now)
		}
	}
	var waits []time.Duration
	for i := range 10_000 {
		waits = append(waits, g.judge(address(11, i), "a@hotmail.com", true, now))
	}
	free := len(slices.DeleteFunc(slices.Clone(waits), func(d time.Duration) bool { return d > 0 }))
	// Each of the two keys shares both its buckets with one of 2000 in (2000/32768)² of cases.
	if free < 9700 {
		t.Errorf("of 10,000 innocent addresses %d need not wait", free)
	}
}

// TestShutdownEndsDelayedAnswers: a delayed answer does not hold up a shutdown, nor a drain to
// another server.
func TestShutdownEndsDelayedAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Store: manyUsers(2), Notification: []string{"127.0.0.3", "127.0.0.5"}})
		defer s.Close()
		guess(t, s, 12, "10.0.0.1", userName(1))
		nc, err := s.DialFrom(t.Context(), netip.MustParseAddrPort("10.0.0.1:4000"), "tcp", "127.0.0.3:1863")
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		p := msntest.NewPeer(t, nc)
		words := p.Must("USR 1 MD5 I "+userName(1), "USR 1 MD5 S")
		fmt.Fprintf(nc, "USR 2 MD5 S %s\r\n", decode.MD5Response(words[4], "pw"))
		synctest.Wait()
		start := time.Now()
		if _, err := s.Drain("127.0.0.3:1863", "127.0.0.5:1863"); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil || time.Since(start) > lingerTime {
			t.Errorf("the server ended after %v with %v", time.Since(start), err)
		}
	})
}

// md5 answers a challenge with the password of manyUsers.
func md5(challenge string) string { return decode.MD5Response(challenge, "pw") }

// TestRegularsAreBounded: however many accounts log on from an address, few are remembered.
func TestRegularsAreBounded(t *testing.T) {
	g := guesses{user: 5, address: 20}
	at := netip.MustParseAddr("10.0.0.1")
	for i := range 3 * maxRegulars {
		g.judge(at, userName(i), true, time.Now())
	}
	if len(g.regulars) > maxRegulars {
		t.Errorf("%d are remembered, want %d at most", len(g.regulars), maxRegulars)
	}
}
