package captures

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// logOf returns a log of the events.
func logOf(t interface {
	Cleanup(func())
}, events []*session.Event,
) *eventlog.Log {
	l := eventlog.New(eventlog.Options{})
	t.Cleanup(func() { l.Close() })
	for _, e := range events {
		l.Append(e)
	}
	return l
}

// recordedFile returns the file of a recording of the events.
func recordedFile(t testing.TB, events []*session.Event) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{Application: "test"})
	if err != nil {
		t.Fatal(err)
	}
	r := recording.NewWriter(w, recording.Options{})
	for batch := range slices.Chunk(events, 7) {
		r.Handle(batch)
	}
	if err := r.Close(sessiontest.Start.Add(time.Hour)); err != nil {
		t.Fatalf("recording: %v", err)
	}
	return file.Bytes()
}

// loaded returns the log of a capture and the error of loading it.
func loaded(t interface {
	Cleanup(func())
}, file []byte,
) (*eventlog.Log, error) {
	l := eventlog.New(eventlog.Options{})
	t.Cleanup(func() { l.Close() })
	return l, NewLoader(l).LoadReader(context.Background(), bytes.NewReader(file), "test.pcapng", nil)
}

// importing returns an importer into a log, with a batch that the test ends.
func importing(l *eventlog.Log) *importer {
	im := newImporter(NewLoader(l))
	im.begin(0)
	im.batch = l.Begin()
	return im
}

// script is a log in short, one line an event.
func script(l *eventlog.Log) []string {
	var all []string
	for i := range l.Len() {
		e := l.At(i)
		switch {
		case e.Kind == session.HalfClose:
			all = append(all, fmt.Sprintf("%d %d %s %s", e.N, e.Conn, e.Kind, e.Dir))
		case e.Kind != session.Command:
			all = append(all, fmt.Sprintf("%d %d %s %s", e.N, e.Conn, e.Kind, e.Text))
		case e.In.Opaque():
			all = append(all, fmt.Sprintf("%d %d %s opaque %q", e.N, e.Conn, e.Dir, e.In.Raw))
		default:
			all = append(all, fmt.Sprintf("%d %d %s %s", e.N, e.Conn, e.Dir, bytes.TrimRight(e.In.Raw, "\r\n")))
		}
	}
	return all
}

func wantScript(t *testing.T, l *eventlog.Log, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, script(l)); diff != "" {
		t.Errorf("events differ (-want +got):\n%s", diff)
	}
}

// packet is a TCP segment of a capture that no program of ours wrote.
type packet struct {
	from, to string // addresses with ports
	flags    byte
	seq      uint32
	data     string
}

const (
	fin = 1
	syn = 2
	rst = 4
	ack = 16
)

// foreign returns a pcap file of the packets, one a second.
func foreign(packets ...packet) []byte { return foreignFrom(sessiontest.Start, packets...) }

// foreignFrom is foreign for a capture that begins at another time.
func foreignFrom(at time.Time, packets ...packet) []byte {
	le, be := binary.LittleEndian, binary.BigEndian
	var b []byte
	for _, v := range []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 1 << 18, 101} {
		b = le.AppendUint32(b, v)
	}
	for i, p := range packets {
		from, to := netip.MustParseAddrPort(p.from), netip.MustParseAddrPort(p.to)
		n := uint32(40 + len(p.data))
		for _, v := range []uint32{uint32(at.Unix()) + uint32(i), 0, n, n} {
			b = le.AppendUint32(b, v)
		}
		b = be.AppendUint16(append(b, 0x45, 0), uint16(n))
		b = append(b, 0, 0, 0x40, 0, 64, 6, 0, 0)
		b = append(append(b, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
		b = be.AppendUint16(be.AppendUint16(b, from.Port()), to.Port())
		b = be.AppendUint32(be.AppendUint32(b, p.seq), 100) // what every client of these tests begins with
		b = append(b, 5<<4, p.flags, 0xff, 0xff, 0, 0, 0, 0)
		b = append(b, p.data...)
	}
	return b
}

func parseAddr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
