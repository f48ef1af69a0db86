package model

import (
	"maps"
	"slices"
	"strings"
)

// Mark is a letter or a comment, or both, that the user put on an event.
type Mark struct {
	N       uint64 // the event's number
	Letter  rune   // 0 for none
	Comment string // "" for none
}

// marks are the user's letters and comments: no more than somebody types.
type marks struct {
	letters  map[rune]uint64
	comments map[uint64]string
}

// SetMark puts a letter on the event with number n, and takes it from the event that had it.
func (m *Model) SetMark(letter rune, n uint64) {
	if m.marks.letters == nil {
		m.marks.letters = map[rune]uint64{}
	}
	m.marks.letters[letter] = n
}

// MarkedBy returns the number of the event with the letter, false where none has it.
func (m *Model) MarkedBy(letter rune) (uint64, bool) {
	n, ok := m.marks.letters[letter]
	return n, ok
}

// SetComment puts a comment on the event with number n; "" removes it.
func (m *Model) SetComment(n uint64, text string) {
	if m.marks.comments == nil {
		m.marks.comments = map[uint64]string{}
	}
	if m.marks.comments[n] = text; text == "" {
		delete(m.marks.comments, n)
	}
}

// MarkOf returns the mark of the event with number n; the zero letter and "" where it has none.
func (m *Model) MarkOf(n uint64) Mark {
	mark := Mark{N: n, Comment: m.marks.comments[n]}
	for letter, at := range m.marks.letters {
		if at == n && (mark.Letter == 0 || letter < mark.Letter) {
			mark.Letter = letter
		}
	}
	return mark
}

// Marks returns all marks, in the order of the events.
func (m *Model) Marks() []Mark {
	numbers := slices.Collect(maps.Values(m.marks.letters))
	numbers = slices.AppendSeq(numbers, maps.Keys(m.marks.comments))
	slices.Sort(numbers)
	var all []Mark
	for _, n := range slices.Compact(numbers) {
		all = append(all, m.MarkOf(n))
	}
	return all
}

// Comments returns the marks in words, by the numbers of their events, as in "mark a: the comment".
// The map is the caller's.
func (m *Model) Comments() map[uint64]string {
	words := map[uint64]string{}
	for _, mark := range m.Marks() {
		words[mark.N] = mark.Comment
		if mark.Letter != 0 {
			words[mark.N] = strings.TrimSuffix("mark "+string(mark.Letter)+": "+mark.Comment, ": ")
		}
	}
	return words
}

// Positions returns the positions in the log of the rows so far. The slice is the caller's. It is
// nil while every event is a row.
func (m *Model) Positions() []uint32 {
	if m.all() {
		return nil
	}
	return append([]uint32{}, m.rows...)
}
