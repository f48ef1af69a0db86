// Command msnscope is a man-in-the-middle proxy and traffic inspector for the MSN Messenger
// protocol.
//
// This package wires the others together, with one file for each verb. It has nothing that another
// program could use.
package main

import (
	"context"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/msnscope/msnscope/internal/talk"
)

func main() {
	// A closed pipe (msnscope ... | head) must not kill the process, because recordings have to be
	// completed first.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second signal ends the process the usual way, whatever the first one waits for
	code := run(ctx, os.Args[1:], &env{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, environ: os.Environ,
		handed: activation.Listeners,
	})
	stop()
	os.Exit(code)
}

// env is everything that a run uses of its environment. Tests supply their own.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	environ        func() []string // nil for an environment without variables that set flags
	// handed returns the listeners that were handed over to the process; nil where there are none.
	handed func() ([]net.Listener, error)

	speak  sync.Once
	spoken *talk.Voice // see voice
}

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, e *env) int {
	root := newRoot(e)
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	code := e.report(root.ExecuteContext(ctx))
	if !e.voice().Finish(lastWords) && code == exitOK {
		return exitIO
	}
	return code
}
