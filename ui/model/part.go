package model

import (
	"iter"
	"slices"

	"github.com/msnscope/msnscope/decode/session"
)

// Forms returns the forms in which events are saved, each with the extension of its files. Files of
// the first form can be opened again.
func Forms() [][2]string {
	return [][2]string{{"pcapng", "pcapng"}, {"jsonl", "jsonl"}, {"text", "txt"}, {"C:/S:", "cs"}}
}

// The parts of the log that can be saved.
const (
	SaveAll      = "all"
	SaveFiltered = "filtered"
	SaveSelected = "selected"
)

// Part returns the events of a part of the log as it is now, nil where there are none. They may be
// read on any goroutine.
func (m *Model) Part(what string) iter.Seq[*session.Event] {
	log, rows := m.log, m.Positions()
	switch {
	case what == SaveSelected:
		return m.chosen()
	case what == SaveFiltered && rows != nil:
		return func(yield func(*session.Event) bool) {
			for _, i := range rows {
				if !yield(log.At(int(i))) {
					return
				}
			}
		}
	}
	n := log.Len()
	return func(yield func(*session.Event) bool) {
		for i := range n {
			if !yield(log.At(i)) {
				return
			}
		}
	}
}

// chosen returns the events that are picked, in the order of the log, or the selected one; nil
// where there is none.
func (m *Model) chosen() iter.Seq[*session.Event] {
	var events []*session.Event
	for _, n := range slices.Sorted(slices.Values(m.picks)) {
		if e := m.Event(n); e != nil {
			events = append(events, e)
		}
	}
	if _, e := m.Selected(); len(events) == 0 && e != nil && e.N != 0 {
		events = append(events, e)
	}
	if len(events) == 0 {
		return nil
	}
	return slices.Values(events)
}
