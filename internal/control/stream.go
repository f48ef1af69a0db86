package control

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/door"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/format"
)

// maxBacklog is how many bytes of events a stream that had caught up with the log may fall behind.
// Beyond that its reader gets a gap and then the events that follow. The log does keep all events,
// in memory or on disk, but the gap spares the disk and shows the reader the present.
const maxBacklog = 32 << 20

// form appends an event to dst in the format of a stream. more is false once enough was written.
type form func(dst []byte, e *session.Event) (_ []byte, more bool)

// stream writes the events of the log, in pieces, until there are no more or the caller is gone.
type stream struct {
	s      *Server
	w      http.ResponseWriter
	r      *http.Request
	append form
	match  func(*session.Event) bool // selects the events that are written
	// every event must be written: none is left out for want of room
	whole  bool
	follow bool
	next   int  // the index of the next event
	live   bool // it has caught up with the log at least once
	over   bool // enough was written
}

// begin admits a stream, unless there are too many. The caller must call end when the stream ends.
func (s *Server) begin() (end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams >= maxStreams {
		err := fmt.Errorf("%d callers read events already, and no more are allowed", maxStreams)
		return nil, &problem{http.StatusServiceUnavailable, err}
	}
	s.streams++
	s.reading.Add(1)
	return func() {
		defer s.reading.Done()
		s.mu.Lock()
		s.streams--
		s.mu.Unlock()
	}, nil
}

// run writes until the stream ends. It ends and reports a stream whose reader reads nothing for
// [door.StallTime].
func (st *stream) run() {
	control := http.NewResponseController(st.w)
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	// The end of the answer needs a new deadline: the last one was set at the last event, which may
	// be long ago.
	defer func() { _ = control.SetWriteDeadline(time.Now().Add(door.StallTime)) }()
	for last := false; !st.over; {
		if to := st.s.o.Log.Len(); to > st.next {
			_ = control.SetWriteDeadline(time.Now().Add(door.StallTime))
			err := st.advance(to)
			if err == nil {
				err = control.Flush()
			}
			if err != nil {
				st.ended(err)
				return
			}
			continue
		}
		st.live = true
		if !st.follow || last {
			return
		}
		select {
		case <-ticker.C:
		case <-st.s.o.Done:
			last = true
		case <-st.r.Context().Done():
			return
		}
	}
}

// ended reports a stream that was ended because of its reader, but not one whose reader hung up.
func (st *stream) ended(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("its reader read nothing for %s", door.StallTime)
	} else if !errors.Is(err, errNoRoom) {
		return
	}
	st.s.o.Stalled(err)
}

// advance writes the next piece of the events before the index to, or a gap if the reader lags
// too much, or there is no room for events of that size.
func (st *stream) advance(to int) error {
	if st.follow && st.live && st.s.o.Log.Backlog(st.next) > maxBacklog {
		return st.gap(to, "the reader was too slow")
	}
	from := st.next
	err := st.piece(func(dst []byte) []byte {
		for ; st.next < to && !st.over && len(dst) < pieceBytes && st.next-from < pieceEvents; st.next++ {
			e := st.s.reader.At(st.next)
			if e == nil { // the log is closed
				st.over = true
			} else if st.match(e) {
				st.add(&dst, e)
			}
		}
		return dst
	})
	if errors.Is(err, errNoRoom) && !st.whole {
		st.next, to, st.over = from, st.next, false
		return st.gap(to, errNoRoom.Error())
	}
	return err
}

// gap writes a gap in place of the events before the index to.
func (st *stream) gap(to int, why string) error {
	return st.piece(func(dst []byte) []byte {
		gap, lost := session.Event{Kind: session.Gap, Flags: session.Missing}, to-st.next
		if first := st.s.reader.At(st.next); first != nil {
			gap.N, gap.Time = first.N, first.Time
		}
		st.next = to
		gap.Text = fmt.Sprintf("%d events are missing here, from %d on: %s", lost, gap.N, why)
		st.add(&dst, &gap)
		return dst
	})
}

// add appends an event, and records whether that was enough.
func (st *stream) add(dst *[]byte, e *session.Event) {
	more := true
	*dst, more = st.append(*dst, e)
	st.over = !more
}

func (st *stream) piece(appendTo func(dst []byte) []byte) error {
	return st.s.piece(st.r.Context(), st.w, appendTo)
}

// events writes events as JSON lines.
func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f, err := filter.Compile(q.Get("filter"))
	if err != nil {
		return err
	}
	from, err := count(q.Get("from"), 1)
	if err != nil {
		return err
	}
	limit, err := count(q.Get("limit"), 1000)
	if err != nil {
		return err
	}
	follow := flag(q.Get("follow"))
	endless := follow && q.Get("limit") == ""
	end, err := s.begin()
	if err != nil {
		return err
	}
	defer end()
	w.Header().Set("Content-Type", "application/x-ndjson")
	_ = http.NewResponseController(w).Flush() // shows the caller that the request was accepted
	st := &stream{s: s, w: w, r: r, match: f.Match, follow: follow, next: s.o.Log.Find(uint64(from))}
	st.append = func(dst []byte, e *session.Event) ([]byte, bool) {
		limit--
		return format.AppendJSON(dst, e), limit > 0 || endless
	}
	st.run()
	return nil
}

// recording writes a recording of all events.
func (s *Server) recording(w http.ResponseWriter, r *http.Request) error {
	end, err := s.begin()
	if err != nil {
		return err
	}
	defer end()
	if flag(r.URL.Query().Get("lease")) {
		s.lease(1)
		defer s.lease(-1)
	}
	w.Header().Set("Content-Type", "application/x-pcapng")
	var out bytes.Buffer // what the recorder has written of the current event
	file, err := pcap.NewWriter(&out, pcap.WriterOptions{})
	if err != nil {
		return err
	}
	rec := recording.NewWriter(file, recording.Options{})
	st := &stream{s: s, w: w, r: r, match: func(*session.Event) bool { return true }, whole: true, follow: true}
	st.append = func(dst []byte, e *session.Event) ([]byte, bool) {
		rec.Handle([]*session.Event{e})
		dst = append(dst, out.Bytes()...)
		if out.Reset(); out.Cap() > 2*pieceBytes {
			out = bytes.Buffer{}
		}
		return dst, rec.Err() == nil
	}
	st.run()
	return nil
}

// lease adds n to the number of attached inspectors. When the last one leaves, nobody is left to
// release held commands, so all are released.
func (s *Server) lease(n int) {
	s.mu.Lock()
	s.leases += n
	last := s.leases == 0
	s.mu.Unlock()
	if last {
		s.o.Controls.ReleaseAll()
	}
}

func flag(text string) bool {
	on, err := strconv.ParseBool(text)
	return err == nil && on
}

// count parses a positive number, and returns def for "".
func count(text string, def int) (int, error) {
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, errors.New(strconv.Quote(text) + " is not a number from 1 on")
	}
	return n, nil
}
