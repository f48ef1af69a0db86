package session

import (
	"bytes"
	"encoding/xml"
	"errors"
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// From MSNP13 on a web service keeps the lists. The client tells them to the server after the logon and as they change, and the
// server tells who else has the user on a list, both in XML of this form, where l are listBits and t is a network:
//
//	<ml l="1"><d n="hotmail.com"><c n="alice" l="3" t="1"/></d><t><c n="tel:+15550100" l="3"/></t></ml>
//
// The l of ml marks the lists of a logon, which may take several commands. In the last dialects a c has its bits in parts, a
// service each: <c n="alice" t="1"><s n="IM" l="3"/></c>.

// Caps of reading these.
const (
	maxListXML  = 1 << 16 // bytes: clients end a command at 7,500
	maxXMLDepth = 8       // elements within each other: four are known
	maxAsked    = 1 << 6  // commands of one connection that wait for their answer: 64 hold more than a full list
)

// telephones is the network of what stands in t: it does not say so itself.
const telephones = "4"

// listChange is what a command tells of lists.
type listChange struct {
	request uint64 // the event
	lists   dialect.ListChange
	logon   bool // they are the lists of a logon
	whole   bool // all of it was read
	members []member
}

// member is a contact and the lists that it comes to or leaves, as listBits.
type member struct {
	handle, name, network string
	bits                  uint64
}

// listsAsked: the client's ADL and RML. They change something when the server grants them.
func (s *State) listsAsked(e *Event, w *words) {
	c := s.conn(e.Conn)
	if len(c.asked) == maxAsked {
		s.forgetAsked(c, 0)
		s.Partial = true
	}
	c.asked = append(c.asked, s.read(e, w))
}

// answered returns what the event answers, and forgets it; false for nothing.
func (s *State) answered(e *Event) (listChange, bool) {
	at := slices.IndexFunc(s.conns[e.Conn].asked, func(l listChange) bool { return l.request == e.ReplyTo })
	if at < 0 || e.ReplyTo == 0 {
		return listChange{}, false
	}
	return s.forgetAsked(s.conn(e.Conn), at), true
}

func (s *State) forgetAsked(c *Connection, at int) listChange {
	l := c.asked[at]
	s.entries -= len(l.members)
	c.asked = slices.Delete(slices.Clone(c.asked), at, at+1)
	return l
}

// listsGranted: ADL OK and RML OK. If nobody saw what they grant, nothing of it was read.
func (s *State) listsGranted(e *Event, _ *words) {
	l, _ := s.answered(e)
	s.change(e, l)
}

// listsTold: the server's ADL and RML, which tell what others did.
func (s *State) listsTold(e *Event, w *words) {
	if l, ok := s.answered(e); ok {
		s.change(e, l)
	}
	l := s.read(e, w)
	s.entries -= len(l.members)
	l.logon = false // that is for the client to say
	s.change(e, l)
}

// change does to the lists of the event's user what a command tells.
func (s *State) change(e *Event, l listChange) {
	s.Partial = s.Partial || !l.whole
	if e.User == "" {
		return
	}
	u := s.user(e.User)
	if l.logon && u.told != e.Conn {
		u.told = e.Conn
		s.begin(u)
	}
	for bit, name := range listBits {
		list := &u.lists[slices.Index(dialect.Lists, name)]
		list.whole = list.whole && l.whole
		of := slices.DeleteFunc(slices.Clone(l.members), func(m member) bool { return m.bits>>bit&1 == 0 })
		switch {
		case len(of) == 0:
		case l.lists == dialect.Lose:
			s.lose(s.own(list), of)
		default:
			s.gain(s.own(list), of)
		}
	}
}

// begin empties the lists that a client tells after its logon: all but the reverse list, of which it knows nothing.
func (s *State) begin(u *User) {
	for i, name := range dialect.Lists {
		if name != "RL" {
			s.entries -= len(u.lists[i].entries)
			u.lists[i] = contacts{whole: true, owner: s.owner}
		}
	}
}

// gain adds contacts to a list.
func (s *State) gain(l *contacts, all []member) {
	at := map[string]int{}
	for i := range l.entries {
		at[contactKeys(l.entries[i].Handle, l.entries[i].Network)[0]] = i
	}
	for _, m := range all {
		keys := contactKeys(m.handle, m.network)
		i, ok := at[keys[0]]
		if !ok {
			i, ok = at[keys[1]]
		}
		switch {
		case !ok:
			at[keys[0]] = len(l.entries)
			s.add(l, Contact{Handle: m.handle, Name: m.name, Network: m.network})
		case m.name != "" && i < len(l.entries):
			l.entries[i].Name = m.name
		}
	}
}

// lose takes contacts off a list.
func (s *State) lose(l *contacts, all []member) {
	gone := map[string]bool{}
	for _, m := range all {
		gone[contactKeys(m.handle, m.network)[0]] = true
	}
	n := len(l.entries)
	l.entries = slices.DeleteFunc(l.entries, func(c Contact) bool {
		keys := contactKeys(c.Handle, c.Network)
		return gone[keys[0]] || gone[keys[1]]
	})
	s.entries -= n - len(l.entries)
}

// read reads the XML of a command as far as it can be read. The members are on the account.
func (s *State) read(e *Event, w *words) listChange {
	l := listChange{request: e.N, lists: w.row.Lists, whole: true}
	payload := w.m.Payload()
	r := listReader{change: &l, xml: xml.NewDecoder(bytes.NewReader(payload[:min(len(payload), maxListXML)]))}
	for len(payload) > 0 {
		n := len(l.members)
		err := r.next()
		s.entries += len(l.members) - n
		switch {
		case err == errEnd:
			return l
		case err != nil || s.entries >= maxEntries || len(l.members) == maxList:
			l.whole = false
			return l
		}
	}
	return l
}

// listReader reads the XML of one command.
type listReader struct {
	change *listChange
	xml    *xml.Decoder
	depth  int
	domain string // of the d or t around
	phones bool
	inside bool // in the last of the members
}

var (
	errEnd  = errors.New("the end of the lists")
	errForm = errors.New("these are no lists")
)

// next reads the next element, or what is between elements. At the end of the first one it returns errEnd.
func (r *listReader) next() error {
	token, err := r.xml.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case xml.StartElement:
		if r.depth++; r.depth > maxXMLDepth || r.depth == 1 && t.Name.Local != "ml" {
			return errForm
		}
		r.start(t)
	case xml.EndElement:
		if r.depth--; r.depth == 0 {
			return errEnd
		}
	}
	return nil
}

// start takes an element, by how deep it is.
func (r *listReader) start(t xml.StartElement) {
	bits, _ := strconv.ParseUint(attribute(t, "l"), 10, 16)
	switch l := r.change; {
	case r.depth == 1:
		l.logon = bits == 1
	case r.depth == 2:
		r.domain, r.phones = attribute(t, "n"), t.Name.Local == "t"
	case r.depth == 3:
		r.contact(t, bits)
	case r.depth == 4 && r.inside: // one service: a contact has the bits of all
		l.members[len(l.members)-1].bits |= bits
	}
}

// contact takes a c.
func (r *listReader) contact(t xml.StartElement, bits uint64) {
	m := member{handle: attribute(t, "n"), name: decode.Escape(attribute(t, "f")), network: networkOf([]byte(attribute(t, "t"))), bits: bits}
	if r.phones {
		m.network = telephones
	} else if r.domain != "" {
		m.handle += "@" + r.domain
	}
	if len(m.name) > maxName {
		m.name = ""
	}
	if r.inside = m.handle != "" && len(m.handle) <= maxHandle; r.inside {
		r.change.members = append(r.change.members, m)
	} else {
		r.change.whole = false
	}
}

// attribute returns the value of an attribute, "" where there is none.
func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
