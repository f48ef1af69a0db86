package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/msnscope/msnscope/internal/format"
)

// The exit codes; scripts depend on them.
const (
	exitOK          = 0
	exitDiffers     = 1 // done, but not as expected
	exitUsage       = 2 // wrong command line
	exitIO          = 3 // input or output failed, a capture that is cut short included
	exitTimeout     = 4
	exitInterrupted = 130
)

// exitError is an error that has its exit code, and perhaps a hint of what to do.
type exitError struct {
	code int
	err  error // nil: everything has been said
	hint string
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage is the error of a command line that cannot be.
func usage(form string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(form, args...)}
}

// say writes one line of talk to standard error, in the form that all of it has.
func (e *env) say(form string, args ...any) {
	fmt.Fprintf(e.stderr, "msnscope: %s\n", printable(fmt.Sprintf(form, args...)))
}

// printable makes text safe for a terminal, line by line: errors quote file names and what came over the wire.
func printable(s string) string {
	all := strings.Split(s, "\n")
	for i := range all {
		all[i] = format.Printable(all[i])
	}
	return strings.Join(all, "\n")
}

// report says what went wrong and returns the exit code. Errors without a code come from the command line's parser, or are
// of input and output.
func (e *env) report(err error) int {
	if err == nil {
		return exitOK
	}
	var x *exitError
	if !errors.As(err, &x) {
		x = &exitError{code: exitUsage, err: err, hint: "msnscope --help lists the commands, msnscope COMMAND --help the flags"}
		if isIO(err) {
			x.code, x.hint = exitIO, ""
		}
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	if x.err != nil {
		e.say("error: %s", strings.TrimSpace(err.Error()))
		if x.hint != "" {
			fmt.Fprintf(e.stderr, "hint: %s\n", printable(x.hint))
		}
	}
	return x.code
}

// isIO reports whether the error comes from a file or a socket.
func isIO(err error) bool {
	var errno syscall.Errno
	var path *fs.PathError
	return errors.As(err, &errno) || errors.As(err, &path)
}

// logger returns a logger for what the program says of itself while it runs. With keep, nothing is written but the latest
// lines are kept: the inspector owns the terminal.
func (e *env) logger(keep *lines) *slog.Logger {
	return slog.New(&talkHandler{env: e, keep: keep})
}

// talkHandler writes log records as `msnscope: message key=value`, errors as `msnscope: error: message ...`.
type talkHandler struct {
	env   *env
	keep  *lines
	attrs string
	mu    sync.Mutex
}

func (h *talkHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

func (h *talkHandler) Handle(_ context.Context, r slog.Record) error {
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
	if h.keep != nil {
		h.keep.add(r.Time.Format("15:04:05 ") + b.String())
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.env.say("%s", b.String())
	return nil
}

func writeAttr(b *strings.Builder, a slog.Attr) {
	value := a.Value.String()
	if value == "" || strings.ContainsAny(value, " \"=") || format.Printable(value) != value || !utf8.ValidString(value) ||
		strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		value = fmt.Sprintf("%q", value)
	}
	fmt.Fprintf(b, " %s=%s", a.Key, value)
}

func (h *talkHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		writeAttr(&b, a)
	}
	return &talkHandler{env: h.env, keep: h.keep, attrs: b.String()}
}

func (h *talkHandler) WithGroup(string) slog.Handler { return h }

// maxLines is how many log lines the inspector can show: a screenful or two.
const maxLines = 200

// lines keeps the latest log lines. It is safe for concurrent use.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
	if len(l.all) > maxLines {
		l.all = l.all[len(l.all)-maxLines:]
	}
}

func (l *lines) snapshot() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.all...)
}
