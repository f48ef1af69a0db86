package recording_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// rotated records events and returns the files that it took.
func rotated(t *testing.T, events []*session.Event, o recording.Rotation, at int) [][]byte {
	t.Helper()
	var files []*bytes.Buffer
	next := func(number int, _ time.Time) (*pcap.Writer, error) {
		if number != len(files)+1 {
			t.Errorf("file %d is called number %d", len(files)+1, number)
		}
		files = append(files, new(bytes.Buffer))
		return pcap.NewWriter(files[len(files)-1], pcap.WriterOptions{})
	}
	w, err := next(1, sessiontest.Start)
	if err != nil {
		t.Fatal(err)
	}
	o.Next = next
	r := recording.NewWriter(w, recording.Options{Rotation: o, OnError: func(err error) { t.Error(err) }})
	for len(events) > 0 {
		n := min(at, len(events))
		r.Handle(events[:n])
		events = events[n:]
	}
	if err := r.Close(sessiontest.Start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	all := make([][]byte, len(files))
	for i, f := range files {
		all[i] = f.Bytes()
	}
	return all
}

// TestRotation: each file can be read alone, and all of them one after the other give each event
// once, with its number, its connection and all that is known of that.
func TestRotation(t *testing.T) {
	events := sessiontest.SignOn()
	for _, batch := range []int{1, 3, 1000} {
		for name, tc := range map[string]struct {
			o     recording.Rotation
			least int
		}{
			"never": {recording.Rotation{}, 1}, "an event a file": {recording.Rotation{Size: 1}, len(events)},
			"by size": {recording.Rotation{Size: 1500}, 3},
			"by time": {recording.Rotation{Every: 2 * events[1].Time.Sub(events[0].Time)}, 3},
		} {
			files := rotated(t, events, tc.o, batch)
			if len(files) < tc.least {
				t.Errorf("%s: %d files, want %d or more", name, len(files), tc.least)
			}
			i := 0
			for k, f := range files {
				log, err := loaded(t, f)
				if err != nil {
					t.Fatalf("%s: file %d of %d: %v", name, k+1, len(files), err)
				}
				for j := range log.Len() {
					if i == len(events) {
						t.Fatalf("%s: file %d has more than was recorded: %v", name, k+1, log.At(j))
					}
					got, want := log.At(j), events[i]
					same := got.N == want.N && got.Conn == want.Conn && got.Kind == want.Kind &&
						bytes.Equal(got.In.Raw, want.In.Raw) &&
						got.ReplyTo == want.ReplyTo && got.Client == want.Client && got.Text == want.Text &&
						got.Time.Equal(want.Time) && got.Row == want.Row
					if !same {
						t.Errorf("%s: event %d of file %d is %+v, want %+v", name, j, k+1, got, want)
					}
					i++
				}
			}
			if i != len(events) {
				t.Errorf("%s: %d events in %d files, want %d", name, i, len(files), len(events))
			}
		}
	}
}

// TestRotationFails: where the next file cannot be made, the recording ends and says so, once.
func TestRotationFails(t *testing.T) {
	events, full, reported := sessiontest.SignOn(), errors.New("no space left"), 0
	var first bytes.Buffer
	w, err := pcap.NewWriter(&first, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	o := recording.Rotation{Size: 2000, Next: func(int, time.Time) (*pcap.Writer, error) { return nil, full }}
	r := recording.NewWriter(w, recording.Options{Rotation: o, OnError: func(error) { reported++ }})
	r.Handle(events)
	r.Handle(events)
	if err := r.Close(sessiontest.Start); !errors.Is(err, full) || reported != 1 {
		t.Errorf("Close: %v, reported %d times", err, reported)
	}
	if log, err := loaded(t, first.Bytes()); err != nil || log.Len() == 0 || log.Len() == len(events) {
		t.Errorf("the first file has %d events: %v", log.Len(), err)
	}
}

// TestRotationTogether: files of a recording that are loaded into one log in their order are the
// recording, and a connection that spans them is one. Other captures may come in between; files out
// of order still give each event, with other numbers.
func TestRotationTogether(t *testing.T) {
	events := sessiontest.SignOn()
	files := rotated(t, events, recording.Rotation{Size: 1500}, 3)
	if len(files) < 3 {
		t.Fatalf("%d files", len(files))
	}
	other := recordedFile(t, sessiontest.Later(events[:4], time.Hour), recording.Options{})
	for name, tc := range map[string]struct {
		files [][]byte
		conns int // numbers of connections
		own   bool
	}{
		"in order":       {files, conns(events), true},
		"one is missing": {slices.Concat(files[:1], files[2:]), 0, true},
		"with another": {
			slices.Concat(files[:1], [][]byte{other}, files[1:]),
			conns(events) + conns(sessiontest.SignOn()[:4]), false,
		},
		"in the wrong order": {[][]byte{files[1], files[0]}, 0, false},
	} {
		log := eventlog.New(eventlog.Options{})
		defer log.Close()
		into := captures.NewLoader(log)
		for _, f := range tc.files {
			if err := into.LoadReader(t.Context(), bytes.NewReader(f), name, nil); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		var all []*session.Event
		for i := range log.Len() {
			all = append(all, log.At(i))
			if i > 0 && all[i].N <= all[i-1].N {
				t.Errorf("%s: number %d follows %d", name, all[i].N, all[i-1].N)
			}
		}
		if n := conns(all); tc.conns > 0 && n != tc.conns {
			t.Errorf("%s: %d connections, want %d", name, n, tc.conns)
		}
		for i, e := range all {
			if !tc.own || e.Flags&session.Missing != 0 {
				continue
			}
			want := events[slices.IndexFunc(events, func(w *session.Event) bool { return w.N == e.N })]
			if e.Conn != want.Conn || e.ReplyTo != want.ReplyTo || !bytes.Equal(e.In.Raw, want.In.Raw) {
				t.Errorf("%s: event %d is %+v, want %+v", name, i, e, want)
			}
		}
	}
}

func conns(events []*session.Event) int {
	ids := map[int]bool{}
	for _, e := range events {
		ids[e.Conn] = true
	}
	return len(ids)
}
