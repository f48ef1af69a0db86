package bot

import (
	"slices"
	"strings"
	"sync"

	"github.com/msnscope/msnscope/internal/client"
)

// What one user asks of a bot must not keep it from others: they take turns, and whoever has most
// of the sessions loses one when there is no room for another.
const (
	// maxTalks bounds the sessions that a bot is in, below what a client may have: the rest is for
	// those that are just beginning.
	maxTalks = 32
	// maxWaiting and maxBytes bound what waits of one user, except that a single message of any
	// size may; further messages are not answered. maxAskers bounds the users.
	maxWaiting = 16
	maxBytes   = 256 << 10
	maxAskers  = 64
)

// queue has the messages that wait for the script. It is safe for concurrent use.
type queue struct {
	more chan struct{} // holds a token while there may be a message

	mu      sync.Mutex
	waiting map[string][]heard // by user, in lower case; none is empty
	turns   []string           // the users, the next one first
}

func newQueue() *queue {
	return &queue{more: make(chan struct{}, 1), waiting: map[string][]heard{}}
}

// add adds a message, unless there is no room for it.
func (q *queue) add(h heard) {
	q.mu.Lock()
	defer q.mu.Unlock()
	who := strings.ToLower(h.From)
	mine := q.waiting[who]
	size := len(h.Text)
	for _, m := range mine {
		size += len(m.Text)
	}
	switch {
	case len(mine) == 0 && len(q.turns) == maxAskers, len(mine) == maxWaiting, len(mine) > 0 && size > maxBytes:
		return // it is asked faster than it answers
	case len(mine) == 0:
		q.turns = append(q.turns, who)
	}
	q.waiting[who] = append(mine, h)
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// next returns the oldest message of the user whose turn it is, and false if none waits.
func (q *queue) next() (h heard, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.turns) == 0 {
		return heard{}, false
	}
	who := q.turns[0]
	mine := q.waiting[who]
	h = mine[0]
	q.turns = slices.Delete(q.turns, 0, 1)
	if len(mine) == 1 {
		delete(q.waiting, who)
	} else {
		q.waiting[who] = slices.Delete(mine, 0, 1)
		q.turns = append(q.turns, who)
	}
	return h, true
}

// talks are the sessions that a bot is in. It is safe for concurrent use.
type talks struct {
	mu  sync.Mutex
	all []talk // the oldest first
}

// talk is a session, and who invited the bot to it.
type talk struct {
	host    string
	session *client.Switchboard
}

// enter adds a session. If that is one too many, it returns the oldest one of the user who has
// most, which the bot must leave.
func (t *talks) enter(host string, s *client.Switchboard) (leave *client.Switchboard) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(slices.DeleteFunc(t.all, talk.over), talk{strings.ToLower(host), s})
	if len(t.all) <= maxTalks {
		return nil
	}
	count := map[string]int{}
	most := ""
	for _, one := range t.all {
		if count[one.host]++; count[one.host] > count[most] {
			most = one.host
		}
	}
	i := slices.IndexFunc(t.all, func(one talk) bool { return one.host == most })
	leave = t.all[i].session
	t.all = slices.Delete(t.all, i, i+1)
	return leave
}

// over reports whether the session has ended.
func (t talk) over() bool {
	select {
	case <-t.session.Done():
		return true
	default:
		return false
	}
}
