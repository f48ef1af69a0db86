package ui

import (
	"fmt"
	"slices"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/ui/model"
)

// stateIndent is the column at which the values of the state pane begin.
const stateIndent = 14

// stateOf adds the state after an event: its user and its connection as they were then.
func (a *App) stateOf(s *sheet, e *session.Event) {
	state := a.model.State(e.N)
	s.head(fmt.Sprintf("State as of #%d", e.N), called(e))
	if state.N < e.N {
		s.warn(fmt.Sprintf("The log is read up to #%d only; this is the state there.", state.N))
	}
	if state.Partial {
		s.warn("Partial: there was too much to keep all of it, or a list changed by what was not seen or not " +
			"readable.")
	}
	if e.Conn == 0 {
		s.warn("The event belongs to no connection.")
		return
	}
	for i, f := range slices.Concat(model.UserFacts(state, e.User), model.ConnFacts(state, e)) {
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
