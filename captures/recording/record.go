package recording

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// The form of what a recording says to our reader; doc.go describes it.
const (
	recordStart = "msnscope:"
	recordMore  = "msnscope+"
	recordForm  = "2 "
	// oldForm is what recordings had whose records do not say which recording they are of.
	oldForm = "1 "
	// maxComment is how many bytes one comment may have: less than an option can hold, with room
	// for its start.
	maxComment = 48 << 10
)

// kindNames are the names of the kinds of events in records.
var kindNames = [...]string{
	session.Command: "command", session.Open: "open", session.Close: "close", session.HalfClose: "half-close",
	session.Gap: "gap", session.Note: "note", session.Wait: "wait",
}

// recordWriter builds records. It reuses its buffers, and is for one goroutine.
type recordWriter struct {
	buf []byte // begins with recordStart
	all []string
	of  string // which recording this is
	// conn and info are those of the last event: the next event mostly has the same, so that its
	// record says them in the same bytes.
	conn int
	info session.ConnInfo
	said []byte
}

func (w *recordWriter) start(what string) {
	w.buf = append(append(w.buf[:0], recordStart+recordForm...), what...)
	w.buf = append(append(w.buf, " of="...), w.of...) // it needs no escapes
}

func (w *recordWriter) time(at time.Time) {
	w.key("time")
	w.buf = strconv.AppendInt(w.buf, at.Unix(), 10)
	w.buf = strconv.AppendInt(append(w.buf, '.'), int64(at.Nanosecond()), 10)
}

// place writes how much of a connection comes before an event of it.
func (w *recordWriter) place(before Place) {
	w.key("at")
	for i, n := range before {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = strconv.AppendUint(w.buf, n, 10)
	}
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

// comments returns the comments in front and then those of the record. They are valid until the
// next record is begun: a copy of each record would be a tenth of what it costs to write it.
func (w *recordWriter) comments(front ...string) []string {
	n := min(len(w.buf), len(recordStart)+maxComment)
	w.all = append(append(w.all[:0], front...), unsafe.String(&w.buf[0], n))
	for rest := w.buf[n:]; len(rest) > 0; rest = rest[n:] {
		n = min(len(rest), maxComment)
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

// event makes the record of an event. before is what its connection had before it, and onAFrame
// reports whether a frame will hold its bytes.
func (w *recordWriter) event(e *session.Event, before Place, onAFrame bool) {
	w.start(kindNames[e.Kind])
	w.uint("n", e.N)
	w.connection(e)
	if e.Conn != 0 {
		w.place(before)
	}
	w.uint("reply", e.ReplyTo)
	if e.RTT != 0 {
		w.key("rtt")
		w.buf = strconv.AppendInt(w.buf, int64(e.RTT), 10)
	}
	if e.Flags != 0 {
		w.text("flags", strings.Join(e.Flags.Names(), ","))
	}
	if e.Dir != 0 {
		w.buf = append(append(w.buf, " dir="...), byte(e.Dir))
	}
	if sec := e.Time.Unix(); sec < 0 || sec >= math.MaxInt64/int64(time.Second) {
		w.time(e.Time)
	}
	w.text("text", e.Text)
	if e.Kind == session.Command {
		w.command(e, onAFrame)
	}
}

// names writes the names of the ends of a connection, which stand on its first frame only.
func (w *recordWriter) names(e *session.Event) {
	w.text("client_name", shorten(plain(e.ClientName)))
	w.text("server_name", shorten(plain(e.ServerName)))
}

// onFrame returns the bytes of the client's side: what was received from the client, or what was
// sent on from the server. There are none if a command did not come from the client, or did not
// reach it.
func onFrame(e *session.Event) []byte {
	switch {
	case e.Dir == decode.FromClient && e.Flags&session.Injected != 0:
		return nil
	case e.Dir == decode.FromServer && e.Flags&session.Dropped != 0:
		return nil
	}
	return framed(e)
}

// framed returns the bytes that stand on a frame, or in the record where there is no frame.
func framed(e *session.Event) []byte {
	if e.Dir == decode.FromServer && e.Out != nil {
		return e.Out
	}
	return e.In.Raw
}

// connection writes the number of an event's connection and what is known of it.
func (w *recordWriter) connection(e *session.Event) {
	if e.Conn == w.conn && w.info.Is(e) {
		w.buf = append(w.buf, w.said...)
		return
	}
	number, a := e.Conn, session.InfoOf(e)
	from := len(w.buf)
	w.uint("conn", uint64(number))
	w.text("client", a.Client)
	w.text("server", a.Server)
	w.text("role", a.Role.String())
	w.text("dialect", a.Dialect)
	if a.Inferred {
		w.uint("inferred", 1)
	}
	w.text("user", a.User)
	w.text("session", a.Session)
	w.uint("via", uint64(a.Via))
	w.conn, w.info, w.said = number, a, append(w.said[:0], w.buf[from:]...)
}

func (w *recordWriter) command(e *session.Event, onAFrame bool) {
	w.uint("why", uint64(e.In.Why))
	if !e.In.Opaque() && !framesAgain(e) {
		w.text("trid", map[bool]string{true: "1", false: "0"}[e.In.TrIDText() != nil])
	}
	if session.RowOf(e) != e.Row {
		w.text("row", rowName(e))
	}
	switch frame := framed(e); {
	case onAFrame:
		w.uint("len", uint64(len(frame)))
	case len(frame) > 0:
		w.base64("data", frame)
	}
	switch {
	case e.Out == nil:
	case e.Dir == decode.FromServer:
		w.base64("in", e.In.Raw)
	default:
		w.base64("out", e.Out)
	}
}

// framesAgain reports whether a parser that knows the event's connection finds a TrID exactly if
// the event has one. Most often the table alone decides that.
func framesAgain(e *session.Event) bool {
	table := grammarOf(e)
	has := e.In.TrIDText() != nil
	if shape := table.Shape(e.Dir, e.In.Verb); shape.TrID == has && !shape.Serial {
		return true
	}
	again := decode.Parse(e.In.Raw, e.Dir, table)
	return (again.TrIDText() != nil) == has
}

// grammarOf returns the grammar by which a record's command is parsed again: that of its dialect at
// a server of unknown kind, or that of file transfers.
func grammarOf(e *session.Event) decode.Grammar {
	table := session.Table(e.Dialect)
	if e.Role == dialect.FT {
		return table.At(dialect.FT)
	}
	return table
}

// rowName returns the name of an event's row in records: its table and its index among the rows of
// its verb, or "none".
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
