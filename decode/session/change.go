package session

import (
	"bytes"
	"maps"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/decode/dialect"
)

// offline is the presence of a user who is not logged on, online that of one who is there (§7.7).
const offline, online = "FLN", "NLN"

// thisNetwork is the number of the network whose servers speak this protocol.
const thisNetwork = "1"

// The methods below apply commands to a State, one method for each effect (see changes). The
// commands that their comments name are those that have the effect in the tables of decode/dialect.

// logOn handles USR OK at a notification server. The user's presence is FLN until the first CHG
// (§7.7).
func (s *State) logOn(e *Event, args *arguments) {
	if e.User == "" {
		return
	}
	u := s.user(e.User)
	if u.Conn != e.Conn {
		s.logOff(u)
	}
	u.Conn = e.Conn
	if called := args.name(); called != nil {
		set(&u.Name, called)
	}
}

// presence handles CHG, the user's own presence.
func (s *State) presence(e *Event, args *arguments) {
	if e.User == "" || len(args.get(partState)) == 0 {
		return
	}
	u := s.user(e.User)
	u.State = wordIn(dialect.States, args.get(partState))
	if e.Role == dialect.NS {
		u.Conn = e.Conn // in case the logon was not seen
	}
}

// contact handles NLN and ILN, the presence of a contact. From MSNP16 on, when a user may be logged
// on in several places, the server also reports the user's own presence so.
func (s *State) contact(e *Event, args *arguments) {
	if s.oneself(e, args) {
		s.presence(e, args)
		if called := args.name(); called != nil {
			set(&s.user(e.User).Name, called)
		}
		return
	}
	s.see(e, args, wordIn(dialect.States, args.get(partState)))
}

// contactLeft handles FLN: a contact went offline. About the user itself it says nothing: whoever
// hears it is logged on.
func (s *State) contactLeft(e *Event, args *arguments) {
	if !s.oneself(e, args) {
		s.see(e, args, offline)
	}
}

// oneself reports whether a command about a contact is about the connection's own user, on this
// network. The same handle on another network is a contact.
func (s *State) oneself(e *Event, args *arguments) bool {
	network := args.network()
	return same(e.User, string(args.user())) && (network == "" || network == thisNetwork)
}

// see records the presence of a contact as the server reported it to the user.
func (s *State) see(e *Event, args *arguments, presence string) {
	s.sees(e, args.user(), args.network(), args.name(), presence)
}

// sees is see for a contact and its name, nil for none; no presence leaves what was known.
func (s *State) sees(e *Event, who []byte, network string, called []byte, presence string) {
	if e.User == "" || len(who) == 0 {
		return
	}
	u := s.user(e.User)
	s.key = appendContactKey(s.key[:0], who, network)
	c, known := u.seen[string(s.key)]
	if !known {
		if !s.room() {
			return
		}
		c.Handle, c.Network = string(who), network
	}
	if presence != "" {
		c.State = presence
	}
	if called != nil {
		set(&c.Name, called)
	}
	if u.seenBy != s.owner {
		if u.seen = maps.Clone(u.seen); u.seen == nil {
			u.seen = map[string]Contact{}
		}
		u.seenBy = s.owner
	}
	u.seen[string(s.key)] = c
}

// version handles SYN, the version of what the server stores. From MSNP8 on it says how many
// contacts follow, each with all its lists.
func (s *State) version(e *Event, args *arguments) {
	if e.User == "" {
		return
	}
	u := s.user(e.User)
	s.serial(u, args)
	due, err := strconv.Atoi(string(args.get(partContacts)))
	if err != nil {
		return
	}
	u.due = due
	for i := range u.lists {
		s.entries -= len(u.lists[i].entries)
		u.lists[i] = contacts{whole: due == 0, owner: s.owner}
	}
}

func (s *State) serial(u *User, args *arguments) {
	if v := args.get(partSerial); v != nil {
		set(&u.Serial, v)
	}
}

// set handles GTC and BLP, the settings.
func (s *State) set(e *Event, args *arguments) {
	value := args.get(partValue)
	if e.User == "" || value == nil {
		return
	}
	u := s.user(e.User)
	s.serial(u, args)
	if u.Setting(e.Row.Verb) == string(value) {
		return
	}
	u.settings = slices.DeleteFunc(slices.Clone(u.settings), func(o Setting) bool { return o.Name == e.Row.Verb })
	u.settings = append(u.settings, Setting{e.Row.Verb, string(value)})
}

// property handles PRP. From MSNP10 on the user's own name is a property, MFN.
func (s *State) property(e *Event, args *arguments) {
	if e.User == "" {
		return
	}
	u := s.user(e.User)
	s.serial(u, args)
	if called := args.name(); called != nil {
		set(&u.Name, withBlanks(called))
	}
}

// withBlanks returns a name with its blanks. One client (Eclipse ECF) writes + for a blank in PRP;
// a + between two letters or digits in a name without an escaped blank is taken for that. The +
// signs of a name such as C++ stay.
func withBlanks(name []byte) []byte {
	if bytes.IndexByte(name, '+') < 0 || bytes.Contains(name, []byte("%20")) {
		return name
	}
	var out []byte
	for i, c := range name {
		if c == '+' && i > 0 && i < len(name)-1 && name[i-1] != '+' && name[i+1] != '+' {
			out = append(out, "%20"...)
			continue
		}
		out = append(out, c)
	}
	return out
}

// list returns the user and the list that a command names, ready to be changed; nil if it names
// none.
func (s *State) list(e *Event, args *arguments) (*User, *contacts) {
	i := slices.IndexFunc(dialect.Lists, func(l string) bool { return l == string(args.get(partList)) })
	if i < 0 || e.User == "" {
		return nil, nil
	}
	u := s.user(e.User)
	s.serial(u, args)
	return u, s.own(&u.lists[i])
}

// own returns the list after copying its entries if they are shared with an earlier State.
func (s *State) own(l *contacts) *contacts {
	if l.owner != s.owner {
		l.entries, l.owner = slices.Clone(l.entries), s.owner
	}
	return l
}

// find returns the index of the entry with the command's handle, or with its identifier in the
// address book; -1 for none.
func (l *contacts) find(args *arguments) int {
	who, network := string(args.user()), args.network()
	return slices.IndexFunc(l.entries, func(c Contact) bool {
		return c.hasHandle(who, network) || c.hasID(who)
	})
}

// hasHandle reports whether the contact has the handle, and the network if both are known.
func (c *Contact) hasHandle(handle, network string) bool {
	return same(c.Handle, handle) && (network == "" || c.Network == "" || c.Network == network)
}

// hasID reports whether the contact has this identifier in the address book.
func (c *Contact) hasID(id string) bool { return c.ID != "" && c.ID == id }

// put adds an entry to a list, or changes the name of the entry at index at.
func (s *State) put(l *contacts, args *arguments, at int) {
	if at < 0 {
		s.add(l, Contact{
			Handle: string(args.user()), Name: string(args.name()), Network: args.network(),
			ID: string(args.short(args.get(partID), maxHandle)),
		})
	} else if called := args.name(); called != nil {
		set(&l.entries[at].Name, called)
	}
}

// add adds an entry to a list unless the caps are reached.
func (s *State) add(l *contacts, c Contact) {
	if len(l.entries) >= maxList || !s.room() {
		l.whole, s.Partial = false, true
		return
	}
	l.entries = append(l.entries, c)
}

// listBits has the lists in the order of their bits (MSNP8 and later), the lowest first.
var listBits = []string{"FL", "AL", "BL", "RL"}

// entry handles LST, in either of its forms.
func (s *State) entry(e *Event, args *arguments) {
	if args.get(partLists) != nil {
		s.listedIn(e, args)
	} else {
		s.listed(e, args)
	}
}

// listedIn handles LST from MSNP8 on: one contact with the lists that it is on.
func (s *State) listedIn(e *Event, args *arguments) {
	bits, err := strconv.ParseUint(string(args.get(partLists)), 10, 16)
	if e.User == "" || err != nil || len(args.user()) == 0 {
		return
	}
	u := s.user(e.User)
	burst := u.due > 0
	if burst {
		u.due--
	}
	for bit, name := range listBits {
		l := s.own(&u.lists[slices.Index(dialect.Lists, name)])
		switch {
		case bits>>bit&1 == 0:
		case burst: // each contact comes once
			s.put(l, args, -1)
		default:
			s.put(l, args, l.find(args))
		}
		l.whole = l.whole || burst && u.due == 0
	}
}

// listed handles LST before MSNP8: one entry of a list. Item 1 begins the list anew; an empty list
// is one line with 0 0 (§7.6).
func (s *State) listed(e *Event, args *arguments) {
	u, l := s.list(e, args)
	item, err := strconv.Atoi(string(args.get(partItem)))
	total, err2 := strconv.Atoi(string(args.get(partTotal)))
	if u == nil || err != nil || err2 != nil {
		return
	}
	if item <= 1 {
		s.entries -= len(l.entries)
		l.entries, l.whole = l.entries[:0], total == 0
	}
	if len(args.user()) == 0 {
		return
	}
	at := -1
	if item != len(l.entries)+1 { // otherwise it is the next one, and not on the list yet
		at = l.find(args)
	}
	s.put(l, args, at)
	l.whole = item == total && len(l.entries) == total
}

// added handles ADD.
func (s *State) added(e *Event, args *arguments) {
	if u, l := s.list(e, args); u != nil && len(args.user()) > 0 {
		s.put(l, args, l.find(args))
	}
}

// removed handles REM.
func (s *State) removed(e *Event, args *arguments) {
	u, l := s.list(e, args)
	if u == nil || args.get(partGroup) != nil { // a contact removed from a group stays on the list
		return
	}
	if at := l.find(args); at >= 0 {
		l.entries = slices.Delete(l.entries, at, at+1)
		s.entries--
	}
}

// renamed handles REA, a new name of the user or of a contact.
func (s *State) renamed(e *Event, args *arguments) {
	called := args.name()
	if e.User == "" || called == nil {
		return
	}
	u := s.user(e.User)
	s.serial(u, args)
	if same(u.Handle, string(args.user())) {
		set(&u.Name, called)
		return
	}
	for i := range u.lists {
		l := &u.lists[i]
		at := l.find(args)
		if at < 0 {
			continue
		}
		s.put(s.own(l), args, at)
	}
}
