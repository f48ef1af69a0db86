package referral

import (
	"net/netip"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Expiry is how long a referral is good for. Servers honour their cookies for one or two minutes; a person who is asked
// by a client whether to accept may take longer.
const Expiry = 5 * time.Minute

// maxEntries bounds each of the book's maps. Every client that signs in or chats takes one entry for the time of a
// connect.
const maxEntries = 1 << 14

// Book remembers who was sent where. It is not safe for concurrent use.
type Book struct {
	cookies shelf[string]     // cookie and user, and cookie alone -> switchboard
	users   shelf[string]     // user -> notification server
	lastNS  shelf[netip.Addr] // client address -> the notification server that somebody there was last sent to
	lastSB  shelf[netip.Addr] // the same for switchboards
}

type entry struct {
	address, user string
	at            time.Time
}

// Note takes a command from a server to the user at the client address, and remembers where it sends that user. A command
// without an address changes nothing.
func (b *Book) Note(row *dialect.Row, m *decode.Message, user string, client netip.Addr, now time.Time) {
	if row == nil || row.Dir != decode.FromServer {
		return
	}
	address, ok := Normalize(string(row.Find(m, dialect.HostPort)))
	if !ok {
		return
	}
	e := entry{address, userKey(user), now}
	cookie := row.Find(m, dialect.Cookie)
	if cookie == nil {
		b.users.put(e.user, e)
		b.lastNS.put(client, e)
		return
	}
	b.cookies.put(cookieKey(string(cookie), user), e)
	b.cookies.put(string(cookie), e)
	b.lastSB.put(client, e)
}

// Switchboard returns where a client goes that shows the cookie: by cookie and user, then by cookie, then to the switchboard
// that somebody at that client address was last sent to. False: nobody was sent anywhere.
func (b *Book) Switchboard(cookie, user string, client netip.Addr, now time.Time) (string, bool) {
	for _, key := range []string{cookieKey(cookie, user), cookie} {
		if e, ok := b.cookies.get(key, now); ok {
			return e.address, true
		}
	}
	e, ok := b.lastSB.get(client, now)
	return e.address, ok
}

// Notification returns where the user was sent to sign in, and forgets it: the next time the user begins at the dispatch
// server again.
func (b *Book) Notification(user string, client netip.Addr, now time.Time) (string, bool) {
	user = userKey(user)
	e, ok := b.users.get(user, now)
	delete(b.users.byKey, user)
	if last := b.lastNS.byKey[client]; last.user == user {
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

func cookieKey(cookie, user string) string { return cookie + " " + userKey(user) }

// userKey returns the handle as it is compared: without case (§5.4), and without the place that later dialects add to it.
func userKey(user string) string {
	handle, _, _ := strings.Cut(user, ";")
	return strings.ToLower(handle)
}

// shelf is a map of referrals that keeps the latest maxEntries of them.
type shelf[K comparable] struct {
	byKey map[K]entry
	order []K // the keys as they came
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
	if _, old := s.byKey[key]; !old {
		s.order = append(s.order, key)
	}
	s.byKey[key] = e
	if len(s.order) > maxEntries {
		delete(s.byKey, s.order[0])
		s.order = s.order[1:]
	}
}
