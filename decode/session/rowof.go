package session

import "github.com/msnscope/msnscope/decode/dialect"

// RowOf returns the row of the command table that describes the event's command, by the role and
// the dialect of the event; nil for opaque bytes and for a command that no table has. Readers of
// captures use it to set [Event.Row].
func RowOf(e *Event) *dialect.Row {
	if e.In.Opaque() {
		return nil
	}
	table := Table(e.Dialect)
	if e.Role.Known() {
		if row := table.Match(e.Dir, e.Role, &e.In); row != nil {
			return row
		}
	}
	if e.Role == dialect.FT {
		return nil
	}
	return table.Match(e.Dir, dialect.Any, &e.In)
}
