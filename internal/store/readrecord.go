package store

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// maxLength is how many bytes of one command are put together, whatever a file says: the longest line and payload, twice.
const maxLength = 2 * (decode.MaxLine + decode.MaxPayload)

// record is what a recording says at one place.
type record struct {
	what    string // "begin", "flow", or the kind of an event
	event   session.Event
	of      string // begin: which recording
	timed   bool   // event.Time is set
	why     decode.Reason
	trid    string
	row     string
	hasRow  bool
	length  int
	in, out []byte // nil where not given
	data    []byte
}

// noRecord stands for that of a frame that has none. It is not changed.
var noRecord record

// readRecord finds the record in the comments of a frame, and reports whether there is one that it understands.
func readRecord(comments []string) (r *record, ok bool) {
	r = new(record)
	for i, c := range comments {
		text, found := strings.CutPrefix(c, recordStart)
		if !found {
			continue
		}
		for _, more := range comments[i+1:] {
			part, found := strings.CutPrefix(more, recordMore)
			if !found {
				break
			}
			text += part
		}
		text, ok = strings.CutPrefix(text, recordForm)
		return r, ok && r.read(text)
	}
	return r, false
}

func (r *record) read(text string) bool {
	r.what, text, _ = strings.Cut(text, " ")
	for text != "" {
		var word string
		word, text, _ = strings.Cut(text, " ")
		key, value, _ := strings.Cut(word, "=")
		if !r.set(key, value) {
			return false
		}
	}
	for kind, name := range kindNames {
		if name == r.what {
			r.event.Kind = session.Kind(kind)
			return true
		}
	}
	return r.what == "begin" || r.what == "flow"
}

// set takes over one key, and reports false for a value that cannot be. Keys that it does not know are left to later versions.
func (r *record) set(key, value string) bool {
	e := &r.event
	switch key {
	case "client":
		e.Client = unescape(value)
	case "server":
		e.Server = unescape(value)
	case "role":
		e.Role = dialect.ParseRole(value)
	case "dialect":
		e.Dialect = unescape(value)
	case "user":
		e.User = unescape(value)
	case "session":
		e.Session = unescape(value)
	case "flags":
		for name := range strings.SplitSeq(value, ",") {
			e.Flags |= session.ParseFlag(name)
		}
	case "of":
		r.of = value
		return len(value) <= maxOf
	case "text":
		e.Text = unescape(value)
	case "trid":
		r.trid = value
	case "row":
		r.row, r.hasRow = value, true
	case "dir":
		if value != "C" && value != "S" {
			return false
		}
		e.Dir = decode.Dir(value[0])
	case "time":
		e.Time, r.timed = parseTime(value)
		return r.timed
	case "in", "out", "data":
		return r.setBytes(key, value)
	default:
		return r.setNumber(key, value)
	}
	return true
}

func (r *record) setNumber(key, value string) bool {
	v, err := strconv.ParseInt(value, 10, 64)
	valid := err == nil && (v >= 0 || key == "rtt")
	switch e := &r.event; key {
	case "n":
		e.N = uint64(v)
	case "conn":
		e.Conn = int(v)
	case "inferred":
		e.Inferred = v != 0
	case "via":
		e.Via = int(v)
	case "reply":
		e.ReplyTo = uint64(v)
	case "rtt":
		e.RTT = time.Duration(v)
	case "why":
		r.why = decode.Reason(v)
	case "len":
		r.length = int(min(v, maxLength))
	default:
		return true
	}
	return valid
}

func (r *record) setBytes(key, value string) bool {
	b, err := base64.RawStdEncoding.AppendDecode([]byte{}, []byte(value))
	switch key {
	case "in":
		r.in = b
	case "out":
		r.out = b
	default:
		r.data = b
	}
	return err == nil
}

func parseTime(s string) (time.Time, bool) {
	sec, ns, _ := strings.Cut(s, ".")
	a, err1 := strconv.ParseInt(sec, 10, 64)
	b, err2 := strconv.ParseInt(ns, 10, 64)
	return time.Unix(a, b).UTC(), err1 == nil && err2 == nil
}

// finish makes the event of a command from its record and the bytes of its frame. The frame's bytes become the event's.
func (r *record) finish(dir decode.Dir, frame []byte) {
	e := &r.event
	if e.Dir == 0 {
		e.Dir = dir
	}
	if r.data != nil {
		frame = r.data
	}
	in := frame
	switch {
	case r.in != nil:
		in, e.Out = r.in, frame
		if e.Out == nil {
			e.Out = []byte{}
		}
	case r.out != nil:
		e.Out = r.out
	}
	if r.why != decode.NotOpaque {
		e.In = decode.Blob(in, r.why)
		return
	}
	switch r.trid {
	case "":
		e.In = decode.Parse(in, e.Dir, session.Table(e.Dialect))
	default:
		e.In = decode.Parse(in, e.Dir, shape(r.trid == "1"))
	}
	if r.hasRow {
		e.Row = rowNamed(r.row, e)
	} else {
		e.Row = guessRow(e)
	}
}

// rowNamed is the reverse of rowName.
func rowNamed(name string, e *session.Event) *dialect.Row {
	table, place, _ := strings.Cut(name, "/")
	i, err := strconv.Atoi(place)
	if t := dialect.Lookup(table); t != nil && err == nil {
		if rows := t.Of(e.Dir, e.In.Verb); i >= 0 && i < len(rows) {
			return rows[i]
		}
	}
	return nil
}

func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(n))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
