package eventlog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// The number of bytes that one read fetches from the bytes and from the index when events are read
// in order, and readOne for a single event.
const (
	readBytes = 256 << 10
	readIndex = 2048 * entrySize
	readOne   = 4 << 10
)

// How many connection infos a Reader caches: enough for as many connections as speak at the same
// time, as a rule. Most logs have few.
const (
	fewInfos  = 256
	manyInfos = 1 << 13
)

// Reader reads the events of a log, fastest in order, without allocating for each event. It is not
// safe for concurrent use, but any number of Readers may read a log while it grows.
type Reader struct {
	log   *Log
	index window
	spill window
	files []window     // by source, counted from 1
	infos []cachedInfo // by number, which several may share
	event session.Event
	whole int // 1 more than the index of event, 0 if that is incomplete

	verdicts *verdicts
	scratch  [entrySize]byte
	text     []byte
}

// Reader returns a new Reader of the log.
func (l *Log) Reader() *Reader { return &Reader{log: l} }

// At is like [Log.At], except that the Reader owns the event and its bytes: they must not be
// changed, and are valid until the Reader's next call. Its strings stay valid.
func (r *Reader) At(i int) *session.Event {
	if r.whole == i+1 && i < r.log.Len() {
		return &r.event
	}
	en, err := r.head(i)
	if err == nil {
		err = r.body(&en)
	}
	if err != nil {
		return r.unreadable(err)
	}
	r.whole = i + 1
	return &r.event
}

// Head returns event i without the values that only its bytes contain: In has only the verb.
// Everything else is as in At. It returns false if more than that is stored with the bytes, such as
// the verb of an unknown command or what was sent on: then use At. Head takes a quarter of the time
// of At.
func (r *Reader) Head(i int) (*session.Event, bool) {
	e, whole, verb := r.heads(i)
	return e, whole && verb
}

// heads is like Head, but reports separately whether the event is complete except for its bytes,
// and whether its verb is known.
func (r *Reader) heads(i int) (e *session.Event, whole, verb bool) {
	en, err := r.head(i)
	if err != nil {
		return r.unreadable(err), false, false
	}
	if en.kind() != session.Command {
		return &r.event, en.length() == 0, true
	}
	r.event.In.Verb, verb = r.log.rows.verb(en.row)
	return &r.event, !en.is(formExtra), verb
}

// own returns a copy of event i that stays valid.
func (r *Reader) own(i int) *session.Event {
	r.whole = 0 // its connection info may have changed
	e := r.At(i)
	if e == nil {
		return nil
	}
	return e.Clone()
}

// unreadable returns the substitute for an event: the gap event for all that were forgotten, or one
// that says why the event cannot be read; nil for an index out of range.
func (r *Reader) unreadable(err error) *session.Event {
	e, gap := &r.event, r.log.gap.Load()
	switch {
	case errors.Is(err, errRange), errors.Is(err, errClosed), errors.Is(err, os.ErrClosed):
		return nil
	case gap != nil:
		r.event = *gap
		return &r.event
	}
	r.log.fail(err)
	r.event = session.Event{
		N: e.N, Time: e.Time, Conn: e.Conn, Client: e.Client, Server: e.Server, Dir: e.Dir, Kind: session.Gap,
		Flags: session.Missing,
		Text:  fmt.Sprintf("event %d can no longer be read: %v", e.N, err),
	}
	return &r.event
}

// head sets r.event to the contents of the index entry of event i.
func (r *Reader) head(i int) (en entry, err error) {
	l, e := r.log, &r.event
	r.whole = 0
	if i < 0 || i >= l.Len() {
		return en, errRange
	}
	n := numberOf(*l.numbers.Load(), i)
	b, err := r.index.get(l.index, int64(i)*entrySize, entrySize, readIndex)
	if err != nil {
		*e = session.Event{N: n}
		return en, err
	}
	en.get(b)
	// Field by field: to make an Event and to copy it takes twice as long. connInfo sets the rest.
	e.N, e.Time, e.Kind, e.Dir = n, time.Unix(0, en.time).In(l.zone.Load()), en.kind(), en.dir()
	e.Flags, e.Row, e.In, e.Out, e.Text = en.flags(), l.rows.row(en.row), decode.Message{}, nil, ""
	e.Packets = session.Packets{First: uint64(en.packet), Last: uint64(en.packet), Shared: en.is(formShared)}
	e.ReplyTo, e.RTT, e.Cuts, e.Findings = 0, 0, nil, nil
	e.File = fileOf(*l.marks.Load(), i)
	r.connInfo(en.info, e)
	if en.reply != 0 {
		r.reply(i-int(en.reply), en.time)
	}
	return en, nil
}

// reply makes r.event, which came at the time at, the answer to the event at index k.
func (r *Reader) reply(k int, at int64) {
	b := r.index.has(int64(k)*entrySize, entrySize)
	if b == nil {
		b = r.scratch[:]
		if _, err := r.log.index.ReadAt(b, int64(k)*entrySize); err != nil {
			return // forgotten
		}
	}
	var request entry
	request.get(b)
	r.event.ReplyTo = numberOf(*r.log.numbers.Load(), k)
	r.event.RTT = time.Duration(at - request.time)
}

// body adds the contents of the bytes to r.event.
func (r *Reader) body(en *entry) error {
	e := &r.event
	b, err := r.bytes(en)
	if err != nil {
		return err
	}
	var x extra
	if en.is(formExtra) {
		var ok bool
		if b, ok = x.read(b); !ok {
			return errors.New("spill file: the stored event is damaged")
		}
		x.set(e)
	}
	if e.Kind != session.Command {
		e.Text = string(b)
		return nil
	}
	in := len(b) - x.out - x.text
	if x.has&extraOut != 0 {
		e.Out = b[in : in+x.out : in+x.out]
	}
	if x.text > 0 {
		e.Text = string(b[in+x.out:])
	}
	if e.In = message(b[:in:in], en, e.Dir); en.row == 0 {
		e.Row = session.RowOf(e)
	}
	return nil
}

// message returns the message of an event from its raw bytes and its entry. It shares raw.
func message(raw []byte, en *entry, dir decode.Dir) decode.Message {
	if en.row >= rowOpaque {
		return decode.Blob(raw, decode.Reason(en.row-rowOpaque))
	}
	return decode.Parse(raw, dir, decode.KnownTrID(en.is(formTrID)))
}

// bytes returns the stored bytes of an entry, valid until the next call.
func (r *Reader) bytes(en *entry) ([]byte, error) {
	n, source := en.length(), en.source()
	if source == 0 {
		return r.spill.get(r.log.bytes, en.at(), n, readBytes)
	}
	all := *r.log.sources.Load()
	for len(r.files) < len(all) {
		r.files = append(r.files, window{})
	}
	return r.files[source-1].get(all[source-1], en.at(), n, readBytes)
}

// cachedInfo is an info that was read. Its bytes in the spill file never change, but the infoRef
// with its number may.
type cachedInfo struct {
	number  uint32
	version uint64 // connInfos.version at the time of the look-up
	ref     infoRef
	info    session.ConnInfo
	known   bool
	named   uint64 // Log.named at the time of the look-up of the names
	names   [2]string
}

// connInfo sets the connection info of e. If the info was forgotten, e has none.
func (r *Reader) connInfo(number uint32, e *session.Event) {
	f := &r.log.infos
	if len(r.infos) < manyInfos && (len(r.infos) == 0 || number >= fewInfos) {
		r.infos = make([]cachedInfo, fewInfos)
		if number >= fewInfos {
			r.infos = make([]cachedInfo, manyInfos)
		}
	}
	c := &r.infos[number%uint32(len(r.infos))]
	if version := f.version.Load(); !c.known || c.number != number || c.version != version {
		b := r.scratch[:infoRefSize]
		if _, err := f.list.ReadAt(b, int64(number)*infoRefSize); err != nil {
			e.Conn, e.ClientName, e.ServerName = 0, "", ""
			(&session.ConnInfo{}).Set(e)
			return
		}
		now := infoRefOf(b)
		if !c.known || c.ref != now {
			*c = cachedInfo{ref: now, known: true, info: r.info(now)}
		}
		c.number, c.version = number, version
	}
	if named := r.log.named.Load(); c.named != named {
		c.named, c.names = named, [2]string{r.log.nameOf(c.info.Client), r.log.nameOf(c.info.Server)}
	}
	e.Conn = c.ref.conn
	c.info.Set(e)
	e.ClientName, e.ServerName = c.names[0], c.names[1]
}

// info returns the info at an infoRef, an empty one if it was forgotten.
func (r *Reader) info(f infoRef) session.ConnInfo {
	r.text = append(r.text[:0], make([]byte, f.size)...)
	if _, err := r.log.bytes.ReadAt(r.text, f.at); err != nil {
		return session.ConnInfo{}
	}
	a, _ := readInfo(r.text)
	return a
}

// window is a cached part of a file. Bytes within the file do not change.
type window struct {
	buf []byte
	at  int64
}

// has returns the n bytes at offset at, nil if they are not in the window.
func (w *window) has(at int64, n int) []byte {
	if k := at - w.at; k >= 0 && k+int64(n) <= int64(len(w.buf)) {
		return w.buf[k : k+int64(n) : k+int64(n)]
	}
	return nil
}

// get returns the n bytes at offset at, valid until the next call. If they are close after the
// bytes read before, it reads much bytes at once.
func (w *window) get(from io.ReaderAt, at int64, n, much int) ([]byte, error) {
	if b := w.has(at, n); b != nil {
		return b, nil
	}
	size := max(n, readOne)
	if ahead := at - w.at; ahead > 0 && ahead <= int64(len(w.buf)+much) {
		size = max(n, much)
	}
	return w.read(from, at, n, size)
}

func (w *window) read(from io.ReaderAt, at int64, n, size int) ([]byte, error) {
	if t, ok := from.(*spillFile); ok {
		size = max(n, int(min(int64(size), t.end.Load()-at)))
	}
	if cap(w.buf) < size {
		w.buf = make([]byte, size)
	}
	got, err := from.ReadAt(w.buf[:size], at)
	w.buf, w.at = w.buf[:got], at
	if got < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return w.buf[:n:n], nil
}
