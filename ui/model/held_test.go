package model

import (
	"testing"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
)

// TestHeldLines: held commands are lines below the rows and are selected by their ID; a selection
// that follows the end is on the oldest.
func TestHeldLines(t *testing.T) {
	log := &events{}
	for n := range 3 {
		*log = append(*log, &session.Event{N: uint64(n + 1)})
	}
	m := New(log, Options{Live: true})
	m.Step(1)
	selected := func(want *session.Event) {
		t.Helper()
		if _, e := m.Selected(); e != want {
			t.Errorf("%v is selected, want %v", e, want)
		}
	}
	one, two, three := &session.Event{}, &session.Event{}, &session.Event{}
	m.SetHeld([]edit.Held{{ID: 1, Event: one}, {ID: 2, Event: two}})
	if m.Lines() != 5 || m.Rows() != 3 || m.Line(3) != one || m.Line(2) != (*log)[2] || m.Line(5) != nil {
		t.Errorf("%d lines, %d rows", m.Lines(), m.Rows())
	}
	selected(one) // as it follows
	m.SetHeld([]edit.Held{{ID: 2, Event: two}, {ID: 3, Event: three}})
	selected(two)
	m.Move(1)
	selected(three)
	m.SetHeld([]edit.Held{{ID: 3, Event: three}})
	selected(three)
	m.SetHeld(nil) // it went on: the end of the log is near where it was
	selected((*log)[2])
	m.Select(0)
	m.SetHeld([]edit.Held{{ID: 4, Event: one}})
	selected((*log)[0])
	if _, ok := m.SelectedHeld(); ok {
		t.Error("a held command is selected by itself")
	}
	if !m.SelectHeld(4) || m.SelectHeld(5) {
		t.Error("what is held cannot be selected, or what is not can")
	}
	selected(one)
	m.Move(-1)
	selected((*log)[2])
	m.SetFollow(true)
	selected(one)
}
