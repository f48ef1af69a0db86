package ui

import (
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
)

// TestFooterFollowsTheFocus: it shows the keys of the pane that they go to, in any width the first
// of them and the way out; those that act on live traffic only where there is some.
func TestFooterFollowsTheFocus(t *testing.T) {
	b := open(t, 80, 24, talk())
	b.shows(" F1 Help  Enter Open  F3 Filter  V Talk  J Jump  F2 Save  q Quit")
	b.hides("i Hold")
	b.press("4")
	b.shows("F6 Bytes", "q Quit")
	b.hides("J Jump")
	b.press("1")
	b.shows("F1 Help  Enter Open  V Talk")
	b.resize(40, 12)
	b.shows(" F1 Help  Enter Open")
	s := newScript()
	s.talk()
	b = open(t, 80, 24, Options{Log: s.log, Live: true, Steering: &controls{}})
	b.shows("i Hold", "q Quit")
}

// TestFooterOfALesson: on a lesson's page it shows what the keys do there.
func TestFooterOfALesson(t *testing.T) {
	b := open(t, 100, 30, firstLesson(t))
	b.shows(" F1 Help  Enter Go on  ] Next  [ Before  q Quit  2 Commands")
	b.press("2")
	b.shows(" F1 Help  Enter Open  F3 Filter")
}

// TestFooterOfStatistics: they have their keys on their frame, and those of the list do nothing.
func TestFooterOfStatistics(t *testing.T) {
	b := open(t, 140, 42, talk())
	b.press("S")
	b.shows("h l sort by")
	b.hides("J Jump")
	b.handle(tcell.NewEventMouse(50, 20, tcell.Button1, tcell.ModNone))
	b.handle(tcell.NewEventMouse(50, 20, tcell.ButtonNone, tcell.ModNone))
	b.press("S")
	if row, _ := b.model.Selected(); row != 0 {
		t.Errorf("a click went through them to row %d", row)
	}
}

// TestLongTitleIsCut: in a narrow window the title ends with an ellipsis, not within a word beside
// the figures.
func TestLongTitleIsCut(t *testing.T) {
	o := talk()
	o.Title = func() string { return "127.0.0.1:1863 → some.long.name.example.org:1863" }
	b := open(t, 80, 24, o)
	if got := b.glass.line("msnscope"); !strings.Contains(got, "… sess 3") {
		t.Errorf("the first line is %q", got)
	}
}
