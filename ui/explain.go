package ui

import (
	"strconv"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/explain"
)

// explanation adds what the command table says about an event's command.
func (a *App) explanation(s *sheet, e *session.Event) {
	row, plain := e.Row, seg{style: s.t.plain}
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
