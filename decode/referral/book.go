package referral

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
)

// Expiry is how long a referral can be followed. Servers honour their cookies for one or two
// minutes; a client that first asks its user whether to accept may take longer.
const Expiry = 5 * time.Minute

// maxEntries caps each map of a Book. A client that signs in takes one entry for the duration of a
// connect, a client that chats takes three.
const maxEntries = 3 << 14

// Book remembers to which servers users were referred. Its zero value is ready; it is not safe for
// concurrent use.
type Book struct {
	cookies shelf[string]     // by each of cookieKeys -> switchboard
	users   shelf[caller]     // -> notification server
	lastNS  shelf[netip.Addr] // client address -> the notification server of the latest referral there
	lastSB  shelf[netip.Addr] // the same for switchboards
	comers  shelf[netip.Addr] // client address -> the referrals to switchboards that nobody has followed yet
	trails  shelf[caller]     // the latest referral to a notification server, until a logon succeeds
}

// caller is a user at a client address: the same user may sign in from two addresses.
type caller struct {
	user   string
	client netip.Addr
}

type entry struct {
	address, user string
	at            time.Time
	turn          uint64
	path          []string // in trails: the servers that referred the user, the latest last
	back          int      // in trails: how often in a row a referral led the user back
	cookie        string   // of a referral to a switchboard
	queue         []entry  // in comers: the oldest first
}

// Note remembers a referral that a server sent to the user at the client address.
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
	e.cookie = r.Cookie
	queue := b.waiting(client, now)
	b.comers.put(client, entry{at: now, queue: append(queue[max(0, len(queue)-maxComers+1):], e)})
}

// A client that follows a referral does so within a second. Few at one address do at a time.
const (
	comeTime  = 30 * time.Second
	maxComers = 8
)

// waiting returns the referrals to switchboards at the client address that have not been followed
// and may be still, the oldest first. The slice is the caller's.
func (b *Book) waiting(client netip.Addr, now time.Time) []entry {
	e, _ := b.comers.get(client, now)
	return slices.DeleteFunc(slices.Clone(e.queue), func(r entry) bool { return now.Sub(r.at) > comeTime })
}

// NextSwitchboard is [Book.Switchboard] for a client that shows its cookie later. Such clients come
// in the order in which they were referred, so it returns the switchboard of the oldest referral at
// the client address that nobody has followed, which counts as followed then; failing that, the
// latest one.
func (b *Book) NextSwitchboard(client netip.Addr, now time.Time) (string, bool) {
	queue := b.waiting(client, now)
	if len(queue) == 0 {
		e, ok := b.lastSB.get(client, now)
		return e.address, ok
	}
	b.comers.put(client, entry{at: now, queue: queue[1:]})
	return queue[0].address, true
}

// came notes that a client followed the referral with the cookie.
func (b *Book) came(cookie string, client netip.Addr, now time.Time) {
	queue := b.waiting(client, now)
	if i := slices.IndexFunc(queue, func(e entry) bool { return e.cookie == cookie }); i >= 0 {
		b.comers.put(client, entry{at: now, queue: slices.Delete(queue, i, i+1)})
	}
}

// Switchboard returns the address of the switchboard that a client with this cookie is to reach. It
// looks the referral up by cookie, user and client address, then by cookie and user, then by cookie
// alone, since two servers may give out equal cookies; failing these, it returns the switchboard to
// which somebody at the client address was referred last. It reports false if there is none.
func (b *Book) Switchboard(cookie, user string, client netip.Addr, now time.Time) (string, bool) {
	for _, key := range cookieKeys(cookie, user, client) {
		if e, ok := b.cookies.get(key, now); ok {
			b.came(cookie, client, now)
			return e.address, true
		}
	}
	e, ok := b.lastSB.get(client, now)
	return e.address, ok
}

// Notification returns the address of the notification server to which the user at the client
// address was referred, and forgets it: the next time the user begins at the dispatch server again.
// It reports false if there is none.
func (b *Book) Notification(user string, client netip.Addr, now time.Time) (string, bool) {
	who := caller{userKey(user), client}
	e, ok := b.users.get(who, now)
	delete(b.users.byKey, who)
	if last := b.lastNS.byKey[client]; last.user == who.user {
		delete(b.lastNS.byKey, client)
	}
	return e.address, ok
}

// Guess returns the address of the notification server for a client whose user is not known yet:
// the one to which a client at the same address was referred and has not connected yet. It forgets
// the guess: whoever comes next may be somebody else, and a server that is dead or says nothing
// must not keep out every user at that address. It reports false if there is none.
func (b *Book) Guess(client netip.Addr, now time.Time) (string, bool) {
	e, ok := b.lastNS.get(client, now)
	delete(b.lastNS.byKey, client)
	return e.address, ok
}

// maxPath is how many servers a trail remembers: a ring of more is not noticed.
const maxPath = 8

// Turned notes that the server at by refers the user to the notification server at to, and returns
// how often in a row that led back to where the user came from: to the server itself, or to one of
// the latest that had referred the user on.
func (b *Book) Turned(by, to, user string, client netip.Addr, now time.Time) int {
	who := caller{userKey(user), client}
	by, to = Canonical(by), Canonical(to)
	was, _ := b.trails.get(who, now)
	e := entry{address: to, user: who.user, at: now}
	if was.address == by { // else the user began again
		e.path = was.path[max(0, len(was.path)-maxPath+1):]
	}
	if e.path = append(slices.Clip(e.path), by); slices.Contains(e.path, to) {
		e.back = was.back + 1
	}
	b.trails.put(who, e)
	return e.back
}

// Arrived notes that a notification server answered the user's logon itself, which ends the trail.
func (b *Book) Arrived(user string, client netip.Addr) {
	delete(b.trails.byKey, caller{userKey(user), client})
}

// cookieKeys returns the keys of a referral to a switchboard, the most specific first.
func cookieKeys(cookie, user string, client netip.Addr) [3]string {
	both := cookie + " " + userKey(user)
	return [3]string{both + " " + client.String(), both, cookie}
}

// userKey returns a handle in the form that is compared: in lower case (§5.4), and without the
// endpoint that later dialects append.
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

// put is one call of shelf.put. It is stale once its key was put again or deleted.
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
