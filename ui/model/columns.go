package model

import (
	"slices"
	"strconv"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
)

// Column is a column of the list. How wide it is, and in which colours, is up to the screen.
type Column struct {
	Name, Title, Help string
	// Right says that its texts are numbers, which end at the right.
	Right bool
	// Text returns the printable text of line i, on which e is.
	Text func(m *Model, i int, e *session.Event) string
	// Key is what the rows are sorted by.
	Key func(e *session.Event) Key
}

// Columns returns all columns but the last, in their usual order. The last is the summary, which
// takes the room that the others leave: see [Says].
func Columns() []Column {
	return []Column{
		{"number", "#", "the number of the event", true, numberOf, byNumber},
		{"time", "+time", "seconds since the beginning", true, sinceStart, byNumber},
		{"clock", "clock", "the time of day", false, clockOf, byNumber},
		{"delta", "delta", "seconds since the row above", true, sinceAbove, byNumber},
		{"conn", "conn", "the connection, by its role and number", false, connOf, byConn},
		{
			"user", "user", "the user of the connection", false, userOf,
			byText(func(e *session.Event) string { return e.User }),
		},
		{
			"session", "session", "the switchboard session", false, sessionOf,
			byText(func(e *session.Event) string { return e.Session }),
		},
		{
			"dialect", "dialect", "the dialect", false, dialectOf,
			byText(func(e *session.Event) string { return e.Dialect }),
		},
		{"dir", " ", "an arrow to the server or to the client", false, arrowOf, byDir},
		{
			"cmd", "cmd", "the command", false, verbOf,
			byText(func(e *session.Event) string { return e.In.Verb.String() }),
		},
		{"size", "size", "bytes on the wire", true, sizeOf, bySize},
		{"rtt", "rtt", "how long the answer took", true, rttOf, byRTT},
	}
}

// ColumnNamed returns the column with the name, false where there is none.
func ColumnNamed(name string) (Column, bool) {
	all := Columns()
	i := slices.IndexFunc(all, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return all[i], true
}

// UsualColumns are those of a list for which nobody has chosen others.
func UsualColumns() []string { return []string{"number", "time", "conn", "user", "dir", "cmd"} }

func numberOf(_ *Model, _ int, e *session.Event) string { return strconv.FormatUint(e.N, 10) }

func sinceStart(m *Model, _ int, e *session.Event) string { return Since(e.Time.Sub(m.Start())) }

func clockOf(_ *Model, _ int, e *session.Event) string { return e.Time.Local().Format("15:04:05.000") }

func sinceAbove(m *Model, i int, e *session.Event) string {
	above := m.Line(i - 1)
	if above == nil {
		return ""
	}
	return Since(e.Time.Sub(above.Time))
}

func connOf(_ *Model, _ int, e *session.Event) string {
	if e.Conn == 0 {
		return ""
	}
	return ConnName(e)
}

func userOf(_ *Model, _ int, e *session.Event) string { return format.Printable(e.User) }

func sessionOf(_ *Model, _ int, e *session.Event) string { return format.Printable(e.Session) }

func dialectOf(_ *Model, _ int, e *session.Event) string { return format.Printable(e.Dialect) }

func arrowOf(_ *Model, _ int, e *session.Event) string {
	switch {
	case e.Kind != session.Command:
		return ""
	case e.Dir == decode.FromClient:
		return "→"
	}
	return "←"
}

func verbOf(_ *Model, _ int, e *session.Event) string {
	switch {
	case e.Kind != session.Command:
		return "──"
	case e.In.Opaque():
		return "???"
	}
	return e.In.Verb.String()
}

func sizeOf(_ *Model, _ int, e *session.Event) string {
	if e.Kind != session.Command {
		return ""
	}
	return Thousands(len(e.In.Raw))
}

func rttOf(_ *Model, _ int, e *session.Event) string {
	if e.ReplyTo == 0 {
		return ""
	}
	return Short(e.RTT)
}

func byNumber(e *session.Event) Key { return Key{Number: int64(e.N)} }
func byConn(e *session.Event) Key   { return Key{Number: int64(e.Conn)} }
func byDir(e *session.Event) Key    { return Key{Number: int64(e.Dir)} }
func bySize(e *session.Event) Key   { return Key{Number: int64(len(e.In.Raw))} }
func byRTT(e *session.Event) Key    { return Key{Number: int64(e.RTT)} }

func byText(text func(e *session.Event) string) func(e *session.Event) Key {
	return func(e *session.Event) Key { return Key{Text: text(e)} }
}
