package server

import (
	"slices"
	"time"

	"github.com/msnscope/msnscope/server/accounts"
)

// userTickets is how many cookies one user may have at a time, of XFR and of RNG each: more conversations than anybody opens
// while they are valid. The oldest goes first; who calls somebody all the time does not take away that one's own.
const userTickets = 32

// tickets are the cookies that were given out and not used. Times are compared by the monotonic clock, so that a clock that
// is set neither ends nor prolongs them.
type tickets struct {
	byCookie map[string]*issued
	byHolder map[holder][]*issued
	queue    []*issued // as issued; those that are gone stay until then. What expires sooner than one before it waits for that
}

type issued struct {
	Ticket
	holder
	expires time.Time
}

// holder is who has cookies, of one kind.
type holder struct {
	key    string // of the user
	called bool   // those of RNG
}

func (ts *tickets) issue(t Ticket, now time.Time, validity time.Duration) {
	if ts.byCookie == nil {
		ts.byCookie, ts.byHolder = make(map[string]*issued), make(map[holder][]*issued)
	}
	who := holder{accounts.Key(t.Handle), t.Session != ""}
	ts.expire(now)
	if own := ts.byHolder[who]; len(own) >= userTickets {
		ts.drop(own[0])
	}
	i := &issued{t, who, now.Add(validity)}
	ts.byCookie[t.Cookie] = i
	ts.byHolder[who] = append(ts.byHolder[who], i)
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
	own := slices.DeleteFunc(ts.byHolder[i.holder], func(o *issued) bool { return o == i })
	if ts.byHolder[i.holder] = own; len(own) == 0 {
		delete(ts.byHolder, i.holder)
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
