package ui

import (
	"fmt"
	"strconv"

	"github.com/msnscope/msnscope/decode/session"
)

// jump goes to the event that belongs to the selected one, by a menu if there are several.
func (a *App) jump() {
	e := a.selectedEvent()
	if e == nil {
		return
	}
	var items []item
	for _, l := range a.model.Links(e) {
		if o := a.model.Event(l.To); o != nil {
			items = append(items, item{
				pad(l.Name, 12, "") + " #" + strconv.FormatUint(o.N, 10) + " " + called(o) + " " + says(o),
				placeOf(o), func() { a.showEvent(o.N) },
			})
		}
	}
	if len(items) == 0 {
		a.say("#%d leads nowhere: it has no request, answer, cause or consequence here", e.N)
		return
	}
	a.choose(fmt.Sprintf("From #%d %s", e.N, called(e)), items)
}

// placeOf returns the connection of an event and its user, "" without a connection.
func placeOf(e *session.Event) string {
	if e.Conn == 0 {
		return ""
	}
	return connName(e) + " " + shortName(printable(e.User))
}

// showEvent selects an event. It takes away what hides the event, the filter included.
func (a *App) showEvent(n uint64) {
	a.to(listPane)
	if !a.model.Show(n) && a.filter != "" {
		hidden := a.filter
		a.commandFilter("")
		a.model.Show(n)
		a.say("the filter %s hid #%d and is off: / and Up bring it back", hidden, n)
	}
	if a.face == talkFace && a.model.Talk() == 0 {
		a.face = a.before
	}
}
