package recording_test

import (
	"bytes"
	"context"
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

// recordedFile returns the file of a recording of the events.
func recordedFile(t testing.TB, events []*session.Event, o recording.Options) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{Application: "test"})
	if err != nil {
		t.Fatal(err)
	}
	recordTo(t, w, events, o)
	return file.Bytes()
}

// recordTo records the events in batches.
func recordTo(t testing.TB, w *pcap.Writer, events []*session.Event, o recording.Options) {
	t.Helper()
	r := recording.NewWriter(w, o)
	for batch := range slices.Chunk(events, 7) {
		r.Handle(batch)
	}
	if err := r.Close(sessiontest.Start.Add(time.Hour)); err != nil {
		t.Fatalf("recording: %v", err)
	}
}

// loaded returns the log of a capture and the error of loading it.
func loaded(t interface {
	Cleanup(func())
}, file []byte,
) (*eventlog.Log, error) {
	l := eventlog.New(eventlog.Options{})
	t.Cleanup(func() { l.Close() })
	return l, captures.NewLoader(l).LoadReader(context.Background(), bytes.NewReader(file), "test.pcapng", nil)
}
