package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// model is what the draft and the cases say about users, lists, presence, privacy and sessions, in
// as little code as possible. Each of its methods does one thing to the server through a player and
// records which lines everybody must receive; check compares.
type model struct {
	*player
	preset  string
	through bool // through the proxy
	waited  time.Duration
	users   []*modelUser
	conns   []*modelConn
	tickets []*modelTicket
	id      int // the last TrID
	// when the last command was sent, as the server sees it: the clock stands still until all is
	// done
	now     time.Time
	made    int // connections
	talks   int // sessions
	want    map[*modelConn][]string
	history []string
}

type modelUser struct {
	handle, password, name string
	gtc, blp               string
	serial                 int
	lists                  map[string][]modelEntry
	ns                     *modelConn // nil while not logged on
	wrong                  int        // passwords tried that were wrong
	state                  string     // FLN until the first CHG
}

type modelEntry struct {
	user *modelUser
	name string
}

// modelConn is a connection to a notification server, or a seat in a session.
type modelConn struct {
	conn    *scriptConn
	user    *modelUser
	session *modelSession
	name    string // the user's when it joined
	closed  bool
	calls   int
	called  time.Time
}

type modelSession struct {
	word    string // placeholder of its number
	members []*modelConn
	rung    map[*modelUser]time.Time // when each expires
}

type modelTicket struct {
	word    string // placeholder of the cookie
	user    *modelUser
	session *modelSession // nil for the cookie of an XFR
	until   time.Time
	used    bool
}

const (
	modelTicketTime = 2 * time.Minute
	modelRingTime   = time.Minute
	modelMaxCalls   = 5
	modelCallPause  = 10 * time.Second
	modelWrong      = 4               // wrong passwords of a user; the answer to the sixth is delayed
	modelProxyTime  = 4 * time.Minute // less than the proxy remembers a referral
)

func newModel(p *player, preset string) *model {
	m := &model{player: p, preset: preset, want: map[*modelConn][]string{}}
	for _, u := range p.target.Users {
		m.users = append(m.users, &modelUser{
			handle: u.Handle, password: u.Password, name: u.Name, gtc: "A", blp: "AL", serial: 1,
			lists: map[string][]modelEntry{}, state: "FLN",
		})
	}
	return m
}

// These are the rules.

func (u *modelUser) seen() bool { return u.ns != nil && u.state != "FLN" && u.state != "HDN" }

func (u *modelUser) hears() bool { return u.ns != nil && u.state != "FLN" }

func (u *modelUser) find(list string, other *modelUser) int {
	return slices.IndexFunc(u.lists[list], func(e modelEntry) bool { return e.user == other })
}

func (u *modelUser) has(list string, other *modelUser) bool { return u.find(list, other) >= 0 }

// permits reports whether other may see and call u (§5.7, §7.6).
func (u *modelUser) permits(other *modelUser) bool {
	return !u.has("BL", other) && (u.blp == "AL" || u.has("AL", other))
}

func (u *modelUser) nln() string { return "NLN " + u.state + " " + u.handle + " " + u.name }

// say records a line that a connection must receive.
func (m *model) say(c *modelConn, words ...any) {
	if c != nil && !c.closed {
		m.want[c] = append(m.want[c], strings.TrimSuffix(fmt.Sprintln(words...), "\n"))
	}
}

// watchers calls f for everybody who is notified of u.
func (m *model) watchers(u *modelUser, f func(w *modelUser)) {
	for _, w := range m.users {
		if w.has("FL", u) && w.hears() {
			f(w)
		}
	}
}

// tell notifies those who may see u of its state (§7.9).
func (m *model) tell(u *modelUser) {
	m.watchers(u, func(w *modelUser) {
		switch {
		case !u.permits(w):
		case u.seen():
			m.say(w.ns, u.nln())
		default:
			m.say(w.ns, "FLN", u.handle)
		}
	})
}

// private calls f and notifies those whose permission to see the user it changed.
func (m *model) private(u *modelUser, f func()) {
	before := map[*modelUser]bool{}
	for _, w := range m.users {
		before[w] = u.permits(w)
	}
	f()
	if !u.seen() {
		return
	}
	m.watchers(u, func(w *modelUser) {
		switch is := u.permits(w); {
		case is && !before[w]:
			m.say(w.ns, u.nln())
		case !is && before[w]:
			m.say(w.ns, "FLN", u.handle)
		}
	})
}

// setState changes a user's state and notifies others.
func (m *model) setState(u *modelUser, ns *modelConn, state string) {
	was := u.seen()
	same := u.state == state && u.ns == ns
	u.ns, u.state = ns, state
	if (was || u.seen()) && !same {
		m.tell(u)
	}
}

// gone ends a connection, by whichever side.
func (m *model) gone(c *modelConn) {
	if c.closed {
		return
	}
	c.closed = true
	switch {
	case c.session != nil:
		s := c.session
		s.members = slices.DeleteFunc(s.members, func(o *modelConn) bool { return o == c })
		for _, o := range s.members {
			m.say(o, "BYE", c.user.handle)
		}
		if len(s.members) == 0 {
			clear(s.rung) // nobody is left to wait for them
		}
	case c.user != nil && c.user.ns == c:
		m.setState(c.user, nil, "FLN")
	}
}

// fail expects an error for the client: code, or observed in that preset, where 0 means that the
// server closes.
func (m *model) fail(c *modelConn, code, observed int) {
	if m.preset == Observed && observed == 0 {
		m.gone(c)
		return
	}
	if m.preset == Observed {
		code = observed
	}
	m.say(c, code, m.id)
}

// connect opens a connection of a kind, ns or sb.
func (m *model) connect(kind string, u *modelUser) (*modelConn, error) {
	m.made++
	name, _, _ := strings.Cut(u.handle, "@")
	p, err := m.conn(name + "." + kind + strconv.Itoa(m.made))
	if err != nil {
		return nil, err
	}
	c := &modelConn{conn: p}
	m.conns = append(m.conns, c)
	return c, nil
}

// command sends a command with the next TrID.
func (m *model) command(c *modelConn, verb string, args ...string) error {
	m.id++
	line := strings.Join(append([]string{verb, strconv.Itoa(m.id)}, args...), " ")
	m.history = append(m.history, c.conn.name+"> "+line)
	m.now = time.Now()
	return m.send(c.conn, m.fill(line)+"\r\n")
}

// check compares what everybody received with what the model expects.
func (m *model) check() error {
	m.settle()
	for _, c := range m.conns {
		for _, want := range m.want[c] {
			line, payload, _ := strings.Cut(want, "\n")
			m.history = append(m.history, "    "+c.conn.name+"< "+line)
			if err := m.expect(c.conn, line, payload); err != nil {
				return fmt.Errorf("%s: %w", c.conn.name, err)
			}
		}
		if err := m.ended(c.conn, c.closed); err != nil {
			return fmt.Errorf("%s: want closed %v, got %w", c.conn.name, c.closed, err)
		}
	}
	m.conns = slices.DeleteFunc(m.conns, func(c *modelConn) bool { return c.closed })
	clear(m.want)
	return nil
}
