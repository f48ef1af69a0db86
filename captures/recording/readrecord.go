package recording

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// maxOf is how many bytes the identifier of a recording may have: ours have 13 letters.
const maxOf = 64

// maxLength is how many bytes of one command are joined, whatever a file says: the longest line and
// payload, twice.
const maxLength = 2 * (decode.MaxLine + decode.MaxPayload)

// Record is what a recording says on a frame, or between frames. The zero value says nothing.
type Record struct {
	// What is the kind of an event, or what else the frame is: "begin" where the recording or
	// another file of it begins; "flow" and "last" where a connection begins and ends in this file
	// without having done so then; "more" for a further frame of a command; "frame" for a frame
	// that has nothing to say.
	What  string
	Event session.Event // what the record says of it; Finish adds the bytes of a command
	// Of is which recording this is, the same in all its files; up to 64 bytes. In recordings of
	// the old form only "begin" has it.
	Of    string
	Timed bool // Event.Time is set; otherwise the event has the time of its frame
	// Length is how many bytes of the command its frames hold, up to 2 MB. In recordings of the old
	// form it is 0 if there is one frame.
	Length int
	Before Place // what comes before the event in its connection
	Placed bool  // Before is set

	why     decode.Reason
	trid    string
	row     string
	hasRow  bool
	in, out []byte // nil where not given
	data    []byte
}

// Place is how much of a connection comes before something in it: the number of commands, and the
// bytes of the frames from the client and from the server.
type Place [3]uint64

// Add returns the place after a command from dir with n bytes on its frames.
func (p Place) Add(dir decode.Dir, n int) Place {
	p[0]++
	if dir == decode.FromClient {
		p[1] += uint64(n)
	} else {
		p[2] += uint64(n)
	}
	return p
}

// Alone reports whether a packet with these comments stands for itself: it has a record, which says
// all that is to be known of it. Recordings of the old form have no such packets.
func Alone(comments []string) bool {
	return slices.ContainsFunc(comments, func(c string) bool { return strings.HasPrefix(c, recordStart+recordForm) })
}

// Parse parses the record in the comments of a frame. ok is false if there is none, or none that it
// understands; the Record then holds as much as was understood, which may be nothing. r is never
// nil.
func Parse(comments []string) (r *Record, ok bool) {
	r = new(Record)
	return r, r.Parse(comments)
}

// Parse is the function Parse for a Record that is used again: nothing of before is left in it.
func (r *Record) Parse(comments []string) (ok bool) {
	*r = Record{}
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
		if text, ok = strings.CutPrefix(text, recordForm); ok {
			return r.read(text) && r.Of != ""
		}
		text, ok = strings.CutPrefix(text, oldForm)
		return ok && r.read(text)
	}
	return false
}

func (r *Record) read(text string) bool {
	r.What, text, _ = strings.Cut(text, " ")
	for text != "" {
		var word string
		word, text, _ = strings.Cut(text, " ")
		key, value, _ := strings.Cut(word, "=")
		if !r.set(key, value) {
			return false
		}
	}
	for kind, name := range kindNames {
		if name == r.What {
			r.Event.Kind = session.Kind(kind)
			return true
		}
	}
	switch r.What {
	case "begin", "flow", "last", "more", "frame":
		return true
	}
	return false
}

// set sets the field of one key, and reports false for an invalid value. It ignores unknown keys,
// so that later versions may add some.
func (r *Record) set(key, value string) bool {
	e := &r.Event
	switch key {
	case "client":
		e.Client = decode.Unescape(value)
	case "server":
		e.Server = decode.Unescape(value)
	case "client_name":
		e.ClientName = decode.Unescape(value)
	case "server_name":
		e.ServerName = decode.Unescape(value)
	case "role":
		e.Role = dialect.ParseRole(value)
	case "dialect":
		e.Dialect = decode.Unescape(value)
	case "user":
		e.User = decode.Unescape(value)
	case "session":
		e.Session = decode.Unescape(value)
	case "flags":
		for name := range strings.SplitSeq(value, ",") {
			e.Flags |= session.ParseFlag(name)
		}
	case "of":
		r.Of = value
		return len(value) <= maxOf
	case "at":
		r.Placed = true
		for i := range r.Before {
			n, rest, _ := strings.Cut(value, ",")
			v, err := strconv.ParseUint(n, 10, 62)
			if err != nil {
				return false
			}
			r.Before[i], value = v, rest
		}
	case "text":
		e.Text = decode.Unescape(value)
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
		e.Time, r.Timed = parseTime(value)
		return r.Timed
	case "in", "out", "data":
		return r.setBytes(key, value)
	default:
		return r.setNumber(key, value)
	}
	return true
}

func (r *Record) setNumber(key, value string) bool {
	v, err := strconv.ParseInt(value, 10, 64)
	valid := err == nil && (v >= 0 || key == "rtt")
	switch e := &r.Event; key {
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
		r.Length = int(min(v, maxLength))
	default:
		return true
	}
	return valid
}

func (r *Record) setBytes(key, value string) bool {
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

// Held reports whether the record itself holds the bytes of the command, and no frame.
func (r *Record) Held() bool {
	return r.data != nil || r.Length == 0 && (r.in != nil || r.out != nil)
}

// Framed reports whether the bytes that the event's sender sent are in the frame, as they were
// sent.
func (r *Record) Framed() bool { return r.data == nil && r.Event.Out == nil }

func parseTime(s string) (time.Time, bool) {
	sec, ns, _ := strings.Cut(s, ".")
	a, err1 := strconv.ParseInt(sec, 10, 64)
	b, err2 := strconv.ParseInt(ns, 10, 64)
	return time.Unix(a, b).UTC(), err1 == nil && err2 == nil
}

// Finish completes the event of a command from its record and the bytes of its frame, which was
// sent in direction dir. frame may be nil for a command that no frame holds. The event keeps frame,
// which must not be changed any more.
func (r *Record) Finish(dir decode.Dir, frame []byte) {
	e := &r.Event
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
		e.In = decode.Parse(in, e.Dir, grammarOf(e))
	default:
		e.In = decode.Parse(in, e.Dir, decode.KnownTrID(r.trid == "1"))
	}
	if r.hasRow {
		e.Row = rowNamed(r.row, e)
	} else {
		e.Row = session.RowOf(e)
	}
}

// rowNamed is the reverse of rowName.
func rowNamed(name string, e *session.Event) *dialect.Row {
	table, index, _ := strings.Cut(name, "/")
	i, err := strconv.Atoi(index)
	if t := dialect.Lookup(table); t != nil && err == nil {
		if rows := t.Of(e.Dir, e.In.Verb); i >= 0 && i < len(rows) {
			return rows[i]
		}
	}
	return nil
}
