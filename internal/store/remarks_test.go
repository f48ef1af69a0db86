package store

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/replay/pcap"
)

// notesIn returns the texts of the notes on a connection, 0 for none.
func notesIn(t *testing.T, file []byte) (all []string, log *Log) {
	t.Helper()
	log, err := loaded(t, file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range log.Len() {
		if e := log.At(i); e.Kind == session.Note {
			all = append(all, string('0'+rune(e.Conn))+" "+e.Text)
		}
	}
	return all, log
}

// TestRemarksOnAnyCapture: what somebody wrote on a packet of any capture is a note, and stays one when it is recorded again.
func TestRemarksOnAnyCapture(t *testing.T) {
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	flow, err := w.Open(parseAddr("10.0.0.7:1055"), parseAddr("10.0.0.1:1863"), start, "my first try")
	if err != nil {
		t.Fatal(err)
	}
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	for _, err := range []error{
		flow.Data(true, []byte("VER 0 MSNP2 CVR0\r\n"), at(1)), flow.Data(false, []byte("VER 0 MSNP2\r\n"), at(2), "this took long", "see bug 7"),
		w.Note(at(3), "here I pulled the plug"), flow.Close(true, at(4), "and here it ends"), w.Flush(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"1 my first try", "1 this took long", "1 see bug 7", "0 here I pulled the plug", "1 and here it ends"}
	got, log := notesIn(t, file.Bytes())
	if !slices.Equal(got, want) {
		t.Fatalf("notes %q, want %q", got, want)
	}
	var events []*session.Event
	for i := range log.Len() {
		events = append(events, log.At(i))
	}
	if again, _ := notesIn(t, recordedFile(t, events, RecorderOptions{})); !slices.Equal(again, want) {
		t.Errorf("recorded and read again: %q, want %q", again, want)
	}
}

// TestRemarksOnARecording: on a recording of ours, what the recorder wrote is no remark.
func TestRemarksOnARecording(t *testing.T) {
	events := signOn()
	notes := 0
	for _, e := range events {
		if e.Kind == session.Note {
			notes++
		}
	}
	if got, _ := notesIn(t, recordedFile(t, events, RecorderOptions{})); len(got) != notes {
		t.Fatalf("notes %q, of which %d were recorded", got, notes)
	}
	for _, tc := range []struct{ comments, want []string }{
		{[]string{"msnscope:1 command n=3 conn=1"}, nil},
		{[]string{"msnscope:1 command n=3 conn=1", "mine"}, []string{"mine"}},
		{[]string{"mine", "msnscope:1 command n=3 conn=1", "msnscope+more", "too"}, []string{"mine", "too"}},
		{[]string{"rewritten: a was b", "msnscope:1 command n=3 flags=rewritten"}, nil},
		{[]string{"mine", "rewritten: a was b", "msnscope:1 command n=3 flags=rewritten"}, []string{"mine"}},
		{[]string{"connection 3 from a to b", "msnscope:1 flow conn=3", "mine"}, []string{"mine"}},
		{[]string{endsHere}, nil},
		{[]string{goesOn, "mine"}, []string{"mine"}},
	} {
		r, _ := readRecord(tc.comments)
		if got := remarks(tc.comments, &r); !slices.Equal(got, tc.want) {
			t.Errorf("%q: %q, want %q", tc.comments, got, tc.want)
		}
	}
}
