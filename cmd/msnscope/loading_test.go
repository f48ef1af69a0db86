package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// TestLoadingShowsWhatHasBeenRead reads a capture whose end never comes.
func TestLoadingShowsWhatHasBeenRead(t *testing.T) {
	raw, err := samples.FS.ReadFile("conversation.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	defer w.Close()
	e := &env{stdin: io.MultiReader(bytes.NewReader(raw), r), stdout: io.Discard, stderr: io.Discard, getenv: os.Getenv}
	log := eventlog.New(eventlog.Options{})
	defer log.Close()
	l := e.startLoading(t.Context(), []string{"-"}, log, captures.NewLoader(log))
	<-l.some
	if log.Len() < 10 {
		t.Errorf("%d events are there", log.Len())
	}
	if text, busy := l.status(); !busy || !strings.HasPrefix(text, "reading ") {
		t.Errorf("the status is %q, %t", text, busy)
	}
	if err := l.stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// TestLoadingSaysWhatIsWrong reads a capture that is cut, after one that is whole.
func TestLoadingSaysWhatIsWrong(t *testing.T) {
	raw, err := samples.FS.ReadFile("conversation.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	whole, cut := filepath.Join(t.TempDir(), "whole.pcapng"), filepath.Join(t.TempDir(), "cut.pcapng")
	for path, b := range map[string][]byte{whole: raw, cut: raw[:len(raw)-50]} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e := &env{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, getenv: os.Getenv}
	log := eventlog.New(eventlog.Options{})
	defer log.Close()
	l := e.startLoading(t.Context(), []string{whole, cut}, log, captures.NewLoader(log))
	if err := l.wait(); !errors.Is(err, pcap.ErrCut) {
		t.Errorf("the error is %v", err)
	}
	if text, busy := l.status(); busy || !strings.Contains(text, "cut.pcapng") {
		t.Errorf("the status is %q, %t", text, busy)
	}
	if err := l.stop(); !errors.Is(err, pcap.ErrCut) {
		t.Errorf("stopping: %v", err)
	}
}
