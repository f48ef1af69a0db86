package store

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// The form of what a recording says to our reader; doc.go describes it.
const (
	recordStart = "msnscope:"
	recordMore  = "msnscope+"
	recordForm  = "1 "
	// recordChunk is how long one comment becomes: below what an option holds, with room for its start.
	recordChunk = 48 << 10
	// frameLimit is how much a frame holds for certain: beyond it, len is written.
	frameLimit = 60_000
)

// kindNames are the kinds of events in records.
var kindNames = [...]string{session.Command: "command", session.Open: "open", session.Close: "close", session.Gap: "gap", session.Note: "note"}

// recordWriter puts records together. It keeps its buffers, and is for one goroutine.
type recordWriter struct {
	buf []byte // begins with recordStart
	all []string
	// What the last event's record says of its connection: the next one's is mostly the same.
	conn  int
	about about
	said  []byte
}

func (w *recordWriter) start(what string) {
	w.buf = append(append(w.buf[:0], recordStart+recordForm...), what...)
}

func (w *recordWriter) key(name string) {
	w.buf = append(append(append(w.buf, ' '), name...), '=')
}

func (w *recordWriter) uint(name string, n uint64) {
	if n != 0 {
		w.key(name)
		w.buf = strconv.AppendUint(w.buf, n, 10)
	}
}

func (w *recordWriter) text(name, s string) {
	if s != "" {
		w.key(name)
		w.buf = appendEscaped(w.buf, s)
	}
}

func (w *recordWriter) base64(name string, b []byte) {
	w.key(name)
	w.buf = base64.RawStdEncoding.AppendEncode(w.buf, b)
}

// comments returns the record as comments after those in front, valid until the next call.
func (w *recordWriter) comments(front ...string) []string {
	n := min(len(w.buf), len(recordStart)+recordChunk)
	w.all = append(append(w.all[:0], front...), string(w.buf[:n]))
	for rest := w.buf[n:]; len(rest) > 0; rest = rest[n:] {
		n = min(len(rest), recordChunk)
		w.all = append(w.all, recordMore+string(rest[:n]))
	}
	return w.all
}

func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	for i := range len(s) {
		if c := s[i]; c > ' ' && c < 0x7f && c != '%' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		}
	}
	return dst
}

// event begins the record of an event. framed says that a frame of the connection will hold its bytes.
func (w *recordWriter) event(e *session.Event, framed bool) {
	w.start(kindNames[e.Kind])
	w.uint("n", e.N)
	w.connection(e.Conn, aboutOf(e))
	w.uint("reply", e.ReplyTo)
	if e.RTT != 0 {
		w.key("rtt")
		w.buf = strconv.AppendInt(w.buf, int64(e.RTT), 10)
	}
	if e.Flags != 0 {
		w.text("flags", strings.Join(e.Flags.Names(), ","))
	}
	if e.Dir != 0 && !framed {
		w.text("dir", e.Dir.String())
	}
	if sec := e.Time.Unix(); sec < 0 || sec >= math.MaxInt64/int64(time.Second) {
		w.key("time")
		w.buf = strconv.AppendInt(w.buf, sec, 10)
		w.buf = strconv.AppendInt(append(w.buf, '.'), int64(e.Time.Nanosecond()), 10)
	}
	w.text("text", e.Text)
	if e.Kind == session.Command {
		w.command(e, framed)
	}
}

// onFrame returns the bytes of the client's leg: what was received from the client, what was sent on from the server.
func onFrame(e *session.Event) []byte {
	if e.Dir == decode.FromServer && e.Out != nil {
		return e.Out
	}
	return e.In.Raw
}

// connection says which one it is, and what is known of it.
func (w *recordWriter) connection(number int, a about) {
	if number == w.conn && a == w.about {
		w.buf = append(w.buf, w.said...)
		return
	}
	from := len(w.buf)
	w.uint("conn", uint64(number))
	w.text("client", a.client)
	w.text("server", a.server)
	w.text("role", a.role.String())
	w.text("dialect", a.dialect)
	if a.inferred {
		w.uint("inferred", 1)
	}
	w.text("user", a.user)
	w.text("session", a.session)
	w.uint("via", uint64(a.via))
	w.conn, w.about, w.said = number, a, append(w.said[:0], w.buf[from:]...)
}

func (w *recordWriter) command(e *session.Event, framed bool) {
	w.uint("why", uint64(e.In.Why))
	if !e.In.Opaque() && !framesAgain(e) {
		w.text("trid", map[bool]string{true: "1", false: "0"}[e.In.HasTrID])
	}
	if guessRow(e) != e.Row {
		w.text("row", rowName(e))
	}
	frame := onFrame(e)
	switch {
	case !framed && len(frame) > 0:
		w.base64("data", frame)
	case len(frame) > frameLimit:
		w.uint("len", uint64(len(frame)))
	}
	switch {
	case e.Out == nil:
	case e.Dir == decode.FromServer:
		w.base64("in", e.In.Raw)
	default:
		w.base64("out", e.Out)
	}
}

// framesAgain reports whether who parses the command by what the event knows of its connection finds a TrID where the event has
// one. Most often the table alone tells.
func framesAgain(e *session.Event) bool {
	table := session.Table(e.Dialect)
	if table.Shape(e.Dir, e.In.Verb).TrID == e.In.HasTrID {
		return true
	}
	again := decode.Parse(e.In.Raw, e.Dir, table)
	return again.HasTrID == e.In.HasTrID
}

// rowName names a row by its table and its place among the rows of its verb, or "none".
func rowName(e *session.Event) string {
	for _, t := range dialect.All() {
		for i, row := range t.Of(e.Dir, e.In.Verb) {
			if row == e.Row {
				return t.Name() + "/" + strconv.Itoa(i)
			}
		}
	}
	return "none"
}
