package server

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// request is a command of a client whose row has said yes.
type request struct {
	m *decode.Message
	// guess is what stands in for the TrID where framing found none.
	guess string
}

// id returns the TrID digit for digit, "" where the command has none.
func (r *request) id() string {
	if r.m.HasTrID {
		return string(r.m.TrIDText())
	}
	return r.guess
}

// arg returns argument i, "" where there is none.
func (r *request) arg(i int) string { return string(r.m.Arg(i)) }

// form names a row among those of clients.
type form struct{ verb, words string }

// handler answers one form of one command.
type handler struct {
	do func(*conn, *request)
	// surplus is how many arguments too many real servers took.
	surplus int
	// joins says that the handler leaves what it has for the others to relay, so that a run of the command is one step.
	joins bool

	min, max int // how many arguments the row allows, -1 for any number
}

// handlers has one handler for each row of a client's command in the tables of MSNP2 to MSNP7; a test holds it to that.
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

// byRow has the handlers by the rows of every dialect's table.
var byRow = func() map[*dialect.Row]handler {
	all := make(map[*dialect.Row]handler)
	for _, t := range dialect.All() {
		for i := range t.Rows() {
			row := &t.Rows()[i]
			if h, ok := handlers[form{row.Verb, row.Form()}]; ok && row.Dir == decode.FromClient {
				h.min, h.max = row.Min(), row.Max()
				all[row] = h
			}
		}
	}
	return all
}()

// serve answers one message of the client. Who was referred elsewhere is not answered any more (§7.4).
func (c *conn) serve(w *work) {
	m, r := &w.m, &w.r
	if c.user.referred {
		return
	}
	if m.Opaque() {
		c.serveOpaque(m)
		return
	}
	r.m, r.guess = m, ""
	if m.Verb != w.verb || c.table != w.table {
		if !c.knows(m.Verb) {
			c.fail(r, unknownCommand)
			return
		}
		w.verb, w.table = m.Verb, c.table
	}
	row := c.table.Match(decode.FromClient, c.role, m)
	if row == nil {
		c.fail(r, wrongServer)
		return
	}
	if row != w.row {
		w.row, w.h = row, byRow[row]
	}
	if !w.h.joins {
		c.relay()
	}
	if c.admit(row, &w.h, r) {
		w.h.do(c, r)
	}
}

// knows reports whether the dialect has the verb, and this server takes it. Commands are in upper case (§5.2).
func (c *conn) knows(v decode.Verb) bool {
	rows := c.table.Of(decode.FromClient, v)
	return len(rows) > 0 && rows[0].Verb == v.String() && (!rows[0].Extension || c.s.set.Extensions)
}

// serveOpaque answers what is no command. An empty line is nothing at all; what has the form of a request with a TrID is a
// syntax error; after anything else the stream makes no sense.
func (c *conn) serveOpaque(m *decode.Message) {
	r := &request{m: m}
	if words := bytes.Fields(m.Line()[:min(len(m.Line()), 64)]); len(words) > 1 {
		if _, err := strconv.ParseUint(string(words[1]), 10, 32); err == nil {
			r.guess = string(words[1])
		}
	}
	switch {
	case m.Why == decode.EmptyLine:
	case m.Why == decode.OutOfStep && c.again(m):
	case m.Why == decode.NoVerb && r.id() != "":
		c.fail(r, syntax)
	default:
		c.fail(r, unframed)
	}
}

// again serves a whole line that was taken for a part of a message, since a line before it was no command: whoever talks to a
// server begins commands at the beginning of lines. It is false for what would have a payload.
func (c *conn) again(m *decode.Message) bool {
	whole := decode.Parse(m.Raw, decode.FromClient, c.table)
	payload := c.table.Shape(decode.FromClient, whole.Verb).Payload
	if whole.Opaque() || payload != decode.NoPayload || !bytes.HasSuffix(m.Raw, []byte{'\n'}) {
		return false
	}
	c.serve(&work{m: whole})
	return true
}

// admit checks the preconditions that the row states: TrID, number of arguments, state, values. Where one fails it answers
// and returns false.
func (c *conn) admit(row *dialect.Row, h *handler, r *request) bool {
	f := none
	switch n := r.m.NumArgs(); {
	case row.TrID == dialect.New && !r.m.HasTrID:
		f = unframed // nothing that could be answered: no request of ours, as it seems
	case n < h.min:
		f = missingArgs
	case c.state&row.When == 0:
		return c.refuse(row, r)
	case !allowed(row, r.m):
		f = badValue
	case c.s.set.CloseSurplus && h.max >= 0 && n > h.max+h.surplus:
		c.finish()
		return false
	}
	if f != none {
		c.fail(r, f)
	}
	return f == none
}

// refuse answers a command that is not legal in this state, and returns false.
func (c *conn) refuse(row *dialect.Row, r *request) bool {
	switch {
	case !c.stranger() && row.Refuse != 0:
		c.send(errorLine(row.Refuse, r.id()))
	case c.stranger() && row.When&(dialect.Logon|dialect.Waiting) == 0:
		c.fail(r, beforeLogon)
	default:
		c.fail(r, unexpected)
	}
	return false
}

// allowed reports whether each argument is a word that the row allows there.
func allowed(row *dialect.Row, m *decode.Message) bool {
	for i := range min(m.NumArgs(), len(row.Args)) { // an argument of which there may be many has no fixed words
		a := &row.Args[i]
		if a.Is != "" && string(m.Arg(i)) != a.Is || a.Values != nil && !oneOf(a.Values, m.Arg(i)) {
			return false
		}
	}
	return true
}

// oneOf is slices.Contains without making a string of the word.
func oneOf(words []string, word []byte) bool {
	for _, w := range words {
		if w == string(word) {
			return true
		}
	}
	return false
}

// fail answers a request that failed as the preset says.
func (c *conn) fail(r *request, f failure) {
	a := c.s.set.answers()[f]
	if a.code != 0 {
		c.send(errorLine(a.code, r.id()))
	}
	if a.close {
		c.finish()
	}
}

// failErr answers a request that failed with an error of the store, or of the random source.
func (c *conn) failErr(r *request, err error) {
	if errors.Is(err, ErrReplaced) {
		return // this connection is about to end
	}
	f := failureOf(err)
	if f == storeFailed {
		c.log().Error("the store failed", "command", r.m.Verb.String(), "user", c.who(), "err", err)
	}
	c.fail(r, f)
}

// errorLine returns an error (§7.11), without a TrID where no request had one.
func errorLine(code int, id string) *lines {
	if id == "" {
		return line(strconv.Itoa(code))
	}
	return line(strconv.Itoa(code), id)
}
