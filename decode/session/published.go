package session

import (
	"bytes"
	"encoding/xml"
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
)

// From MSNP19 on, presence is in documents about users, which clients publish and servers pass on:
// headers in three parts, with an empty line after each, and XML.
//
//	Routing: 1.0                       who and to whom
//	From: 1:bob@hotmail.com;epid={…}
//
//	Reliability: 1.0
//
//	Notification: 1.0                  what it is about; Publication in what clients publish
//	Uri: /user
//	NotifType: Full
//	Content-Type: application/user+xml
//
//	<user><s n="IM"><Status>NLN</Status></s><s n="PE"><FriendlyName>Bob</FriendlyName></s></user>
//
// A circle is a contact of a network of its own. It is there once a document about it has come,
// which need not have any content.
const (
	userDocument   = "application/user+xml"
	circleDocument = "application/circles+xml"

	headerParts = 3
)

// The networks of circles and of talks with several users.
const circles, groups = "9", "10"

// document is what a State needs of a document.
type document struct {
	network, from string // whom it is about
	via           bool   // it is about a member of a circle, and tells it only to the others there
	uri, typ      string
	full          bool // it says all, not what has changed
	content       []byte
}

// readDocument reads a payload as far as it has the form of a document.
func readDocument(payload []byte) document {
	var d document
	for range headerParts {
		head, rest, found := bytes.Cut(payload, []byte("\r\n\r\n"))
		for line := range strings.SplitSeq(string(head[:min(len(head), maxListXML)]), "\r\n") {
			d.header(line)
		}
		if payload = rest; !found {
			break
		}
	}
	d.content = payload
	return d
}

func (d *document) header(line string) {
	name, value, _ := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	switch strings.ToLower(name) {
	case "from":
		who, more, _ := strings.Cut(value, ";")
		d.network, d.from, _ = strings.Cut(who, ":")
		d.via = strings.Contains(";"+more, ";via=")
	case "uri":
		d.uri = value
	case "notiftype":
		d.full = strings.EqualFold(value, "Full")
	case "content-type":
		value, _, _ = strings.Cut(value, ";")
		d.typ = strings.ToLower(strings.TrimSpace(value))
	}
}

// user is the content of a document about a user: a service each, and those at one place each.
type user struct {
	Services []service `xml:"s"`
	Places   []service `xml:"sep"`
}

type service struct {
	Name         string `xml:"n,attr"`
	Status       string
	FriendlyName string
}

// read returns the presence and the friendly name that the document gives its user, "" for what it
// does not say.
func (d *document) read() (presence, called string, u user) {
	if xml.Unmarshal(d.content[:min(len(d.content), maxListXML)], &u) != nil {
		return "", "", user{}
	}
	for _, s := range u.Services {
		switch s.Name {
		case "IM":
			presence = s.Status
		case "PE":
			called = s.FriendlyName
		}
	}
	return presence, called, u
}

// publishes handles what a client publishes about its own user. Servers are not known to refuse it.
func (s *State) publishes(e *Event, args *arguments) {
	d := readDocument(args.m.Payload())
	if presence, called, _ := d.read(); d.typ == userDocument && same(d.from, e.User) {
		s.publishedOneself(e, presence, called)
	}
}

func (s *State) publishedOneself(e *Event, presence, called string) {
	if e.User == "" || presence == "" && called == "" {
		return
	}
	u := s.user(e.User)
	if presence != "" {
		u.State, u.Conn = wordIn(dialect.States, []byte(presence)), e.Conn
	}
	if called != "" && len(called) <= maxName {
		u.Name = called
	}
}

// told handles what a server passes on of documents: that somebody published one, or took it back.
func (s *State) told(e *Event, args *arguments) {
	d := readDocument(args.m.Payload())
	if d.from == "" || d.via {
		return
	}
	gone := args.row.Effect(e.Role) == dialect.TakesBack
	presence, called, u := d.read()
	switch {
	case d.typ == circleDocument && (d.network == circles || d.network == groups):
		if presence = online; gone {
			presence = offline
		}
		if gone && strings.Contains(d.uri, "/roster") || !gone && !(d.full && len(d.content) == 0) {
			return // about a member
		}
	case d.typ != userDocument:
		return
	case d.network == thisNetwork && same(d.from, e.User):
		if !gone {
			s.publishedOneself(e, presence, called)
		}
		return
	case gone:
		if presence = ""; len(u.Places) > 0 && u.Places[0].Name == "IM" {
			presence = offline
		}
	}
	if presence == "" && called == "" {
		return
	}
	args.long = args.long || len(called) > maxName
	var name []byte
	if called != "" && len(called) <= maxName {
		name = []byte(called)
	}
	s.sees(e, args.short([]byte(d.from), maxHandle), d.network, name, wordIn(dialect.States, []byte(presence)))
}
