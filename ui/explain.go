package ui

import (
	"strconv"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/explain"
)

// kindMeans says in words what a row is that is no command.
var kindMeans = map[session.Kind]string{
	session.Open: "A client opened this TCP connection. Nothing of the protocol has been said yet: its first " +
		"command will tell what kind of server it is for.",
	session.Close: "This TCP connection has ended, in both directions. The text above says which end closed it, " +
		"or that it was reset. A client that leaves says so before (§7.10); the end means the same.",
	session.HalfClose: "One end of this TCP connection sends no more, but still receives. The connection ends when " +
		"the other end has closed its half too.",
	session.Gap: "Something is missing here: bytes that the capture does not have, or events that came faster than " +
		"they could be kept. The text above says what, and how much.",
	session.Note: "A remark of the program or of a person, which was not sent to anybody.",
	session.Wait: "One end has begun a command and not finished it: the line or the payload is not whole yet. The " +
		"other end waits as well.",
}

// explanation adds what the command table says about an event's command.
func (a *App) explanation(s *sheet, e *session.Event) {
	row, plain := e.Row, seg{style: s.t.plain}
	if means := kindMeans[e.Kind]; means != "" {
		a.heading(s, e)
		s.text(means, plainSeg)
		s.blank()
		a.relations(s, e, 12)
		return
	}
	if row == nil {
		a.heading(s, e)
		s.text("Nothing is known about it: no dialect has this command here.", plainSeg)
		return
	}
	title := row.Verb
	if e.In.Verb.Code() != 0 {
		title = e.In.Verb.String()
	}
	s.head(title, "#"+strconv.FormatUint(e.N, 10))
	s.text(meaning(e), func(t *theme) seg { return seg{style: t.bold} })
	s.blank()
	const indent = 12
	for _, fact := range explain.Facts(row) {
		s.pair(indent, fact.Name, fact.Text, plain, "")
	}
	for _, fact := range explain.History(row) {
		s.pair(indent, fact.Name, fact.Text, plain, "")
	}
	a.relations(s, e, indent)
	s.blank()
	if args := explain.Args(row); len(args) > 0 {
		s.add(seg{" Arguments", s.t.title})
		for _, arg := range args {
			s.pair(20, arg.Name, arg.Text, plain, "")
		}
		s.blank()
	}
	s.add(seg{" Example", s.t.title})
	for _, l := range explain.Example(row) {
		s.text(printable(l), func(t *theme) seg { return seg{style: t.plain} })
	}
}
