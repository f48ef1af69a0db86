package server

import (
	"net"
	"sync"
	"time"

	"github.com/msnscope/msnscope/server/accounts"
)

const (
	// failureTime is how long a failed logon counts.
	failureTime = time.Minute
	// maxFailures is how many addresses and accounts are counted at a time. Beyond that none is added until the minute is
	// over: 4 MB of names at most.
	maxFailures = 20_000
)

// failed counts the logons that failed in this minute, by address and by account. Those that succeed do not count, so that many
// users of one address are no flood. Whether an account exists makes no difference.
type failed struct {
	limit int // negative: no limit

	mu    sync.Mutex
	since time.Time // compared by the monotonic clock
	by    map[string]int
}

// tooMany reports whether no more logons are to be tried.
func (f *failed) tooMany(handle string, from net.Addr) bool {
	if f.limit < 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget()
	for _, key := range failureKeys(handle, from) {
		if f.by[key] >= f.limit {
			return true
		}
	}
	return false
}

// count counts a failure.
func (f *failed) count(handle string, from net.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget()
	for _, key := range failureKeys(handle, from) {
		if _, ok := f.by[key]; ok || len(f.by) < maxFailures {
			f.by[key]++
		}
	}
}

// forget begins a new minute when it is time. f must be locked.
func (f *failed) forget() {
	if now := time.Now(); f.by == nil || now.Sub(f.since) >= failureTime {
		f.by, f.since = make(map[string]int), now
	}
}

// failureKeys are what a failure counts for. A handle has an @, an address has none.
func failureKeys(handle string, from net.Addr) [2]string {
	host, _, err := net.SplitHostPort(addrString(from))
	if err != nil {
		host = addrString(from)
	}
	return [2]string{accounts.Key(handle), host}
}
