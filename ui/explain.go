package ui

import (
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/explain"
)

// explain shows what the table says about the selected command.
func (a *App) explain() {
	_, e := a.model.Selected()
	if e == nil || e.Row == nil {
		a.say("nothing is known about this row")
		return
	}
	title := e.Row.Verb
	if e.In.Verb.Code() != 0 {
		title = e.In.Verb.String()
	}
	a.show("Explain "+title, func(width int) lines {
		s := &sheet{width: width, t: &a.theme}
		a.explanation(s, e)
		return s.lines
	})
}

func (a *App) explanation(s *sheet, e *session.Event) {
	row, plain := e.Row, seg{style: s.t.plain}
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
