package session

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
)

// Limits of a State. Together they keep it below about 30 MB, however long the session lasts.
const (
	maxUsers   = 1 << 12 // the oldest are forgotten first, those who are not logged on before all others
	maxConns   = 1 << 13 // open connections
	keepClosed = 1 << 8  // connections that have ended
	maxEntries = 1 << 17 // entries of all lists, contacts and rosters; further ones are left out
	maxList    = 1 << 12 // entries of one list: the last servers allowed 1,000
	maxRoster  = 1 << 10 // users in one session, which is searched linearly
	maxInvited = 1 << 6  // unanswered calls of one connection, the latest
)

// State holds what the events up to one of them say about users, connections and switchboard
// sessions. It is not safe for concurrent use; what [Timeline.At] returns, and what the methods of
// that State return, is read only.
type State struct {
	// N is the number of the last event, Time its time.
	N    uint64
	Time time.Time
	// Partial reports whether the State is incomplete: a limit was reached, or a change of a list
	// was not seen or could not be read.
	Partial bool

	users   map[string]*User // by the handle in lower case
	order   []string         // their keys, the oldest first
	conns   map[int]*Connection
	closed  []int // the connections that have ended and are kept, the oldest first
	opened  []int // those that are open, the oldest first; some may have ended since
	entries int
	forgets int // how often users were forgotten, from 1
	owner   *token
	key     []byte
}

// token identifies the State that may change a part in place: a part with another token is shared
// with an earlier State and is copied before it changes.
type token struct{ _ byte }

// NewState returns the State before the first event.
func NewState() *State {
	return &State{users: map[string]*User{}, conns: map[int]*Connection{}, forgets: 1, owner: new(token)}
}

// clone returns a copy that shares every part with s until one of them changes it.
func (s *State) clone() *State {
	c := *s
	c.users, c.conns = maps.Clone(s.users), maps.Clone(s.conns)
	c.order, c.closed, c.opened = slices.Clip(s.order), slices.Clip(s.closed), slices.Clip(s.opened)
	c.key = nil
	c.owner, s.owner = new(token), new(token)
	return &c
}

// weight returns the approximate number of parts that a copy of the State has, if it shares none.
func (s *State) weight() int { return s.entries + len(s.users) + len(s.conns) }

// Users returns the users, in the order in which they appeared.
func (s *State) Users() []*User {
	var all []*User
	for _, key := range s.order {
		all = append(all, s.users[key])
	}
	return all
}

// User returns the user with the handle, whose case makes no difference; nil for an unknown user.
func (s *State) User(handle string) *User { return s.users[string(appendFold(nil, handle))] }

// Connections returns the open connections and the last few that have ended, sorted by number.
func (s *State) Connections() []*Connection {
	return slices.SortedFunc(maps.Values(s.conns), func(a, b *Connection) int { return cmp.Compare(a.ID, b.ID) })
}

// Connection returns the connection with the number, nil for one that is unknown or ended long ago.
func (s *State) Connection(id int) *Connection { return s.conns[id] }

// Talks returns the switchboard sessions that have an open connection, in the order of their first
// connections.
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

// User is one user as the server describes that user to the user's own client.
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
	listsBy  int                // the connection on which the client sent the lists (MSNP13 and later)
	due      int                // the number of contacts still to come after SYN
	seen     map[string]Contact // by contactKey
	seenBy   *token             // the owner of seen
	owner    *token
}

// Setting is one setting of a user, by the verb that sets it: GTC, BLP (§7.6).
type Setting struct{ Name, Value string }

// Contact is another user as one user sees them. The same handle on two networks is two contacts.
type Contact struct {
	Handle, Name string
	// Network is the number of the contact's network: 1 for this one, 4 for telephones, 32 for
	// Yahoo; "" if the server named none, as before MSNP12.
	Network string
	// State is the presence that the server reported last, FLN after the contact left; "" if it
	// reported none.
	State string
	// ID is the identifier of an entry of the forward list in the address book, "" if it has none
	// (before MSNP10).
	ID string
}

// contacts is one of the four lists (§5.7).
type contacts struct {
	entries []Contact // without State
	whole   bool      // whether the server has sent all of it
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

// Settings returns all known settings, in the order in which they became known. The slice must not
// be changed.
func (u *User) Settings() []Setting { return u.settings }

// List returns the entries of one of the lists FL, AL, BL and RL (§5.7) in the order of the server,
// with what is known of their presence. It also reports whether the server has sent the whole list:
// it does not send a list again that the client has stored. The caller owns the slice.
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

// On reports whether a handle is known to be on one of the lists FL, AL, BL and RL.
func (u *User) On(list, handle string) bool {
	i := slices.Index(dialect.Lists, list)
	return i >= 0 && slices.ContainsFunc(u.lists[i].entries, func(c Contact) bool { return same(c.Handle, handle) })
}

// Complete reports whether all of a list is known: see [User.List].
func (u *User) Complete(list string) bool {
	i := slices.Index(dialect.Lists, list)
	return i >= 0 && u.lists[i].whole
}

// complete adds what is known of the contact's presence to an entry of a list.
func (c *Contact) complete(u *User) {
	seen, _ := u.Contact(c.Handle, c.Network)
	c.State = seen.State
	if c.Name == "" {
		c.Name = seen.Name
	}
}

// Contact returns what the server told the user about another user's presence on a network, "" for
// any network. It reports false if nothing is known.
func (u *User) Contact(handle, network string) (Contact, bool) {
	for _, key := range contactKeys(handle, network) {
		if c, ok := u.seen[key]; ok {
			return c, true
		}
	}
	return Contact{}, false
}

// Contacts returns all contacts whose presence the server reported to the user, sorted by handle
// and network.
func (u *User) Contacts() []Contact {
	return slices.SortedFunc(maps.Values(u.seen), func(a, b Contact) int {
		return cmp.Or(cmp.Compare(a.Handle, b.Handle), cmp.Compare(a.Network, b.Network))
	})
}

// Unlisted returns the Contacts that are on none of the lists.
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
	return slices.DeleteFunc(u.Contacts(),
		func(c Contact) bool { return listed[string(appendContactKey(nil, c.Handle, c.Network))] })
}

// appendContactKey appends the key of a contact: the handle in lower case, and the network.
func appendContactKey[T string | []byte](dst []byte, handle T, network string) []byte {
	dst = appendFold(dst, handle)
	if network != "" {
		dst = append(append(dst, ' '), network...)
	}
	return dst
}

// contactKeys returns the keys under which a contact may be stored, the best one first: not all
// commands name the network.
func contactKeys(handle, network string) [2]string {
	other := ""
	if network == "" {
		other = "1"
	}
	return [2]string{string(appendContactKey(nil, handle, network)), string(appendContactKey(nil, handle, other))}
}

// Connection is one connection of a State.
type Connection struct {
	ID             int
	Client, Server string
	// Role, Dialect, User and Session are zero while unknown. Via is the number of the connection
	// whose referral led here.
	Role                   dialect.Role
	Dialect, User, Session string
	Via                    int
	Closed                 bool
	// Roster lists the members of the switchboard session as the server told this connection's
	// client, its own user included, in the order in which they joined. Invited lists the calls
	// whose callee has not joined yet.
	Roster  []Member
	Invited []Invitation

	endpoints []endpoint   // of members who are logged on several times (MSNP16 and later)
	asked     []listChange // the changes of lists that the server has not answered yet
	named     int          // State.forgets when users had that of the connection; 0 while that is open
	owner     *token
}

// endpoint is one of the clients with which a user is in a session (MSNP16 and later). Endpoints
// join and leave independently.
type endpoint struct{ handle, name string }

// Member is a user in a switchboard session.
type Member struct{ Handle, Name string }

// Invitation is a call that nobody has answered yet.
type Invitation struct {
	Handle string
	// Request is the number of the event with the call. Ringing reports whether the server said
	// that it rings the user.
	Request uint64
	Ringing bool
}

// Talk is a switchboard session, combined from all its connections.
type Talk struct {
	// Session is the session's number, "" while unknown; a Talk without a number has only one
	// connection.
	Session string
	Conns   []int
	Roster  []Member
	Invited []Invitation
}

// add adds the members and invitations of one more connection.
func (t *Talk) add(c *Connection) {
	t.Conns = append(t.Conns, c.ID)
	for _, m := range c.Roster {
		if !slices.ContainsFunc(t.Roster, func(o Member) bool { return same(o.Handle, m.Handle) }) {
			t.Roster = append(t.Roster, m)
		}
	}
	t.Invited = append(t.Invited, c.Invited...)
}
