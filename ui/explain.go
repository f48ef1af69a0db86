package ui

import (
	"strings"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
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
	s.pair(indent, "form", row.Grammar(), plain, "")
	if row.Section != "" {
		s.pair(indent, "section", "§"+row.Section+" of draft-movva-msn-messenger-protocol-00", plain, "")
	} else {
		s.pair(indent, "section", "none: real clients and servers have it, the draft does not", plain, "")
	}
	s.pair(indent, "sent by", a.way(e)+", at "+row.Roles.String(), plain, "")
	s.pair(indent, "TrID", tridRule(row.TrID), plain, "")
	if len(row.Replies) > 0 {
		s.pair(indent, "answered by", strings.Join(row.Replies, ", ")+", or an error", plain, "")
	}
	a.relations(s, e, indent)
	s.blank()
	if len(row.Args) > 0 {
		s.add(seg{" Arguments", s.t.title})
		for _, arg := range row.Args {
			s.pair(20, arg.Name, argRule(arg), plain, kindNames[arg.Kind])
		}
		s.blank()
	}
	s.add(seg{" Example", s.t.title})
	for _, l := range strings.Split(strings.TrimRight(row.Example, "\r\n"), "\n") {
		s.text(printable(strings.TrimSuffix(l, "\r")), func(t *theme) seg { return seg{style: t.plain} })
	}
}

func tridRule(r dialect.TrID) string {
	switch r {
	case dialect.New:
		return "a number that the client chooses"
	case dialect.Echo:
		return "the number of the request"
	case dialect.EchoZero:
		return "the number of the request, 0 where nobody asked"
	case dialect.Perhaps:
		return "the number of the request, none where nobody asked"
	}
	return "none"
}

func argRule(arg dialect.Arg) string {
	var words []string
	switch {
	case arg.Is != "":
		words = append(words, "the word "+arg.Is)
	case len(arg.Values) > 0:
		words = append(words, strings.Join(arg.Values, ", "))
	}
	if arg.Optional {
		words = append(words, "may be absent")
	}
	if arg.Many {
		words = append(words, "may repeat")
	}
	return strings.Join(words, "; ")
}
