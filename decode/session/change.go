package session

import (
	"maps"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/decode/dialect"
)

// offline is the presence of one who is not logged on (§7.7).
const offline = "FLN"

// Below is what the rules do. Each method has a comment that says which commands it is for; it goes by their arguments.

// logOn: USR OK at a notification server. The user's presence is FLN until the first CHG (§7.7).
func (s *State) logOn(e *Event, w *words) {
	if e.User == "" {
		return
	}
	u := s.user(e.User)
	if u.Conn != e.Conn {
		s.logOff(u)
	}
	u.Conn = e.Conn
	if called := w.name(); called != nil {
		set(&u.Name, called)
	}
}

// presence: CHG, the user's own state.
func (s *State) presence(e *Event, w *words) {
	if e.User == "" || len(w.get(partState)) == 0 {
		return
	}
	u := s.user(e.User)
	u.State = wordIn(dialect.States, w.get(partState))
	if e.Role == dialect.NS {
		u.Conn = e.Conn // where the logon was not seen
	}
}

// contact: NLN and ILN, a contact's state.
func (s *State) contact(e *Event, w *words) {
	s.see(e, w, wordIn(dialect.States, w.get(partState)))
}

// contactLeft: FLN.
func (s *State) contactLeft(e *Event, w *words) { s.see(e, w, offline) }

// see keeps what the user was told of a contact's presence.
func (s *State) see(e *Event, w *words, presence string) {
	who, network := w.user(), w.network()
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
	c.State = presence
	if called := w.name(); called != nil {
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

// version: SYN, the serial that the server has. From MSNP8 on it says how many contacts follow, each with all its lists.
func (s *State) version(e *Event, w *words) {
	if e.User == "" {
		return
	}
	u := s.user(e.User)
	s.serial(u, w)
	due, err := strconv.Atoi(string(w.get(partContacts)))
	if err != nil {
		return
	}
	u.due = due
	for i := range u.lists {
		s.entries -= len(u.lists[i].entries)
		u.lists[i] = contacts{whole: due == 0, owner: s.owner}
	}
}

func (s *State) serial(u *User, w *words) {
	if v := w.get(partSerial); v != nil {
		set(&u.Serial, v)
	}
}

// set: GTC and BLP.
func (s *State) set(e *Event, w *words) {
	value := w.get(partSetting)
	if e.User == "" || value == nil {
		return
	}
	u := s.user(e.User)
	s.serial(u, w)
	if u.Setting(e.Row.Verb) == string(value) {
		return
	}
	u.settings = slices.DeleteFunc(slices.Clone(u.settings), func(o Setting) bool { return o.Name == e.Row.Verb })
	u.settings = append(u.settings, Setting{e.Row.Verb, string(value)})
}

// property: PRP. From MSNP10 on the user's own name is one, MFN. (The BPR of MSNP8 and 9 looks the same, and has no MFN.)
func (s *State) property(e *Event, w *words) {
	if e.User == "" {
		return
	}
	u := s.user(e.User)
	s.serial(u, w)
	if called := w.get(partValue); called != nil && string(w.get(partProperty)) == "MFN" {
		set(&u.Name, called)
	}
}

// list returns the list that a command names, to be changed, and the user; nil for no list.
func (s *State) list(e *Event, w *words) (*User, *contacts) {
	i := slices.IndexFunc(dialect.Lists, func(l string) bool { return l == string(w.get(partList)) })
	if i < 0 || e.User == "" {
		return nil, nil
	}
	u := s.user(e.User)
	s.serial(u, w)
	return u, s.own(&u.lists[i])
}

// own makes the list one that may be changed.
func (s *State) own(l *contacts) *contacts {
	if l.owner != s.owner {
		l.entries, l.owner = slices.Clone(l.entries), s.owner
	}
	return l
}

// find returns where a list has the handle, or the number that the address book has for it; -1 for nowhere.
func (l *contacts) find(w *words) int {
	h, network := string(w.user()), w.network()
	return slices.IndexFunc(l.entries, func(c Contact) bool {
		return same(c.Handle, h) && (network == "" || c.Network == "" || c.Network == network) || c.ID != "" && c.ID == h
	})
}

// put adds an entry, or changes its name.
func (s *State) put(l *contacts, w *words, at int) {
	if at < 0 {
		s.add(l, Contact{Handle: string(w.user()), Name: string(w.name()), Network: w.network(), ID: string(w.short(w.get(partID), maxHandle))})
	} else if called := w.name(); called != nil {
		set(&l.entries[at].Name, called)
	}
}

// add adds an entry.
func (s *State) add(l *contacts, c Contact) {
	if len(l.entries) >= maxList || !s.room() {
		l.whole, s.Partial = false, true
		return
	}
	l.entries = append(l.entries, c)
}

// listBits are the lists in the order of their bits (MSNP8 and later).
var listBits = []string{"FL", "AL", "BL", "RL"}

// listedIn: LST from MSNP8 on, one contact with the lists that it is on.
func (s *State) listedIn(e *Event, w *words) {
	bits, err := strconv.ParseUint(string(w.get(partLists)), 10, 16)
	if e.User == "" || err != nil || len(w.user()) == 0 {
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
		case burst: // each comes once
			s.put(l, w, -1)
		default:
			s.put(l, w, l.find(w))
		}
		l.whole = l.whole || burst && u.due == 0
	}
}

// listed: LST, one entry of a list, which begins anew with the first one; an empty list is one line with 0 0 (§7.6).
func (s *State) listed(e *Event, w *words) {
	u, l := s.list(e, w)
	item, err := strconv.Atoi(string(w.get(partItem)))
	total, err2 := strconv.Atoi(string(w.get(partTotal)))
	if u == nil || err != nil || err2 != nil {
		return
	}
	if item <= 1 {
		s.entries -= len(l.entries)
		l.entries, l.whole = l.entries[:0], total == 0
	}
	if len(w.user()) == 0 {
		return
	}
	at := -1
	if item != len(l.entries)+1 { // else it is the next one
		at = l.find(w)
	}
	s.put(l, w, at)
	l.whole = item == total && len(l.entries) == total
}

// added: ADD.
func (s *State) added(e *Event, w *words) {
	if u, l := s.list(e, w); u != nil && len(w.user()) > 0 {
		s.put(l, w, l.find(w))
	}
}

// removed: REM.
func (s *State) removed(e *Event, w *words) {
	u, l := s.list(e, w)
	if u == nil || w.get(partGroup) != nil { // who leaves a group stays on the list
		return
	}
	if at := l.find(w); at >= 0 {
		l.entries = slices.Delete(l.entries, at, at+1)
		s.entries--
	}
}

// renamed: REA, the user's own name or a contact's.
func (s *State) renamed(e *Event, w *words) {
	called := w.name()
	if e.User == "" || called == nil {
		return
	}
	u := s.user(e.User)
	s.serial(u, w)
	if same(u.Handle, string(w.user())) {
		set(&u.Name, called)
		return
	}
	for i := range u.lists {
		l := &u.lists[i]
		at := l.find(w)
		if at < 0 {
			continue
		}
		s.put(s.own(l), w, at)
	}
}
