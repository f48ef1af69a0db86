package control

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/store"
	"github.com/msnscope/msnscope/replay/pcap"
)

// batchEvents is how many events are written between two looks at whether the reader is there.
const batchEvents = 1000

// stream writes what the log has, and what comes, in batches until there is no more, or the caller is gone.
type stream struct {
	s      *Server
	w      http.ResponseWriter
	r      *http.Request
	follow bool
	next   int
}

// begin admits a stream; call the result when it ends.
func (s *Server) begin() (end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams >= maxStreams {
		return nil, &problem{http.StatusServiceUnavailable, errors.New("too many read events already: " + strconv.Itoa(maxStreams))}
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

// run calls write with each run of events that are there; it returns false when enough were written.
func (st *stream) run(write func(from, to int) (more bool, err error)) error {
	control := http.NewResponseController(st.w)
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	// The end of the answer has its own time: the one before began with the last event, which may be long ago.
	defer func() { _ = control.SetWriteDeadline(time.Now().Add(stallTime)) }()
	for last := false; ; {
		if to := min(st.s.o.Log.Len(), st.next+batchEvents); to > st.next {
			_ = control.SetWriteDeadline(time.Now().Add(stallTime)) // what cannot be set is not needed: a connection in memory
			more, err := write(st.next, to)
			st.next = to
			if err != nil || !more {
				return err
			}
			if err := control.Flush(); err != nil {
				return err
			}
			continue
		}
		if !st.follow || last {
			return nil
		}
		select {
		case <-ticker.C:
		case <-st.s.o.Done:
			last = true
		case <-st.r.Context().Done():
			return nil
		}
	}
}

// events writes JSON lines.
func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f, err := filter.Compile(q.Get("filter"))
	if err != nil {
		return err
	}
	st := &stream{s: s, w: w, r: r, follow: flag(q.Get("follow"))}
	from, err := count(q.Get("from"), 1)
	if err != nil {
		return err
	}
	limit, err := count(q.Get("limit"), 1000)
	if err != nil {
		return err
	}
	endless := st.follow && q.Get("limit") == ""
	end, err := s.begin()
	if err != nil {
		return err
	}
	defer end()
	st.next = s.o.Log.Find(uint64(from))
	w.Header().Set("Content-Type", "application/x-ndjson")
	_ = http.NewResponseController(w).Flush() // the caller knows by this that it is heard
	reader := s.o.Log.Reader()
	var buf []byte
	_ = st.run(func(from, to int) (bool, error) { // a caller that is gone needs no answer
		buf = buf[:0]
		for i := from; i < to && (limit > 0 || endless); i++ {
			if e := reader.At(i); f.Match(e) {
				buf = format.AppendJSON(buf, e)
				limit--
			}
		}
		_, err := w.Write(buf)
		return limit > 0 || endless, err
	})
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
	out, err := pcap.NewWriter(w, pcap.WriterOptions{})
	if err != nil {
		return nil //nolint:nilerr // the caller is gone
	}
	rec := store.NewRecorder(out, store.RecorderOptions{})
	st := &stream{s: s, w: w, r: r, follow: true}
	_ = st.run(func(from, to int) (bool, error) {
		batch := make([]*session.Event, 0, to-from)
		for i := from; i < to; i++ {
			batch = append(batch, s.o.Log.At(i))
		}
		rec.Handle(batch)
		return true, rec.Err()
	})
	return nil
}

// lease counts the inspectors that are attached. When the last one goes, nobody is there to let commands go on.
func (s *Server) lease(n int) {
	s.mu.Lock()
	s.leases += n
	last := s.leases == 0
	s.mu.Unlock()
	if last {
		s.o.Bench.ReleaseAll()
	}
}

func flag(text string) bool {
	on, err := strconv.ParseBool(text)
	return err == nil && on
}

// count reads a number from 1 on.
func count(text string, def int) (int, error) {
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, errors.New(strconv.Quote(text) + " is no number from 1 on")
	}
	return n, nil
}
