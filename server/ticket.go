package server

import (
	"slices"
	"time"

	"github.com/msnscope/msnscope/server/accounts"
)

// userTickets is how many cookies of XFR one user may have at a time: more conversations than
// anybody opens while they are valid. One more replaces the oldest. Cookies of RNG are bounded by
// the limits on invitations, since each counted invitation issues one.
const userTickets = 32

// tickets are the cookies that were issued and not used. Times are compared by the monotonic clock,
// so that setting the clock neither ends nor prolongs them. The methods are not safe for concurrent
// use.
type tickets struct {
	byCookie map[string]*issued
	own      map[string][]*issued // those of XFR, by accounts.Key of the user
	// In the order of issue; see compact. A ticket stays here until all before it have expired.
	queue []*issued
}

// issued is a ticket with the time at which it expires.
type issued struct {
	Ticket
	expires time.Time
}

// issue makes t valid for the given time.
func (ts *tickets) issue(t Ticket, now time.Time, validity time.Duration) {
	if ts.byCookie == nil {
		ts.byCookie, ts.own = make(map[string]*issued), make(map[string][]*issued)
	}
	ts.expire(now)
	i := &issued{t, now.Add(validity)}
	if t.Session == "" {
		key := accounts.Key(t.Handle)
		if own := ts.own[key]; len(own) >= userTickets {
			ts.drop(own[0])
		}
		ts.own[key] = append(ts.own[key], i)
	}
	ts.byCookie[t.Cookie] = i
	ts.queue = append(ts.queue, i)
	ts.compact()
}

// redeem reports whether t is valid, and if so uses it up.
func (ts *tickets) redeem(t Ticket, now time.Time) bool {
	key := accounts.Key(t.Handle)
	i := ts.byCookie[t.Cookie]
	if i == nil || !now.Before(i.expires) || accounts.Key(i.Handle) != key || i.Switchboard != t.Switchboard ||
		i.Session != t.Session {
		return false
	}
	ts.drop(i)
	return true
}

// revoke ends all tickets of which the user is the holder or the caller. It searches all tickets,
// since accounts rarely end.
func (ts *tickets) revoke(key string) {
	for _, i := range ts.byCookie {
		if accounts.Key(i.Handle) == key || accounts.Key(i.Caller) == key {
			ts.drop(i)
		}
	}
}

// drop ends a ticket, unless it has ended already. The queue still holds it.
func (ts *tickets) drop(i *issued) {
	if !ts.valid(i) {
		return
	}
	delete(ts.byCookie, i.Cookie)
	if i.Session != "" {
		return
	}
	key := accounts.Key(i.Handle)
	own := slices.DeleteFunc(ts.own[key], func(o *issued) bool { return o == i })
	if ts.own[key] = own; len(own) == 0 {
		delete(ts.own, key)
	}
}

// valid reports whether i is neither used up nor dropped.
func (ts *tickets) valid(i *issued) bool { return ts.byCookie[i.Cookie] == i }

// expire ends the tickets at the front of the queue that have expired.
func (ts *tickets) expire(now time.Time) {
	n := 0
	for n < len(ts.queue) && !now.Before(ts.queue[n].expires) {
		ts.drop(ts.queue[n])
		n++
	}
	ts.queue = slices.Delete(ts.queue, 0, n)
}

// compact removes ended tickets from the queue once they are most of it: a client that keeps asking
// for cookies and uses none would fill it otherwise.
func (ts *tickets) compact() {
	if len(ts.queue) > 2*len(ts.byCookie)+userTickets {
		ts.queue = slices.DeleteFunc(ts.queue, func(i *issued) bool { return !ts.valid(i) })
	}
}
