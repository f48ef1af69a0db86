package captures

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// notesIn returns the texts of the notes on a connection, 0 for none.
func notesIn(t *testing.T, file []byte) (all []string, log *eventlog.Log) {
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

// TestRemarksOnAnyCapture: what somebody wrote on a packet of any capture is a note, and stays one
// when it is recorded again.
func TestRemarksOnAnyCapture(t *testing.T) {
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	flow, err := w.Open(parseAddr("10.0.0.7:1055"), parseAddr("10.0.0.1:1863"), sessiontest.Start, "my first try")
	if err != nil {
		t.Fatal(err)
	}
	at := func(ms int) time.Time { return sessiontest.Start.Add(time.Duration(ms) * time.Millisecond) }
	for _, err := range []error{
		flow.Data(true, []byte("VER 0 MSNP2 CVR0\r\n"), at(1)),
		flow.Data(false, []byte("VER 0 MSNP2\r\n"), at(2), "this took long", "see bug 7"),
		w.Note(at(3), "here I pulled the plug"), flow.Close(true, at(4), "and here it ends"), w.Flush(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"1 my first try", "1 this took long", "1 see bug 7", "0 here I pulled the plug",
		"1 and here it ends",
	}
	got, log := notesIn(t, file.Bytes())
	if !slices.Equal(got, want) {
		t.Fatalf("notes %q, want %q", got, want)
	}
	var events []*session.Event
	for i := range log.Len() {
		events = append(events, log.At(i))
	}
	if again, _ := notesIn(t, recordedFile(t, events)); !slices.Equal(again, want) {
		t.Errorf("recorded and read again: %q, want %q", again, want)
	}
}

// TestRemarksOnAFile: what somebody wrote on the whole file, on an interface, or on a packet before
// the first of MSN is a note, and so is what another section's head says.
func TestRemarksOnAFile(t *testing.T) {
	var first, second bytes.Buffer
	for i, file := range []*bytes.Buffer{&first, &second} {
		w, err := pcap.NewWriter(file, pcap.WriterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Note(sessiontest.Start, "before it began"); err != nil {
			t.Fatal(err)
		}
		talk(t, w, 1055+uint16(i))
	}
	file := slices.Concat(sectionHead("the whole file", "the wire"), first.Bytes(), sectionHead("the second try"),
		second.Bytes())
	want := []string{"0 the whole file", "0 the wire", "0 before it began", "0 the second try", "0 before it began"}
	got, log := notesIn(t, file)
	if !slices.Equal(got, want) {
		t.Fatalf("notes %q, want %q", got, want)
	}
	var events []*session.Event
	for i := range log.Len() {
		e := log.At(i)
		events = append(events, e)
		if year := e.Time.Year(); year != sessiontest.Start.Year() {
			t.Errorf("%s %q is of the year %d", e.Kind, e.Text, year)
		}
	}
	if again, _ := notesIn(t, recordedFile(t, events)); !slices.Equal(again, want) {
		t.Errorf("recorded and read again: %q, want %q", again, want)
	}
	empty, err := loaded(t, sectionHead("nothing happened"))
	if !errors.Is(err, ErrNoMSN) || empty.Len() != 0 {
		t.Errorf("a file with nothing but a comment: %v and %d events", err, empty.Len())
	}
}

// TestNamesOfACapture: the names that another program gave to addresses are there; those of a
// recording of ours follow from its events.
func TestNamesOfACapture(t *testing.T) {
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	server := parseAddr("10.0.0.1:1863").Addr()
	for _, name := range []string{"msgr.example.com", "another.example.com"} {
		if err := w.Name(server, name); err != nil {
			t.Fatal(err)
		}
	}
	talk(t, w, 1055)
	_, log := notesIn(t, file.Bytes())
	if got := log.Names(); len(got) != 1 || got[server] != "msgr.example.com" {
		t.Errorf("names %q", got)
	}
	_, log = notesIn(t, recordedFile(t, sessiontest.SignOn()))
	if got := log.Names(); len(got) != 0 {
		t.Errorf("a recording gives the names %q", got)
	}
}

// talk writes a connection that says who it is.
func talk(t *testing.T, w *pcap.Writer, port uint16) {
	t.Helper()
	client := netip.AddrPortFrom(parseAddr("10.0.0.7:1").Addr(), port)
	flow, err := w.Open(client, parseAddr("10.0.0.1:1863"), sessiontest.Start)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(flow.Data(true, []byte("VER 0 MSNP2 CVR0\r\n"), sessiontest.Start),
		flow.Close(true, sessiontest.Start), w.Flush()); err != nil {
		t.Fatal(err)
	}
}

// sectionHead is a section with a comment and with an interface for each comment more.
func sectionHead(comment string, interfaces ...string) []byte {
	le := binary.LittleEndian
	block := func(typ uint32, body []byte, comment string) []byte {
		body = append(le.AppendUint16(le.AppendUint16(body, 1), uint16(len(comment))), comment...)
		body = append(body, make([]byte, -len(body)&3+4)...)
		size := uint32(len(body) + 12)
		return le.AppendUint32(slices.Concat(le.AppendUint32(le.AppendUint32(nil, typ), size), body), size)
	}
	b := block(0x0a0d0d0a,
		append(le.AppendUint32(nil, 0x1a2b3c4d), "\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"...), comment)
	for _, c := range interfaces {
		b = append(b, block(1, []byte{101, 0, 0, 0, 0, 0, 0, 0}, c)...)
	}
	return b
}

// TestRemarksOnARecording: on a recording of ours, what the recorder wrote is no remark.
func TestRemarksOnARecording(t *testing.T) {
	events := sessiontest.SignOn()
	notes := 0
	for _, e := range events {
		if e.Kind == session.Note {
			notes++
		}
	}
	if got, _ := notesIn(t, recordedFile(t, events)); len(got) != notes {
		t.Fatalf("notes %q, of which %d were recorded", got, notes)
	}
}
