package server

import (
	"slices"
	"time"

	"github.com/msnscope/msnscope/server/accounts"
)

// userTickets is how many cookies one user may have at a time: more conversations than anybody opens while they are valid.
// The oldest goes first.
const userTickets = 32

// tickets are the cookies that were given out and not used. Times are compared by the monotonic clock, so that a clock that
// is set neither ends nor prolongs them.
type tickets struct {
	byCookie map[string]*issued
	byUser   map[string][]*issued
	queue    []*issued // as issued; those that are gone stay until then. What expires sooner than one before it waits for that
}

type issued struct {
	Ticket
	key     string
	expires time.Time
}

func (ts *tickets) issue(t Ticket, now time.Time, validity time.Duration) {
	if ts.byCookie == nil {
		ts.byCookie, ts.byUser = make(map[string]*issued), make(map[string][]*issued)
	}
	key := accounts.Key(t.Handle)
	ts.expire(now)
	if own := ts.byUser[key]; len(own) >= userTickets {
		ts.drop(own[0])
	}
	i := &issued{t, key, now.Add(validity)}
	ts.byCookie[t.Cookie] = i
	ts.byUser[key] = append(ts.byUser[key], i)
	ts.queue = append(ts.queue, i)
}

// redeem uses t up, if it is valid.
func (ts *tickets) redeem(t Ticket, now time.Time) bool {
	key := accounts.Key(t.Handle)
	i := ts.byCookie[t.Cookie]
	if i == nil || !now.Before(i.expires) || i.key != key || i.Switchboard != t.Switchboard || i.Session != t.Session {
		return false
	}
	ts.drop(i)
	return true
}

func (ts *tickets) drop(i *issued) {
	if ts.byCookie[i.Cookie] != i {
		return
	}
	delete(ts.byCookie, i.Cookie)
	own := slices.DeleteFunc(ts.byUser[i.key], func(o *issued) bool { return o == i })
	if ts.byUser[i.key] = own; len(own) == 0 {
		delete(ts.byUser, i.key)
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
