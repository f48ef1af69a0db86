package eventlog

import (
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
)

// TestEveryRowIsStored checks that an event comes back with its row, whichever dialect that is of:
// errors share a row in each dialect, and opaque bytes have none.
func TestEveryRowIsStored(t *testing.T) {
	var all []*session.Event
	add := func(row *dialect.Row, raw string, why decode.Reason) {
		e := &session.Event{
			N: uint64(len(all) + 1), Time: sessiontest.Start, Conn: 1, Dir: decode.FromServer, Row: row,
			In: decode.Blob([]byte(raw), why),
		}
		if e.Flags = session.Opaque; row != nil {
			e.In = decode.Parse([]byte(raw), row.Dir, decode.KnownTrID(row.TrID != dialect.None))
			e.Dir, e.Flags = row.Dir, 0
		}
		all = append(all, e)
	}
	for _, table := range dialect.All() {
		rows := table.Rows()
		for i := range rows {
			if rows[i].Verb != "###" {
				add(&rows[i], rows[i].Example, 0)
				continue
			}
			for _, raw := range []string{"218 5\r\n", "000\r\n", "999 7 5\r\nhello"} {
				add(&rows[i], raw, 0)
			}
		}
	}
	for why := decode.EmptyLine; why.String() != decode.Reason(255).String(); why++ {
		add(nil, "no command\r\n", why)
	}
	l := logOf(t, all)
	sessiontest.Want(t, l.At, l.Len(), all)
}
