package referral

import (
	"net/netip"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
)

// Expiry is how long a referral is good for. Servers honour their cookies for one or two minutes; a person who is asked
// by a client whether to accept may take longer.
const Expiry = 5 * time.Minute

// maxEntries bounds each of the book's maps. Every client that signs in takes one entry for the time of a
// connect, every one that chats three.
const maxEntries = 3 << 14

// Book remembers who was sent where. It is not safe for concurrent use.
type Book struct {
	cookies shelf[string]     // by each of cookieKeys -> switchboard
	users   shelf[caller]     // -> notification server
	lastNS  shelf[netip.Addr] // client address -> the notification server that somebody there was last sent to
	lastSB  shelf[netip.Addr] // the same for switchboards
}

// caller is a user at a client address: one may sign in at two.
type caller struct {
	user   string
	client netip.Addr
}

type entry struct {
	address, user string
	at            time.Time
	turn          uint64
}

// Note remembers where a server sent the user at the client address.
func (b *Book) Note(r Referral, user string, client netip.Addr, now time.Time) {
	e := entry{address: r.Address, user: userKey(user), at: now}
	if r.Role == dialect.NS {
		b.users.put(caller{e.user, client}, e)
		b.lastNS.put(client, e)
		return
	}
	if r.Cookie != "" {
		for _, key := range cookieKeys(r.Cookie, user, client) {
			b.cookies.put(key, e)
		}
	}
	b.lastSB.put(client, e)
}

// Switchboard returns where a client goes that shows the cookie: by cookie, user and client address, then by cookie and user,
// then by cookie, since two servers may give out equal ones; then to the switchboard that somebody at that client address was
// last sent to. False: nobody was sent anywhere.
func (b *Book) Switchboard(cookie, user string, client netip.Addr, now time.Time) (string, bool) {
	for _, key := range cookieKeys(cookie, user, client) {
		if e, ok := b.cookies.get(key, now); ok {
			return e.address, true
		}
	}
	e, ok := b.lastSB.get(client, now)
	return e.address, ok
}

// Notification returns where the user at the client address was sent to sign in, and forgets it: the next time the user
// begins at the dispatch server again.
func (b *Book) Notification(user string, client netip.Addr, now time.Time) (string, bool) {
	who := caller{userKey(user), client}
	e, ok := b.users.get(who, now)
	delete(b.users.byKey, who)
	if last := b.lastNS.byKey[client]; last.user == who.user {
		delete(b.lastNS.byKey, client)
	}
	return e.address, ok
}

// Guess returns where a client goes that has not said yet who it is: to the notification server that somebody at that
// address was sent to and has not come to.
func (b *Book) Guess(client netip.Addr, now time.Time) (string, bool) {
	e, ok := b.lastNS.get(client, now)
	return e.address, ok
}

// cookieKeys are what a referral to a switchboard is found by, the best first.
func cookieKeys(cookie, user string, client netip.Addr) [3]string {
	both := cookie + " " + userKey(user)
	return [3]string{both + " " + client.String(), both, cookie}
}

// userKey returns the handle as it is compared: without case (§5.4), and without the place that later dialects add to it.
func userKey(user string) string {
	handle, _, _ := strings.Cut(user, ";")
	return strings.ToLower(handle)
}

// shelf is a map of referrals that keeps the latest maxEntries of them.
type shelf[K comparable] struct {
	byKey map[K]entry
	order []put[K] // the latest 2*maxEntries at most
	turns uint64
}

// put is one use of shelf.put. It is out of date when its key was put again or deleted.
type put[K comparable] struct {
	key  K
	turn uint64
}

func (s *shelf[K]) get(key K, now time.Time) (entry, bool) {
	e, ok := s.byKey[key]
	if !ok || now.Sub(e.at) > Expiry {
		return entry{}, false
	}
	return e, true
}

func (s *shelf[K]) put(key K, e entry) {
	if s.byKey == nil {
		s.byKey = map[K]entry{}
	}
	s.turns++
	e.turn = s.turns
	s.byKey[key] = e
	s.order = append(s.order, put[K]{key, e.turn})
	for len(s.byKey) > maxEntries || len(s.order) > 2*maxEntries {
		oldest := s.order[0]
		s.order = s.order[1:]
		if s.byKey[oldest.key].turn == oldest.turn {
			delete(s.byKey, oldest.key)
		}
	}
}
