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

// From MSNP13 on, a web service stores the lists. The client sends them to the server after the
// logon and whenever they change, and the server tells the client who else has the user on a list.
// Both use XML of this form, where l are listBits and t is a network:
//
//	<ml l="1">
//	  <d n="hotmail.com"><c n="alice" l="3" t="1"/></d>
//	  <t><c n="tel:+15550100" l="3"/></t>
//	</ml>
//
// The l of ml marks the lists of a logon, which may take several commands. In the last dialects,
// the bits of a contact are split by service: <c n="alice" t="1"><s n="IM" l="3"/></c>.

// Limits for reading this XML.
const (
	maxListXML  = 1 << 16 // bytes of one command: clients stop at 7,500
	maxXMLDepth = 8       // nested elements: four levels are known
	maxAsked    = 1 << 6  // unanswered commands of one connection: 64 hold more than a full list
)

// telephones is the network of the contacts in a t element, which do not name it themselves.
const telephones = "4"

// listChange is the change of the lists that one command asks for or announces.
type listChange struct {
	request uint64 // the number of the command's event
	lists   dialect.ListChange
	logon   bool // whether these are the lists of a logon
	whole   bool // whether all of the XML was read
	members []member
}

// member is a contact and the lists to which it is added or from which it is removed, as listBits.
type member struct {
	handle, name, network string
	bits                  uint64
}

// listsAsked handles the client's ADL and RML. They take effect when the server grants them.
func (s *State) listsAsked(e *Event, args *arguments) {
	c := s.conn(e.Conn)
	if len(c.asked) == maxAsked {
		s.forgetAsked(c, 0)
		s.Partial = true
	}
	c.asked = append(c.asked, s.read(e, args))
}

// answered returns the change that the event answers, and forgets it; false for none.
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

// listsGranted handles ADL OK and RML OK. If the request was not seen, the change is unknown and
// the State Partial.
func (s *State) listsGranted(e *Event, _ *arguments) {
	l, _ := s.answered(e)
	s.change(e, l)
}

// listsReported handles the server's ADL and RML, which report what other users did.
func (s *State) listsReported(e *Event, args *arguments) {
	if l, ok := s.answered(e); ok {
		s.change(e, l)
	}
	l := s.read(e, args)
	s.entries -= len(l.members)
	l.logon = false // only a client sends the lists of a logon
	s.change(e, l)
}

// change applies a change to the lists of the event's user.
func (s *State) change(e *Event, l listChange) {
	s.Partial = s.Partial || !l.whole
	if e.User == "" {
		return
	}
	u := s.user(e.User)
	if l.logon && u.listsBy != e.Conn {
		u.listsBy = e.Conn
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

// begin empties the lists that a client sends after its logon: all but the reverse list, which it
// does not know.
func (s *State) begin(u *User) {
	for i, name := range dialect.Lists {
		if name != "RL" {
			s.entries -= len(u.lists[i].entries)
			u.lists[i] = contacts{whole: true, owner: s.owner}
		}
	}
}

// gain adds members to a list.
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

// lose removes members from a list.
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

// read parses the XML of a command as far as it is valid. The members count as entries of the
// State.
func (s *State) read(e *Event, args *arguments) listChange {
	l := listChange{request: e.N, lists: args.row.Lists, whole: true}
	payload := args.m.Payload()
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
	domain string // of the enclosing d or t
	phones bool   // whether the enclosing element is a t
	inside bool   // whether the enclosing c is the last of the members
}

var (
	errEnd  = errors.New("the end of the lists")
	errForm = errors.New("these are no lists")
)

// next reads one token of the XML. After the end of the outermost element it returns errEnd.
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

// start handles the start of an element, by its depth.
func (r *listReader) start(t xml.StartElement) {
	bits, _ := strconv.ParseUint(attribute(t, "l"), 10, 16)
	switch l := r.change; {
	case r.depth == 1:
		l.logon = bits == 1
	case r.depth == 2:
		r.domain, r.phones = attribute(t, "n"), t.Name.Local == "t"
	case r.depth == 3:
		r.contact(t, bits)
	case r.depth == 4 && r.inside: // a service: the contact has the bits of all services
		l.members[len(l.members)-1].bits |= bits
	}
}

// contact handles the start of a c element.
func (r *listReader) contact(t xml.StartElement, bits uint64) {
	m := member{
		handle: attribute(t, "n"), name: wireName(attribute(t, "f")),
		network: networkOf([]byte(attribute(t, "t"))), bits: bits,
	}
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

// wireName returns a friendly name in the XML as it is written in commands. Some servers escape
// names in the XML too, others do not.
func wireName(name string) string { return decode.Escape(decode.Unescape(name)) }

// attribute returns the value of an attribute, "" if it is absent.
func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
