package session

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
)

// Caps of a State. Together they keep it below about 30 MB, however long the session runs.
const (
	maxUsers   = 1 << 12 // the oldest are forgotten first, those who are not logged on before all others
	maxConns   = 1 << 13 // open connections
	keepClosed = 1 << 8  // connections that have ended
	maxEntries = 1 << 17 // entries of lists, contacts and rosters in all; what comes beyond is left out
	maxList    = 1 << 12 // entries of one list: the last servers took 1,000
	maxRoster  = 1 << 10 // who is in one session, which is searched through
	maxInvited = 1 << 6  // calls of one connection that wait, the latest
)

// State is what users, connections and switchboard sessions are like after an event, as far as the events tell. It is not
// safe for concurrent use; what [Timeline.At] returns is read only, and so is what its methods return.
type State struct {
	// N is the number of the last event, Time its time.
	N    uint64
	Time time.Time
	// Partial says that something was left out: there was too much of it, or what changed a list was not seen or could not be
	// read.
	Partial bool

	users   map[string]*User // by the handle in lower case
	order   []string         // their keys, the oldest first
	conns   map[int]*Connection
	closed  []int // the connections that have ended and are kept, the oldest first
	opened  []int // those that are open, the oldest first; some may have ended since
	entries int
	owner   *token
	key     []byte
}

// token marks who may change a part of a State: parts with another one are shared with an earlier State.
type token struct{ _ byte }

// NewState returns the State before the first event.
func NewState() *State {
	return &State{users: map[string]*User{}, conns: map[int]*Connection{}, owner: new(token)}
}

// clone returns a copy. It shares what both have in common until one of them changes it.
func (s *State) clone() *State {
	c := *s
	c.users, c.conns = maps.Clone(s.users), maps.Clone(s.conns)
	c.order, c.closed, c.opened = slices.Clip(s.order), slices.Clip(s.closed), slices.Clip(s.opened)
	c.key = nil
	c.owner, s.owner = new(token), new(token)
	return &c
}

// weight is about how many parts a copy of the State takes, if nothing of it is shared.
func (s *State) weight() int { return s.entries + len(s.users) + len(s.conns) }

// Users returns the users, in the order in which they appeared.
func (s *State) Users() []*User {
	var all []*User
	for _, key := range s.order {
		all = append(all, s.users[key])
	}
	return all
}

// User returns the user with the handle, in any case, nil for an unknown one.
func (s *State) User(handle string) *User { return s.users[string(appendFold(nil, handle))] }

// Connections returns the open connections and the last few that have ended, by their numbers.
func (s *State) Connections() []*Connection {
	return slices.SortedFunc(maps.Values(s.conns), func(a, b *Connection) int { return cmp.Compare(a.ID, b.ID) })
}

// Connection returns the connection with the number, nil for one that is not known or ended long ago.
func (s *State) Connection(id int) *Connection { return s.conns[id] }

// Talks returns the switchboard sessions that have an open connection, by the first of them.
func (s *State) Talks() []Talk {
	var all []Talk
	for _, c := range s.Connections() {
		if c.Closed || c.Role != dialect.SB {
			continue
		}
		i := slices.IndexFunc(all, func(t Talk) bool { return t.Session != "" && t.Session == c.Session })
		if i < 0 {
			i = len(all)
			all = append(all, Talk{Session: c.Session})
		}
		all[i].add(c)
	}
	return all
}

// User is one user, as the server tells that user's own client.
type User struct {
	Handle, Name string
	// State is the user's own presence (§7.7), FLN when logged off; "" while unknown.
	State string
	// Conn is the connection to the notification server on which the user is logged on, 0 for none.
	Conn int
	// Serial is the version of what the server stores (§7.5); "" while unknown.
	Serial string

	settings []Setting
	lists    [4]contacts        // as dialect.Lists
	told     int                // the connection on which the client told the lists (MSNP13 and later)
	due      int                // contacts that are to come yet after SYN
	seen     map[string]Contact // by contactKey
	seenBy   *token             // whose seen is
	owner    *token
}

// Setting is one setting of a user, by the verb that sets it: GTC, BLP (§7.6).
type Setting struct{ Name, Value string }

// Contact is another user, as one user sees that one. The same handle on two networks is two contacts.
type Contact struct {
	Handle, Name string
	// Network is the number of the network that the contact is on: 1 for this one, 4 for telephones, 32 for Yahoo; "" where none
	// was told, as before MSNP12.
	Network string
	// State is the presence that was told last, FLN after the contact left; "" where nothing was told.
	State string
	// ID is the number that the address book has for an entry of the forward list, "" where there is none (before MSNP10).
	ID string
}

// contacts is one of the four lists (§5.7).
type contacts struct {
	entries []Contact // without State
	whole   bool      // the server has sent all of it
	owner   *token
}

// Setting returns the value of a setting, "" while unknown.
func (u *User) Setting(name string) string {
	for _, s := range u.settings {
		if s.Name == name {
			return s.Value
		}
	}
	return ""
}

// Settings returns all settings that are known, in the order in which they were told.
func (u *User) Settings() []Setting { return u.settings }

// List returns the entries of one of the lists FL, AL, BL and RL (§5.7) in the order of the server, with what is known of
// their presence, and whether the server has sent the whole list: one that a client has stored is not sent again.
func (u *User) List(name string) (entries []Contact, whole bool) {
	i := slices.Index(dialect.Lists, name)
	if i < 0 {
		return nil, false
	}
	entries = slices.Clone(u.lists[i].entries)
	for k := range entries {
		entries[k].complete(u)
	}
	return entries, u.lists[i].whole
}

// complete adds what was told of the presence to an entry of a list.
func (c *Contact) complete(u *User) {
	seen, _ := u.Contact(c.Handle, c.Network)
	c.State = seen.State
	if c.Name == "" {
		c.Name = seen.Name
	}
}

// Contact returns what the user was told of the presence of another user on a network, "" for any, and false for nothing.
func (u *User) Contact(handle, network string) (Contact, bool) {
	for _, key := range contactKeys(handle, network) {
		if c, ok := u.seen[key]; ok {
			return c, true
		}
	}
	return Contact{}, false
}

// Contacts returns all whose presence the user was told, by their handles and networks.
func (u *User) Contacts() []Contact {
	return slices.SortedFunc(maps.Values(u.seen), func(a, b Contact) int {
		return cmp.Or(cmp.Compare(a.Handle, b.Handle), cmp.Compare(a.Network, b.Network))
	})
}

// Unlisted returns those of Contacts who are on none of the lists.
func (u *User) Unlisted() []Contact {
	listed := map[string]bool{}
	for i := range u.lists {
		for _, c := range u.lists[i].entries {
			for _, key := range contactKeys(c.Handle, c.Network) {
				if _, ok := u.seen[key]; ok {
					listed[key] = true
					break
				}
			}
		}
	}
	return slices.DeleteFunc(u.Contacts(), func(c Contact) bool { return listed[string(appendContactKey(nil, c.Handle, c.Network))] })
}

// appendContactKey appends by what a contact is found.
func appendContactKey[T string | []byte](dst []byte, handle T, network string) []byte {
	dst = appendFold(dst, handle)
	if network != "" {
		dst = append(append(dst, ' '), network...)
	}
	return dst
}

// contactKeys returns by what a contact may be found, the best one first: not all commands tell the network.
func contactKeys(handle, network string) [2]string {
	other := ""
	if network == "" {
		other = "1"
	}
	return [2]string{string(appendContactKey(nil, handle, network)), string(appendContactKey(nil, handle, other))}
}

// Connection is one connection.
type Connection struct {
	ID             int
	Client, Server string
	// Role, Dialect, User and Session are zero while unknown; Via is the connection whose referral led here.
	Role                   dialect.Role
	Dialect, User, Session string
	Via                    int
	Closed                 bool
	// Roster is who is in the switchboard session as this connection's client was told, its own user included, in the order
	// in which they came; Invited those who were called and have not come yet.
	Roster  []Member
	Invited []Invitation

	places []place      // of those in the roster who are logged on at several places (MSNP16 and later)
	asked  []listChange // what the client asked to change in the lists, and the server has not answered yet
	owner  *token
}

// place is one of the places from which a user is in a session. Each joins and leaves on its own.
type place struct{ handle, name string }

// Member is one who is in a switchboard session.
type Member struct{ Handle, Name string }

// Invitation is a call that nobody has answered yet.
type Invitation struct {
	Handle string
	// Request is the number of the event with the call. Ringing says that the server rings the user.
	Request uint64
	Ringing bool
}

// Talk is a switchboard session, as far as all its connections together tell.
type Talk struct {
	// Session is its number; "" while unknown: then it has one connection.
	Session string
	Conns   []int
	Roster  []Member
	Invited []Invitation
}

// add adds what one connection's client was told.
func (t *Talk) add(c *Connection) {
	t.Conns = append(t.Conns, c.ID)
	for _, m := range c.Roster {
		if !slices.ContainsFunc(t.Roster, func(o Member) bool { return same(o.Handle, m.Handle) }) {
			t.Roster = append(t.Roster, m)
		}
	}
	t.Invited = append(t.Invited, c.Invited...)
}
