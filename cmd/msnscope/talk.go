package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"
	"time"

	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/talk"
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

// exitError is an error with its exit code and, where it helps, a hint of what to do.
type exitError struct {
	code int
	err  error // nil if everything has been reported
	hint string
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage returns the error for a mistake on the command line.
func usage(form string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(form, args...)}
}

// say writes a line to standard error, in the form that all messages of the program have.
func (e *env) say(form string, args ...any) {
	e.talk("msnscope: %s\n", printable(fmt.Sprintf(form, args...)))
}

// talk writes to standard error. It does not wait for a slow reader, because the caller may be
// relaying traffic. If writing fails, only the exit code shows it.
func (e *env) talk(form string, args ...any) { e.voice().Say(fmt.Sprintf(form, args...)) }

// voice returns the writer of standard error.
func (e *env) voice() *talk.Voice {
	e.speak.Do(func() { e.spoken = talk.NewVoice(e.stderr) })
	return e.spoken
}

// printable makes text safe for a terminal, line by line: errors quote file names and bytes from
// the wire.
func printable(s string) string {
	all := strings.Split(s, "\n")
	for i := range all {
		all[i] = format.Printable(all[i])
	}
	return strings.Join(all, "\n")
}

// report prints what went wrong and returns the exit code. Errors without a code come from the
// parser of the command line, or from input and output.
func (e *env) report(err error) int {
	if err == nil {
		return exitOK
	}
	var x *exitError
	if !errors.As(err, &x) {
		x = &exitError{
			code: exitUsage, err: err,
			hint: "msnscope --help lists the commands, msnscope COMMAND --help the flags",
		}
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
			e.talk("hint: %s\n", printable(x.hint))
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

// logger returns a logger for the program's own messages. With keep, the latest lines are kept
// there instead of being written, because the inspector has the terminal.
func (e *env) logger(keep *talk.Ring) *slog.Logger {
	if keep != nil {
		return talk.NewLogger(keep.Add)
	}
	return talk.NewLogger(func(_ time.Time, line string) { e.say("%s", line) })
}
