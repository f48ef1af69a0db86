package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// How much is read at once: of bytes and of the index, where events are read in their order, and where one is read alone.
const (
	readBytes = 256 << 10
	readIndex = 2048 * entrySize
	readOne   = 4 << 10
)

// Reader reads a log, fastest in its order. It allocates nothing for an event. It is for one goroutine; any number of them may
// read a log, while it grows.
type Reader struct {
	log   *Log
	index window
	spill window
	files []window // by source, the first of which is 1
	facts [256]cachedFact
	event session.Event
	whole int // the index of event, from 1, 0 where it is not whole

	verdicts *verdicts
	scratch  [entrySize]byte
	text     []byte
}

// Reader returns a new Reader of the log.
func (l *Log) Reader() *Reader { return &Reader{log: l} }

// At is like [Log.At], except that the event and its bytes are the Reader's, read only and valid until its next call. Its
// strings last.
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

// Head returns event i without what only its bytes tell: of In it has the verb. Everything else is as in At. It reports false
// where more than that stands with the bytes, the verb of a command that nobody knows or what was sent on: then At tells. It
// takes a quarter of the time of At.
func (r *Reader) Head(i int) (*session.Event, bool) {
	e, whole, verb := r.heads(i)
	return e, whole && verb
}

// heads is Head, and tells apart whether something stands with the bytes and whether the verb is known.
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

// own returns event i as one that lasts.
func (r *Reader) own(i int) *session.Event {
	r.whole = 0 // more may be known of its connection now
	e := r.At(i)
	if e == nil {
		return nil
	}
	c := *e
	if e.Kind == session.Command {
		c.In, c.Out = e.In.Clone(), bytes.Clone(e.Out)
	}
	return &c
}

// unreadable returns what stands in place of the event at hand: the gap that tells of all that was forgotten, or one that says
// why; nil for an event that never was.
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
		N: e.N, Time: e.Time, Conn: e.Conn, Client: e.Client, Server: e.Server, Dir: e.Dir, Kind: session.Gap, Flags: session.Missing,
		Text: fmt.Sprintf("event %d can no longer be read: %v", e.N, err),
	}
	return &r.event
}

// head fills the event with what the index says of event i.
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
	*e = session.Event{
		N: n, Time: time.Unix(0, en.time).In(l.zone.Load()), Kind: en.kind(), Dir: en.dir(), Row: l.rows.row(en.row), Flags: en.flags(),
		Packets: session.Packets{First: uint64(en.packet), Last: uint64(en.packet), Shared: en.is(formShared)},
	}
	r.fact(en.fact, e)
	if en.reply != 0 {
		r.reply(i-int(en.reply), en.time)
	}
	return en, nil
}

// reply says that the event at a time answers the event at index k.
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

// body fills in what the bytes tell.
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
			return errors.New("spill file: what is there is damaged")
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
		e.Row = guessRow(e)
	}
	return nil
}

// message returns the message of which these bytes, and what is in the entry, were kept.
func message(raw []byte, en *entry, dir decode.Dir) decode.Message {
	if en.row&rowOpaque != 0 {
		return decode.Blob(raw, decode.Reason(en.row))
	}
	return decode.Parse(raw, dir, shape(en.is(formTrID)))
}

// bytes returns what stands at the place of an entry.
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

// cachedFact is a fact that was read. What stands at a place of the tape never changes, but a fact may come to stand at
// another.
type cachedFact struct {
	number  uint32
	version uint64 // when it was looked up
	fact    fact
	about   about
	known   bool
}

// fact fills in what is known of the connection.
func (r *Reader) fact(number uint32, e *session.Event) {
	f := &r.log.facts
	c := &r.facts[number%uint32(len(r.facts))]
	if version := f.version.Load(); !c.known || c.number != number || c.version != version {
		b := r.scratch[:factSize]
		if _, err := f.list.ReadAt(b, int64(number)*factSize); err != nil {
			e.Conn = 0
			(&about{}).set(e)
			return
		}
		now := factOf(b)
		if !c.known || c.fact != now {
			*c = cachedFact{fact: now, known: true, about: r.about(now)}
		}
		c.number, c.version = number, version
	}
	e.Conn = c.fact.conn
	c.about.set(e)
}

// about reads what a fact says, nothing where it is forgotten.
func (r *Reader) about(f fact) about {
	r.text = append(r.text[:0], make([]byte, f.size)...)
	if _, err := r.log.bytes.ReadAt(r.text, f.at); err != nil {
		return about{}
	}
	a, _ := readAbout(r.text)
	return a
}

// window is a part of what is read from. What was read does not change there.
type window struct {
	buf []byte
	at  int64
}

// has returns n bytes from a place, nil if they are not in the window.
func (w *window) has(at int64, n int) []byte {
	if k := at - w.at; k >= 0 && k+int64(n) <= int64(len(w.buf)) {
		return w.buf[k : k+int64(n) : k+int64(n)]
	}
	return nil
}

// get returns n bytes from a place, valid until the next call. Where that lies a bit behind what was read last, much is read at
// once.
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
	if t, ok := from.(*tape); ok {
		size = max(n, int(min(int64(size), t.end.Load()-at)))
	}
	if cap(w.buf) < size {
		w.buf = make([]byte, size)
	}
	got, err := from.ReadAt(w.buf[:size], at)
	w.buf, w.at = w.buf[:got], at
	if got < n {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return w.buf[:n:n], nil
}
