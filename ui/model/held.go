package model

import (
	"fmt"
	"slices"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
)

// SetHeld sets the commands that are held now, the oldest first. They are shown below the rows,
// whatever the filter, and can be selected like them. A selection that follows the end is on the
// oldest of them as long as that is held.
func (m *Model) SetHeld(held []edit.Held) {
	m.held = held
	switch {
	case m.follow:
		m.followHeld()
	case m.waiting != 0 && m.heldIndex() < 0: // it went on: stay near the end, where it was
		m.waiting, m.selected = 0, max(0, m.end()-1)
	}
}

func (m *Model) followHeld() {
	if m.waiting = 0; len(m.held) > 0 {
		m.waiting = m.held[0].ID
	}
}

// heldIndex returns the index of the selected command among the held ones, -1 where none of them is
// selected.
func (m *Model) heldIndex() int {
	if m.waiting == 0 {
		return -1
	}
	return slices.IndexFunc(m.held, func(h edit.Held) bool { return h.ID == m.waiting })
}

// Held returns the held commands that SetHeld got last, the oldest first. The slice is the model's.
func (m *Model) Held() []edit.Held { return m.held }

// SelectedHeld returns the held command that is selected, false where none is.
func (m *Model) SelectedHeld() (edit.Held, bool) {
	if i := m.heldIndex(); i >= 0 {
		return m.held[i], true
	}
	return edit.Held{}, false
}

// SelectHeld selects the held command with the ID, and reports whether it is still held.
func (m *Model) SelectHeld(id uint64) bool {
	if !slices.ContainsFunc(m.held, func(h edit.Held) bool { return h.ID == id }) {
		return false
	}
	m.follow, m.waiting = false, id
	return true
}

// Lines returns the number of rows together with the held commands below them.
func (m *Model) Lines() int { return m.Rows() + len(m.held) }

// Line returns the event of row i or of the held command below the rows, nil where there is none.
func (m *Model) Line(i int) *session.Event {
	if h, ok := m.HeldLine(i); ok {
		return h.Event
	}
	return m.Row(i)
}

// HeldLine returns the held command on line i, false where that is a row.
func (m *Model) HeldLine(i int) (edit.Held, bool) {
	if i -= m.Rows(); i >= 0 && i < len(m.held) {
		return m.held[i], true
	}
	return edit.Held{}, false
}

// HeldFor says for how long a command has been held.
func HeldFor(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Truncate(time.Second).String()
}

// HeldNote says what will become of a held command by itself, "" for nothing.
func HeldNote(h edit.Held, now time.Time) string {
	switch {
	case h.Gone:
		return Sender(h) + " has hung up"
	case !h.Until.IsZero():
		return fmt.Sprintf("goes on in %ds", max(0, int(h.Until.Sub(now).Seconds())))
	}
	return ""
}
