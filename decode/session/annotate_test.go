package session_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// TestAnnotateIsTrack checks that Annotate fills in a reused event just as Track fills in a new
// one.
func TestAnnotateIsTrack(t *testing.T) {
	var tracked, annotated session.Graph
	at := time.Unix(1e9, 0)
	e := &session.Event{
		Out: []byte("left over"), Text: "left over", Via: 77, ReplyTo: 77, RTT: 77,
		Flags: session.Fault, Kind: session.Note, N: 77, Packets: session.Packets{First: 77},
	}
	events := 0
	for _, talk := range recorded(t) {
		one, _ := tracked.Open(at, "127.0.0.1:1", "127.0.0.1:2")
		two, _ := annotated.Open(at, "127.0.0.1:1", "127.0.0.1:2")
		for i := range talk {
			at = at.Add(time.Millisecond)
			want := one.Track(talk[i].dir, &talk[i].m, at)
			e.In = talk[i].m
			two.Annotate(e, talk[i].dir, at)
			if !reflect.DeepEqual(e, want) {
				t.Fatalf("annotated %+v\ntracked %+v", e, want)
			}
			e.Out, e.Text = []byte("left over"), "left over"
			events++
		}
	}
	if events < 100 {
		t.Fatalf("%d events say little", events)
	}
}

// TestAnnotateAllocatesNothing checks that the commands that make up most of a capture cost no
// allocation, so that millions of commands can be indexed.
func TestAnnotateAllocatesNothing(t *testing.T) {
	p := newPlayer()
	p.play(t, theSession+"ns C: CHG 9 BSY\\r\\n\n"+"sb S: JOI bob@hotmail.com Bob\\r\\n\n")
	for _, tc := range []struct {
		conn, line string
		dir        decode.Dir
	}{
		{"ns", "CHG 9 BSY\r\n", decode.FromServer},
		{"ns", "NLN BSY bob@hotmail.com Bob\r\n", decode.FromServer},
		{"ns", "FLN bob@hotmail.com\r\n", decode.FromServer},
		{"ns", "QNG\r\n", decode.FromServer},
		{"ns", "LST 7 FL 12 1 2 bob@hotmail.com Bob\r\n", decode.FromServer},
		{"sb", "MSG bob@hotmail.com Bob 5\r\nhello", decode.FromServer},
		{"sb", "BYE bob@hotmail.com\r\n", decode.FromServer},
	} {
		c := p.conns[tc.conn]
		e := session.Event{In: decode.Parse([]byte(tc.line), tc.dir, c.Grammar())}
		if n := testing.AllocsPerRun(100, func() { c.Annotate(&e, tc.dir, p.now) }); n != 0 || e.Row == nil {
			t.Errorf("%q: %v allocations, row %v", tc.line, n, e.Row)
		}
	}
}
