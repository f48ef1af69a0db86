package model

import (
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
)

// SaidKind is the kind of a line of a conversation.
type SaidKind uint8

// The kinds of lines.
const (
	SaidText   SaidKind = iota // somebody wrote Text
	SaidOther                  // somebody sent something other than text; Text says what
	SaidTyping                 // somebody was typing, Times times
	SaidCame                   // Who is in the session
	SaidCalled                 // Who is called into the session
	SaidWent                   // Who has left
	SaidLost                   // the text could not be delivered
	SaidError                  // a request failed; Text is the error's name, Who the user whom it was about, if any
	SaidEvent                  // the connection has ended, or something is missing; Text says what
)

// Said is one line of a conversation. Its texts are from the wire.
type Said struct {
	Kind SaidKind
	// Who is the handle of the user who wrote, came or went. Own says that it is the connection's
	// own user.
	Who string
	Own bool
	// Text is what was written, with its line ends.
	Text string
	// Font, Effects and Colour say how the writer wanted the text to look, each "" if not said:
	// effects such as "bold, italic", the colour as #rrggbb.
	Font, Effects, Colour string
	// Failed says that the server could not deliver it.
	Failed bool
	Times  int
}

// SetTalk limits the rows to the conversation of one connection: texts, users who come and go,
// texts that were not delivered, and one row for each run of typing notices. The filter and the
// scope have no effect until EndTalk. The selection stays if it is on the connection, and otherwise
// moves to the connection's first event.
func (m *Model) SetTalk(conn int) {
	_, e := m.Selected()
	c := m.tree.conns[conn]
	switch {
	case e != nil && e.Conn == conn:
		m.selected = m.numbered(e.N)
	case c != nil:
		m.selected, m.follow = c.first, false
	}
	m.endSearch()
	m.talk, m.talkFilter = conn, filterOf(conn)
	m.rewind(0)
	if c != nil {
		m.judged = min(c.first, m.learned) // nothing of it is before its first event
	}
}

// EndTalk shows again the rows that were shown before SetTalk.
func (m *Model) EndTalk() {
	m.endSearch()
	m.talk = 0
	m.rewind(0)
}

// Talk returns the connection whose conversation is shown, 0 for none.
func (m *Model) Talk() int { return m.talk }

// talks reports whether an event is a line of a conversation.
func talks(e *session.Event) bool {
	switch {
	case e.Kind != session.Command:
		return e.Kind != session.Open && e.Kind != session.HalfClose
	case e.In.Payload() != nil || e.In.Opaque() || e.Flags&session.Error != 0:
		return true
	case e.Row == nil:
		return false
	}
	switch e.Row.Effect(e.Role) {
	case dialect.Enters, dialect.IsThere, dialect.Leaves, dialect.Calls, dialect.Fails:
		return true
	}
	return false
}

// filterOf returns a filter for the events of a connection, with which a big log is searched on all
// cores.
func filterOf(conn int) *filter.Filter {
	f, err := filter.Compile("conn == " + strconv.Itoa(conn))
	if err != nil { // the field is in the language
		return nil
	}
	return f
}

// Said returns the line of row i in a conversation.
func (m *Model) Said(i int) Said {
	e := m.Row(i)
	if e.Kind != session.Command {
		return Said{Kind: SaidEvent, Text: e.Text}
	}
	s := Said{Who: e.User, Own: true}
	if e.Dir == decode.FromServer {
		s.Who, s.Own = "", false
	}
	if e.Row != nil {
		if who := e.Row.Find(&e.In, dialect.Handle); who != nil {
			s.Who = string(who)
			s.Own = strings.EqualFold(s.Who, e.User)
		}
	}
	switch n, fold := m.Run(i); {
	case fold == session.Typing:
		s.Kind, s.Times = SaidTyping, n
	case e.Flags&session.Error != 0:
		s.Kind, s.Text = SaidError, decode.ErrorName(e.In.Verb.Code())
		if r := m.Event(e.ReplyTo); r != nil && r.Row != nil {
			s.Who = string(r.Row.Find(&r.In, dialect.Handle))
		}
	case e.In.Payload() != nil:
		s.wrote(m, e)
	case e.In.Opaque():
		s.Kind, s.Text = SaidEvent, strconv.Itoa(len(e.In.Raw))+" bytes that are no command"
	default:
		s.happened(m, e)
	}
	return s
}

// happened fills in the line of a command without a payload.
func (s *Said) happened(m *Model, e *session.Event) {
	if e.Row == nil {
		return
	}
	switch e.Row.Effect(e.Role) {
	case dialect.Enters:
		s.Kind, s.Who, s.Own = SaidCame, e.User, true
	case dialect.IsThere:
		s.Kind = SaidCame
	case dialect.Leaves:
		s.Kind = SaidWent
	case dialect.Calls:
		s.Kind = SaidCalled
	case dialect.Fails:
		s.Kind, s.Who, s.Own = SaidLost, e.User, true
		if request := m.Event(e.ReplyTo); request != nil && request.Conn == e.Conn {
			s.Text = textOf(request)
		}
	}
}

// wrote fills in the line of a message.
func (s *Said) wrote(m *Model, e *session.Event) {
	b := body.Parse(e.In.Payload())
	if whole, ok := m.Whole(e); ok {
		b = whole
	}
	x, _ := m.Transaction(e.N)
	s.Failed = s.Own && x.Request == e.N && x.Outcome == session.Failed
	if !b.Readable() {
		s.Kind, s.Text = SaidOther, b.Title()
		return
	}
	s.Kind = SaidText
	s.Text, _ = b.Text()
	for _, f := range b.Describe() {
		_, part, _ := strings.Cut(f.Name, ".")
		switch part {
		case "FN":
			s.Font = f.Value
		case "EF":
			s.Effects = f.Value
		case "CO":
			s.Colour = f.Value
		}
	}
	if s.Effects == "none" {
		s.Effects = ""
	}
}

// textOf returns the text of a message, or a description of a message that is no text.
func textOf(e *session.Event) string {
	b := body.Parse(e.In.Payload())
	if text, _ := b.Text(); b.Readable() {
		return text
	}
	return b.Title()
}
