package server

import (
	"slices"
	"time"
)

const (
	ticketTime = 2 * time.Minute // how long a cookie admits; servers had one to two minutes
	// userTickets is how many cookies one user may have at a time: more conversations than anybody opens in two minutes.
	// The oldest goes first.
	userTickets = 32
)

// ticket admits a user to the switchboard, once (§8.1, §8.4).
type ticket struct {
	cookie  string
	key     string   // whom it admits
	session *session // where to; nil for a session of one's own
	expires time.Time
}

// tickets are the cookies that were given out and not used. It is guarded by hub.mu.
type tickets struct {
	byCookie map[string]*ticket
	byUser   map[string][]*ticket
	queue    []*ticket // in the order of expiry; those that are gone stay until then
}

func (ts *tickets) issue(t *ticket, now time.Time) {
	ts.expire(now)
	if ts.byCookie == nil {
		ts.byCookie, ts.byUser = make(map[string]*ticket), make(map[string][]*ticket)
	}
	if own := ts.byUser[t.key]; len(own) >= userTickets {
		ts.drop(own[0])
	}
	t.expires = now.Add(ticketTime)
	ts.byCookie[t.cookie] = t
	ts.byUser[t.key] = append(ts.byUser[t.key], t)
	ts.queue = append(ts.queue, t)
}

// find returns the ticket with that cookie for that user, nil when there is none or it has expired. Whoever is admitted by it
// drops it.
func (ts *tickets) find(cookie, key string, now time.Time) *ticket {
	ts.expire(now)
	if t := ts.byCookie[cookie]; t != nil && t.key == key {
		return t
	}
	return nil
}

func (ts *tickets) drop(t *ticket) {
	if ts.byCookie[t.cookie] != t {
		return
	}
	delete(ts.byCookie, t.cookie)
	own := slices.DeleteFunc(ts.byUser[t.key], func(o *ticket) bool { return o == t })
	if ts.byUser[t.key] = own; len(own) == 0 {
		delete(ts.byUser, t.key)
	}
}

func (ts *tickets) expire(now time.Time) {
	n := 0
	for n < len(ts.queue) && !now.Before(ts.queue[n].expires) {
		ts.drop(ts.queue[n])
		n++
	}
	ts.queue = slices.Delete(ts.queue, 0, n)
}
