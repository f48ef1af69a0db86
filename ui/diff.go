package ui

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/ui/model"
)

// sideBySide is the least width of the pane at which two commands stand beside each other; below it
// they stand under each other.
const sideBySide = 70

// difference adds the comparison that fits the event: the two commands that were selected, the
// command as it came and as it was sent on, or a request and its answers.
func (a *App) difference(s *sheet, e *session.Event) {
	if one, two := a.model.Event(a.compared[0]), a.model.Event(a.compared[1]); one != nil && two != nil {
		s.compare(numbered(one), numbered(two), model.Parts(one, false), model.Parts(two, false))
		return
	}
	if e.Out != nil {
		s.compare("received", s.t.g.rewritten+" sent on", model.Parts(e, false), model.Parts(e, true))
		return
	}
	x, _ := a.model.Transaction(e.N)
	request := a.model.Event(x.Request)
	if request == nil || len(x.Replies) == 0 {
		s.text("Nothing was changed in it, and no answer belongs to it.", plainSeg)
		s.blank()
		s.text("Space selects a command; = compares the two that were selected last.", plainSeg)
		return
	}
	for _, n := range x.Replies[:min(maxAnswers, len(x.Replies))] {
		if reply := a.model.Event(n); reply != nil {
			took := s.t.g.reply + " " + short(reply.Time.Sub(request.Time))
			s.compare(numbered(request), numbered(reply)+" "+took,
				model.Parts(request, false), model.Parts(reply, false))
			s.blank()
		}
	}
	if more := len(x.Replies) - maxAnswers; more > 0 {
		s.add(seg{fmt.Sprintf(" and %s more answers", thousands(more)), s.t.dim})
	}
}

// numbered names an event by its number and its name.
func numbered(e *session.Event) string {
	return "#" + strconv.FormatUint(e.N, 10) + " " + called(e)
}

func plainSeg(t *theme) seg { return seg{style: t.plain} }

// compare adds two commands, part by part. What differs stands out, and has a sign.
func (s *sheet) compare(one, two string, a, b []model.Part) { s.table(model.Compare(a, b), one, two) }

// table adds the rows of a comparison.
func (s *sheet) table(rows []model.Difference, one, two string) {
	same := 0
	name := len("command")
	for _, r := range rows {
		name = min(max(name, len(r.Name)), 18)
		if r.Same() {
			same++
		}
	}
	if same == len(rows) {
		s.add(seg{" no difference", s.t.good})
	}
	if s.width < sideBySide {
		s.add(seg{" - " + one, s.t.client}, seg{"   + " + two, s.t.server})
		for _, r := range rows {
			s.under(&r, name)
		}
		return
	}
	column := (s.width - name - 6) / 2
	s.add(seg{strings.Repeat(" ", name+4), s.t.dim}, seg{pad(one, column+1, s.t.g.ellipsis), s.t.title},
		seg{two, s.t.title})
	for _, r := range rows {
		s.beside(&r, name, column)
	}
}

// value returns a value of a comparison, printable.
func value(v *string) string {
	if v == nil {
		return ""
	}
	return printable(*v)
}

// beside adds a part of both commands in two columns.
func (s *sheet) beside(r *model.Difference, name, column int) {
	sign, style := "  ", s.t.plain
	if !r.Same() {
		sign, style = "! ", s.t.mark
	}
	label := pad(printable(r.Name), name, s.t.g.ellipsis)
	left, right := wrap(value(r.A), column), wrap(value(r.B), column)
	for i := range max(len(left), len(right)) {
		s.add(seg{" " + sign, style}, seg{label + " ", s.t.label}, seg{pad(at(left, i), column+1, ""), style},
			seg{at(right, i), style})
		sign, label = "  ", strings.Repeat(" ", name)
	}
}

// under adds a part of both commands: once where they agree, else in two lines.
func (s *sheet) under(r *model.Difference, name int) {
	if r.Same() {
		s.pair(name+2, "  "+printable(r.Name), value(r.A), seg{style: s.t.plain}, "")
		return
	}
	if r.A != nil {
		s.pair(name+2, "- "+printable(r.Name), value(r.A), seg{style: s.t.client}, "")
	}
	if r.B != nil {
		s.pair(name+2, "+ "+printable(r.Name), value(r.B), seg{style: s.t.server}, "")
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}
