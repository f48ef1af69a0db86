package server

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

const (
	// forgetTime is how long after its last wrong password an address, or an account tried from
	// there, starts with a clean slate.
	forgetTime = 10 * time.Minute
	// firstDelay is how long the first delayed answer waits. Each further wrong password doubles
	// the delay, up to maxDelay; then it takes 30 addresses to guess once a second.
	firstDelay = time.Second
	maxDelay   = 30 * time.Second
	// maxWaiting is how many logons of one address may wait at a time, so that many connections
	// guess no faster than a few.
	maxWaiting = 8
	// guessBuckets is how many buckets each of the two rows has: 1 MB in all, allocated at the
	// first wrong password. While a thousand addresses guess, one in a thousand other addresses
	// shares both its buckets with some of them.
	guessBuckets = 1 << 15
	// maxRegulars is how many regulars are remembered: 3 MB.
	maxRegulars = 1 << 14
)

// guesses delays the answers to passwords, more and more, where many were wrong: from an address,
// and after fewer of them from an address for one account, whether or not that account exists.
// Attempts from elsewhere make no difference, so that nobody can lock an owner out. Right and wrong
// passwords wait alike: only the answer itself says whether one was right.
//
// It is a count-min sketch. A key (an address, or an address with an account) has a bucket in each
// of two rows, and the better of the two counts for it. So its memory does not depend on how many
// guess, and it cannot be full: when very many addresses guess at a time, some others wait for an
// answer that could have come at once. It throttles and never opens.
//
// A regular, an account that logged on from the address before, does not wait for the mistakes that
// others make there, only for those with its own account. For a new one, a right password waits
// behind those of the guessers, of whom only maxWaiting wait at a time.
type guesses struct {
	user, address int // wrong passwords before answers wait, 0 for no limit

	mu   sync.Mutex
	seed maphash.Seed
	from time.Time // origin of the times in buckets, by the monotonic clock
	rows *[2][guessBuckets]bucket

	regulars map[guessKey]struct{} // when it is full, any of them makes room
}

// bucket holds what is known of the keys that share it.
type bucket struct {
	wrong int
	next  time.Duration // earliest time of the next answer, if it has to wait
}

// guessKey is an address, with the account that is tried; handle is "" for all accounts.
type guessKey struct {
	at     netip.Addr
	handle string
}

// judge counts a password that was tried at the time now, and returns how long its answer has to
// wait. It is safe for concurrent use.
func (g *guesses) judge(at netip.Addr, handle string, right bool, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	own := guessKey{at, handle}
	_, regular := g.regulars[own]
	if right && !regular {
		g.welcome(own)
	}
	if g.rows == nil {
		if right {
			return 0
		}
		g.rows, g.seed, g.from = new([2][guessBuckets]bucket), maphash.MakeSeed(), now
	}
	since := now.Sub(g.from)
	wait, anybody := g.count(own, g.user, right, since), g.count(guessKey{at, ""}, g.address, right, since)
	if regular {
		return wait
	}
	return max(wait, anybody)
}

// welcome makes an account a regular of an address. g.mu must be locked.
func (g *guesses) welcome(k guessKey) {
	if g.regulars == nil {
		g.regulars = make(map[guessKey]struct{})
	}
	if len(g.regulars) >= maxRegulars {
		for old := range g.regulars {
			delete(g.regulars, old)
			break
		}
	}
	g.regulars[k] = struct{}{}
}

// count does what judge does for one key. free is how many wrong passwords cost nothing, now the
// time since g.from. g.mu must be locked.
func (g *guesses) count(k guessKey, free int, right bool, now time.Duration) time.Duration {
	if free <= 0 {
		return 0
	}
	sum := maphash.Comparable(g.seed, k)
	both := [2]*bucket{&g.rows[0][sum%guessBuckets], &g.rows[1][sum>>32%guessBuckets]}
	best := both[0]
	for _, b := range both {
		if now-b.next >= forgetTime {
			*b = bucket{next: now}
		}
		if !right {
			b.wrong++
		}
		if b.wrong < best.wrong || b.wrong == best.wrong && b.next < best.next {
			best = b
		}
	}
	delay := delayOf(best.wrong - free)
	wait := min(max(best.next-now, 0), maxDelay)
	if delay == 0 {
		wait = 0
	}
	for _, b := range both {
		b.next = max(b.next, now+wait+delay)
	}
	return wait
}

// delayOf returns the time between two answers after surplus wrong passwords too many.
func delayOf(surplus int) time.Duration {
	if surplus < 0 {
		return 0
	}
	return min(firstDelay<<min(surplus, 10), maxDelay)
}
