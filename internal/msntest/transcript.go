package msntest

import (
	"bytes"
	"log/slog"
	"sync"
)

// Transcript keeps what is written to it, such as the output of a program or of a logger. Its zero
// value is empty, and it is safe for concurrent use.
type Transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write adds p to the transcript.
func (t *Transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.Write(p)
}

// String returns everything written so far.
func (t *Transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

// Logger returns a logger whose records the transcript keeps as text.
func (t *Transcript) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(t, nil)) }
