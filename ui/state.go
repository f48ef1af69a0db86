package ui

import (
	"fmt"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/ui/model"
)

// stateIndent is the column at which the values of the state pane begin.
const stateIndent = 14

// stateOf adds the state after an event: its user and its connection as they were then.
func (a *App) stateOf(s *sheet, e *session.Event) {
	s.head(fmt.Sprintf("State as of #%d", e.N), called(e))
	all, warnings := a.model.StateFacts(e)
	for _, w := range warnings {
		s.warn(w)
	}
	for i, f := range all {
		if i > 0 && f.Kind == model.FactHead {
			s.blank()
		}
		s.fact(f)
	}
}

func (s *sheet) warn(text string) {
	s.text(text, func(t *theme) seg { return seg{style: t.mark} })
	s.blank()
}

func (s *sheet) head(title, note string) {
	s.add(seg{" " + title, s.t.title}, seg{"  " + note, s.t.dim})
}

// fact adds one line of a state.
func (s *sheet) fact(f model.Fact) {
	name, value, note := printable(f.Name), printable(f.Value), printable(f.Note)
	switch f.Kind {
	case model.FactHead:
		s.head(name, note)
	case model.FactUnknown:
		if value = "unknown"; note != "" {
			value += ": " + note
		}
		s.pair(stateIndent, name, value, seg{style: s.t.dim}, "")
	case model.FactPerson:
		s.pair(4, name, value, seg{style: s.t.plain}, note)
	default:
		s.pair(stateIndent, name, value, seg{style: s.t.plain}, note)
	}
}
