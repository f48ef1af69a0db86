// Package talk turns log records into lines for people, which are written at once or kept for a
// screen that owns the terminal.
package talk

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/msnscope/msnscope/internal/format"
)

// NewLogger returns a logger that passes each record of level Info or higher to say, as a line such
// as
//
//	error: recording stopped, traffic goes on file=session.pcapng err="no space left on device"
//
// without a line end, and with the time of the record. Only errors name their level. Values that a
// terminal could misinterpret are quoted. say is called by one goroutine at a time.
func NewLogger(say func(at time.Time, line string)) *slog.Logger {
	return slog.New(&handler{say: say, mu: new(sync.Mutex)})
}

// handler is the [slog.Handler] of NewLogger. It ignores the names of groups.
type handler struct {
	say   func(at time.Time, line string)
	mu    *sync.Mutex // held while say runs; shared by the handlers that WithAttrs returns
	attrs string
}

// Enabled implements [slog.Handler].
func (h *handler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

// Handle implements [slog.Handler]. It never fails.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	if r.Level >= slog.LevelError {
		b.WriteString("error: ")
	}
	b.WriteString(r.Message)
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		writeAttr(&b, a)
		return true
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.say(r.Time, b.String())
	return nil
}

func writeAttr(b *strings.Builder, a slog.Attr) {
	value := a.Value.String()
	if mustQuote(value) {
		value = fmt.Sprintf("%q", value)
	}
	fmt.Fprintf(b, " %s=%s", a.Key, value)
}

// mustQuote reports whether a value must be quoted to stand as one word of a line.
func mustQuote(value string) bool {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	return value == "" || strings.ContainsAny(value, " \"=") || format.Printable(value) != value ||
		!utf8.ValidString(value) || strings.ContainsFunc(value, unprintable)
}

// WithAttrs implements [slog.Handler].
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		writeAttr(&b, a)
	}
	return &handler{say: h.say, mu: h.mu, attrs: b.String()}
}

// WithGroup implements [slog.Handler].
func (h *handler) WithGroup(string) slog.Handler { return h }
