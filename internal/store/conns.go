package store

import (
	"slices"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// maxConns is how many connections a Log remembers, about 40 MB of them. Beyond that the oldest ones, first those that are
// closed, are forgotten: their events stay, as they were when they came.
const maxConns = 1 << 17

// ConnSummary is what a log knows of one connection by now.
type ConnSummary struct {
	// ID numbers the connection, as in its events.
	ID             int
	Client, Server string
	// Role, Dialect, User and Session are the last that were known, zero while unknown. Via is the connection whose referral
	// led here, 0 if none is known. Inferred says that the dialect is a conclusion from what was said.
	Role                   dialect.Role
	Dialect, User, Session string
	Inferred               bool
	Via                    int
	// First is the index of its first event in the log.
	First int
	// Events counts all its events, Errors those that are an answer with an error.
	Events, Errors int
	// Opened is the time of the open event, or of the first event where the capture has none. Closed is zero while the
	// connection is open.
	Opened, Closed time.Time
	// Cause says in words why it was closed.
	Cause string
}

// connList is the connections in the order in which they came. It is safe for concurrent use.
type connList struct {
	mu      sync.Mutex
	byID    map[int]*ConnSummary
	order   []*ConnSummary
	last    *ConnSummary
	lastN   uint64 // the greatest number of an event
	lastID  int    // the greatest number of a connection
	version uint64
}

// Conns returns all connections in the order in which they came. The slice is the caller's. It costs a copy of about 200
// bytes a connection; [Log.ConnsVersion] tells whether there is anything new.
func (l *Log) Conns() []ConnSummary {
	l.conns.mu.Lock()
	defer l.conns.mu.Unlock()
	all := make([]ConnSummary, len(l.conns.order))
	for i, c := range l.conns.order {
		all[i] = *c
	}
	return all
}

// Conn returns the connection with the given number, and false for one that the log does not know.
func (l *Log) Conn(id int) (ConnSummary, bool) {
	l.conns.mu.Lock()
	defer l.conns.mu.Unlock()
	c, ok := l.conns.byID[id]
	if !ok {
		return ConnSummary{}, false
	}
	return *c, true
}

// ConnsVersion returns a number that grows whenever anything in Conns but a count of events changes.
func (l *Log) ConnsVersion() uint64 {
	l.conns.mu.Lock()
	defer l.conns.mu.Unlock()
	return l.conns.version
}

// add counts an event, whose index is i.
func (l *connList) add(e *session.Event, i int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastN, l.lastID = max(l.lastN, e.N), max(l.lastID, e.Conn)
	if e.Conn == 0 {
		return
	}
	c := l.last
	if c == nil || c.ID != e.Conn {
		c = l.find(e, i)
		l.last = c
	}
	c.Events++
	if e.Flags&session.Error != 0 {
		c.Errors++
		l.version++
	}
	if c.learn(e) {
		l.version++
	}
	switch e.Kind {
	case session.Open:
		c.Opened = e.Time
	case session.Close:
		c.Closed, c.Cause = e.Time, e.Text
		l.version++
	}
}

func (l *connList) find(e *session.Event, i int) *ConnSummary {
	if c := l.byID[e.Conn]; c != nil {
		return c
	}
	if len(l.order) >= maxConns {
		l.shrink()
	}
	if l.byID == nil {
		l.byID = make(map[int]*ConnSummary)
	}
	c := &ConnSummary{ID: e.Conn, First: i, Opened: e.Time}
	l.byID[e.Conn] = c
	l.order = append(l.order, c)
	l.version++
	return c
}

// shrink forgets an eighth of the connections.
func (l *connList) shrink() {
	drop := maxConns / 8
	for _, closedOnly := range []bool{true, false} {
		l.order = slices.DeleteFunc(l.order, func(c *ConnSummary) bool {
			if drop == 0 || closedOnly && c.Closed.IsZero() {
				return false
			}
			drop--
			delete(l.byID, c.ID)
			return true
		})
	}
}

// learn takes over what an event tells of its connection, and reports whether it was new.
func (c *ConnSummary) learn(e *session.Event) bool {
	fresh := keep(&c.Client, e.Client)
	fresh = keep(&c.Server, e.Server) || fresh
	fresh = keep(&c.Role, e.Role) || fresh
	if e.Dialect != "" && (keep(&c.Dialect, e.Dialect) || c.Inferred != e.Inferred) {
		fresh, c.Inferred = true, e.Inferred
	}
	fresh = keep(&c.User, e.User) || fresh
	fresh = keep(&c.Session, e.Session) || fresh
	return keep(&c.Via, e.Via) || fresh
}

// keep stores v unless it is zero, and reports whether that changed anything.
func keep[T comparable](to *T, v T) bool {
	var zero T
	if v == zero || v == *to {
		return false
	}
	*to = v
	return true
}

// overlay is what is finally known of the connections, without their addresses. It does not change once made.
type overlay map[int]about

func (c *ConnSummary) about() about {
	return about{role: c.Role, dialect: c.Dialect, inferred: c.Inferred, user: c.User, session: c.Session, via: c.Via}
}

func (l *connList) final() overlay {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := make(overlay, len(l.order))
	for _, c := range l.order {
		o[c.ID] = c.about()
	}
	return o
}

// of returns what is finally known of an event's connection, and whether that is anything new to the event.
func (o overlay) of(e *session.Event) (a about, fresh bool) {
	a, ok := o[e.Conn]
	if !ok || e.Conn == 0 {
		return a, false
	}
	a.client, a.server = e.Client, e.Server
	return a, a != aboutOf(e)
}

// lay returns the event with what is finally known: e itself where that is nothing new, else a copy.
func (o overlay) lay(e *session.Event) *session.Event {
	a, fresh := o.of(e)
	if !fresh {
		return e
	}
	laid := *e
	a.set(&laid)
	return &laid
}

// layOver does the same to an event that nobody else has.
func (o overlay) layOver(e *session.Event) {
	if a, fresh := o.of(e); fresh {
		a.set(e)
	}
}

// numbers returns the greatest numbers of an event and of a connection so far.
func (l *Log) numbers() (n uint64, conn int) {
	l.conns.mu.Lock()
	defer l.conns.mu.Unlock()
	return l.conns.lastN, l.conns.lastID
}
