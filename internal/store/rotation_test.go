package store

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/replay/pcap"
)

// rotated records events and returns the files that it took.
func rotated(t *testing.T, events []*session.Event, o Rotation, at int) [][]byte {
	t.Helper()
	var files []*bytes.Buffer
	next := func(number int, _ time.Time) (*pcap.Writer, error) {
		if number != len(files)+1 {
			t.Errorf("file %d is called number %d", len(files)+1, number)
		}
		files = append(files, new(bytes.Buffer))
		return pcap.NewWriter(files[len(files)-1], pcap.WriterOptions{})
	}
	w, err := next(1, start)
	if err != nil {
		t.Fatal(err)
	}
	o.Next = next
	r := NewRecorder(w, RecorderOptions{Rotation: o, OnError: func(err error) { t.Error(err) }})
	for len(events) > 0 {
		n := min(at, len(events))
		r.Handle(events[:n])
		events = events[n:]
	}
	if err := r.Close(start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	all := make([][]byte, len(files))
	for i, f := range files {
		all[i] = f.Bytes()
	}
	return all
}

// TestRotation: each file can be read alone, and all of them one after the other give each event once, with its number, its
// connection and all that is known of that.
func TestRotation(t *testing.T) {
	events := signOn()
	for _, batch := range []int{1, 3, 1000} {
		for name, tc := range map[string]struct {
			o     Rotation
			least int
		}{
			"never": {Rotation{}, 1}, "an event a file": {Rotation{Size: 1}, len(events)}, "by size": {Rotation{Size: 1500}, 3},
			"by time": {Rotation{Every: 2 * events[1].Time.Sub(events[0].Time)}, 3},
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
					same := got.N == want.N && got.Conn == want.Conn && got.Kind == want.Kind && bytes.Equal(got.In.Raw, want.In.Raw) &&
						got.ReplyTo == want.ReplyTo && got.Client == want.Client && got.Text == want.Text && got.Time.Equal(want.Time) && got.Row == want.Row
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
	events, full, told := signOn(), errors.New("no space left"), 0
	var first bytes.Buffer
	w, err := pcap.NewWriter(&first, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	o := Rotation{Size: 2000, Next: func(int, time.Time) (*pcap.Writer, error) { return nil, full }}
	r := NewRecorder(w, RecorderOptions{Rotation: o, OnError: func(error) { told++ }})
	r.Handle(events)
	r.Handle(events)
	if err := r.Close(start); !errors.Is(err, full) || told != 1 {
		t.Errorf("Close: %v, told %d times", err, told)
	}
	if log, err := loaded(t, first.Bytes()); err != nil || log.Len() == 0 || log.Len() == len(events) {
		t.Errorf("the first file has %d events: %v", log.Len(), err)
	}
}

// TestRotationTogether: files of a recording that are loaded into one log in their order are the recording, and a connection that
// spans them is one. Other captures may come in between; files out of order still give each event, with other numbers.
func TestRotationTogether(t *testing.T) {
	events := signOn()
	files := rotated(t, events, Rotation{Size: 1500}, 3)
	if len(files) < 3 {
		t.Fatalf("%d files", len(files))
	}
	other := recordedFile(t, signOn()[:4], RecorderOptions{})
	for name, tc := range map[string]struct {
		files [][]byte
		conns int // numbers of connections
		own   bool
	}{
		"in order":           {files, conns(events), true},
		"one is missing":     {slices.Concat(files[:1], files[2:]), 0, true},
		"with another":       {slices.Concat(files[:1], [][]byte{other}, files[1:]), conns(events) + conns(signOn()[:4]), false},
		"in the wrong order": {[][]byte{files[1], files[0]}, 0, false},
	} {
		log := NewLog(LogOptions{})
		defer log.Close()
		for _, f := range tc.files {
			if err := LoadReader(t.Context(), bytes.NewReader(f), name, log, nil); err != nil {
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
			if !tc.own {
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

// TestNameOfARecordingIsBounded: names are kept as long as the log is, so that a file must not make them long.
func TestNameOfARecordingIsBounded(t *testing.T) {
	for n, want := range map[int]bool{1: true, maxOf: true, maxOf + 1: false} {
		if _, ok := readRecord([]string{recordStart + recordForm + "begin of=" + strings.Repeat("x", n) + " n=1"}); ok != want {
			t.Errorf("a name of %d letters is taken: %t, want %t", n, ok, want)
		}
	}
}
