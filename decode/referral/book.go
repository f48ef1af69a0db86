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
	cookies map[string]entry     // cookie and user, and cookie alone -> switchboard
	users   map[string]entry     // user -> notification server
	lastNS  map[netip.Addr]entry // client address -> the notification server that somebody there was last sent to
	lastSB  map[netip.Addr]entry // the same for switchboards
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
	e := entry{address, strings.ToLower(user), now}
	cookie := row.Find(m, dialect.Cookie)
	if cookie == nil {
		put(&b.users, e.user, e)
		put(&b.lastNS, client, e)
		return
	}
	put(&b.cookies, cookieKey(string(cookie), user), e)
	put(&b.cookies, string(cookie), e)
	put(&b.lastSB, client, e)
}

// Switchboard returns where a client goes that shows the cookie: by cookie and user, then by cookie, then to the switchboard
// that somebody at that client address was last sent to. False: nobody was sent anywhere.
func (b *Book) Switchboard(cookie, user string, client netip.Addr, now time.Time) (string, bool) {
	for _, key := range []string{cookieKey(cookie, user), cookie} {
		if e, ok := get(b.cookies, key, now); ok {
			return e.address, true
		}
	}
	e, ok := get(b.lastSB, client, now)
	return e.address, ok
}

// Notification returns where the user was sent to sign in, and forgets it: the next time the user begins at the dispatch
// server again.
func (b *Book) Notification(user string, client netip.Addr, now time.Time) (string, bool) {
	user = strings.ToLower(user)
	e, ok := get(b.users, user, now)
	delete(b.users, user)
	if last := b.lastNS[client]; last.user == user {
		delete(b.lastNS, client)
	}
	return e.address, ok
}

// Guess returns where a client goes that has not said yet who it is: to the notification server that somebody at that
// address was sent to and has not come to.
func (b *Book) Guess(client netip.Addr, now time.Time) (string, bool) {
	e, ok := get(b.lastNS, client, now)
	return e.address, ok
}

func cookieKey(cookie, user string) string { return cookie + " " + strings.ToLower(user) }

func get[K comparable](m map[K]entry, key K, now time.Time) (entry, bool) {
	e, ok := m[key]
	if !ok || now.Sub(e.at) > Expiry {
		return entry{}, false
	}
	return e, true
}

// put stores e, and makes room first if there is none.
func put[K comparable](m *map[K]entry, key K, e entry) {
	if *m == nil {
		*m = map[K]entry{}
	}
	if len(*m) >= maxEntries {
		makeRoom(*m, e.at)
	}
	(*m)[key] = e
}

// makeRoom deletes what has expired and the oldest entry.
func makeRoom[K comparable](m map[K]entry, now time.Time) {
	var oldest K
	at := now.Add(Expiry)
	for key, e := range m {
		if now.Sub(e.at) > Expiry {
			delete(m, key)
		} else if e.at.Before(at) {
			oldest, at = key, e.at
		}
	}
	delete(m, oldest)
}
