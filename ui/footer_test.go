package ui

import "testing"

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
