package server

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// request is a client's command that its row of the table admitted.
type request struct {
	m *decode.Message
	// guess is what probably is the TrID of a line that framing could not parse.
	guess string
}

// id returns the TrID digit for digit as the client wrote it, "" where the command has none.
func (r *request) id() string {
	if r.m.HasTrID {
		return string(r.m.TrIDText())
	}
	return r.guess
}

// arg returns argument i, "" where there is none.
func (r *request) arg(i int) string { return string(r.m.Arg(i)) }

// form identifies a row of a client's command: its verb and its fixed words.
type form struct{ verb, words string }

// handler says how the server answers one form of a command.
type handler struct {
	do func(*conn, *request)
	// surplus is how many arguments beyond the row's maximum real servers accepted.
	surplus int
	// joins says that the handler collects what the other members are to get, so that a run of such
	// commands is relayed in one go. Before any other command, the collected ones are relayed.
	joins bool

	min, max int // number of arguments that the row allows; max is -1 for any number
}

// handlers has a handler for each row of a client's command in the tables of MSNP2 to MSNP7; a test
// checks that it is complete.
var handlers = map[form]handler{
	{"VER", ""}:  {do: (*conn).ver}, // dispatch.go
	{"INF", ""}:  {do: (*conn).inf},
	{"USR", "I"}: {do: (*conn).usrInitiate},
	{"CVQ", ""}:  {do: (*conn).cvq},
	{"OUT", ""}:  {do: (*conn).outCommand},

	{"USR", "S"}:  {do: (*conn).usrRespond}, // notification.go
	{"CHG", ""}:   {do: (*conn).chg},
	{"XFR", "SB"}: {do: (*conn).xfr},

	{"SYN", ""}: {do: (*conn).syn}, // property.go
	{"LST", ""}: {do: (*conn).lst},
	{"GTC", ""}: {do: (*conn).gtc},
	{"BLP", ""}: {do: (*conn).blp},
	{"ADD", ""}: {do: (*conn).add},
	{"REM", ""}: {do: (*conn).rem, surplus: 1},

	{"USR", ""}: {do: (*conn).usrCookie}, // switchboard.go
	{"ANS", ""}: {do: (*conn).ans},
	{"CAL", ""}: {do: (*conn).cal},
	{"MSG", ""}: {do: (*conn).msg, joins: true},

	{"CVR", ""}: {do: (*conn).cvr}, // extension.go
	{"REA", ""}: {do: (*conn).rea},
	{"URL", ""}: {do: (*conn).url},
	{"FND", ""}: {do: (*conn).fnd},
	{"SND", ""}: {do: (*conn).snd},
	{"PNG", ""}: {do: (*conn).png},

	{"IMS", ""}: {do: (*conn).ims}, // version.go
	{"SDC", ""}: {do: (*conn).sdc},
	{"PRP", ""}: {do: (*conn).prp}, // phone.go
	{"PAG", ""}: {do: (*conn).pag},
	{"CHL", ""}: {do: (*conn).chl}, // challenge.go
	{"QRY", ""}: {do: (*conn).qry},
	{"LSG", ""}: {do: (*conn).lsg}, // group.go
	{"ADG", ""}: {do: (*conn).adg},
	{"RMG", ""}: {do: (*conn).rmg},
	{"REG", ""}: {do: (*conn).reg},
}

// byRow returns the handlers by the IDs of the rows of every dialect's table. That of a row which
// the server does not handle does nothing.
var byRow = sync.OnceValue(func() []handler {
	all := make([]handler, len(rows()))
	for id, row := range rows() {
		if id == 0 || row.Dir != decode.FromClient {
			continue
		}
		if h, ok := handlers[form{row.Verb, row.Form()}]; ok {
			h.min, h.max = row.Min(), row.Max()
			all[id] = h
		}
	}
	return all
})

// serve answers one message of the client. A client that was referred elsewhere gets no more
// answers (§7.4).
func (c *conn) serve(w *work) {
	m, r := &w.m, &w.r
	if c.user.referred {
		return
	}
	if m.Opaque() {
		c.serveOpaque(m)
		return
	}
	if c.s.o.Scripts != nil && !c.scripted(w) {
		return
	}
	r.m, r.guess = m, ""
	if m.Verb != w.verb || c.table != w.table || !m.InCapitals() {
		if !m.InCapitals() || !c.knows(m.Verb) {
			c.unknown()
			c.fail(r, unknownCommand)
			return
		}
		w.verb, w.table = m.Verb, c.table
	}
	row := c.table.Match(decode.FromClient, c.role, m)
	if row == nil {
		c.unknown()
		c.fail(r, wrongServer)
		return
	}
	if row != w.row {
		w.count(&c.s.counts)
		w.row, w.h = row, c.s.byRow[row.ID()]
	}
	if w.run == 0 {
		w.role = c.role // which the command may change
	}
	w.run++
	if !w.h.joins {
		c.relay()
	}
	if c.admit(row, &w.h, r) {
		w.h.do(c, r)
	}
}

// knows reports whether the dialect has the verb and this server handles it.
func (c *conn) knows(v decode.Verb) bool {
	rows := c.table.Of(decode.FromClient, v)
	i := slices.IndexFunc(rows, func(r *dialect.Row) bool { return r.Roles&dialect.Any != 0 })
	return i >= 0 && (!rows[i].Extension || c.s.set.Extensions)
}

// serveOpaque answers bytes that are no command. It ignores an empty line, and answers a line that
// looks like a request with a TrID as a syntax error; after anything else the stream can no longer
// be understood.
func (c *conn) serveOpaque(m *decode.Message) {
	r := &request{m: m}
	if words := bytes.Fields(m.Line()[:min(len(m.Line()), 64)]); len(words) > 1 {
		if _, err := strconv.ParseUint(string(words[1]), 10, 32); err == nil {
			r.guess = string(words[1])
		}
	}
	switch {
	case c.stranger() && isHeader(m.Raw):
		c.kill(fmt.Errorf("%w: %s is no trusted proxy", errHeader, addrString(c.client)))
	case m.Why == decode.EmptyLine:
	case m.Why == decode.OutOfStep && c.again(m):
	case m.Why == decode.NoVerb && r.id() != "":
		c.fail(r, syntax)
	default:
		c.fail(r, unframed)
	}
}

// again serves a whole line that framing skipped as part of a message because the line before it
// was no command: people who type to a server start their commands at the beginning of a line. It
// reports false, and serves nothing, where the command would have a payload.
func (c *conn) again(m *decode.Message) bool {
	whole := decode.Parse(m.Raw, decode.FromClient, c.table)
	payload := c.table.Shape(decode.FromClient, whole.Verb).Payload
	if whole.Opaque() || payload != decode.NoPayload || !bytes.HasSuffix(m.Raw, []byte{'\n'}) {
		return false
	}
	w := &work{m: whole}
	c.serve(w)
	w.count(&c.s.counts)
	return true
}

// admit checks the preconditions that the row states: TrID, number of arguments, state, values.
// Where one fails, it answers the request and returns false.
func (c *conn) admit(row *dialect.Row, h *handler, r *request) bool {
	f := none
	switch n := r.m.NumArgs(); {
	case row.TrID == dialect.New && !r.m.HasTrID:
		f = unframed // there is no TrID to answer: this is hardly a request of our protocol
	case n < h.min:
		f = missingArgs
	case c.state&row.When == 0:
		return c.refuse(row, r)
	default:
		f = misfit(row, r.m)
		if f == none && c.s.set.CloseSurplus && h.max >= 0 && n > h.max+h.surplus {
			c.finish()
			return false
		}
	}
	if f != none {
		c.fail(r, f)
	}
	return f == none
}

// refuse answers a command that is not legal in the connection's state, and returns false.
func (c *conn) refuse(row *dialect.Row, r *request) bool {
	switch {
	case !c.stranger() && row.Refuse != 0:
		c.sendError(row.Refuse, r.id())
	case c.stranger() && row.When&(dialect.Logon|dialect.Waiting) == 0:
		c.fail(r, beforeLogon)
	default:
		c.fail(r, unexpected)
	}
	return false
}

// fail answers a failed request with what the preset has for f: an error, the end of the
// connection, or both.
func (c *conn) fail(r *request, f failure) {
	a := c.s.set.answers()[f]
	if a.code != 0 {
		c.sendError(a.code, r.id())
	}
	if a.close {
		c.finish()
	}
}

// failErr answers a request for which the store, the hub or the random source returned err.
func (c *conn) failErr(r *request, err error) {
	if errors.Is(err, ErrReplaced) {
		return // this connection is about to end
	}
	f := failureOf(err)
	if f == storeFailed {
		c.logOften(slog.LevelError, "the store failed", "command", r.m.Verb.String(), "user", c.who(), "err", err)
	}
	c.fail(r, f)
}

// sendError queues an error reply, and counts it.
func (c *conn) sendError(code int, id string) {
	c.s.counts.error(code)
	c.send(errorLine(code, id))
}

// errorLine returns an error reply (§7.11), without a TrID where id is "".
func errorLine(code int, id string) *lines {
	if id == "" {
		return line(strconv.Itoa(code))
	}
	return line(strconv.Itoa(code), id)
}
