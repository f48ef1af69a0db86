package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxPassword bounds a password, in bytes; nobody types that many.
const maxPassword = 1024

// password returns the password that --password gives: the value itself or, for -, the first line
// of standard input. Without the flag it asks at the terminal, twice and without echo.
func (e *env) password(ctx context.Context, flag string, given bool, whose string) (string, error) {
	switch {
	case given && flag != "-":
		return checkedPassword(flag, nil)
	case given:
		line, err := bufio.NewReader(io.LimitReader(&interruptible{ctx, e.stdin}, maxPassword+2)).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return checkedPassword(strings.TrimRight(line, "\r\n"), err)
	case !isTerminal(e.stdin):
		return "", &exitError{
			exitUsage, errors.New("no password is given, and there is no terminal at which to ask for it"),
			"--password - reads it from standard input",
		}
	}
	first, err := e.ask(ctx, "password of "+whose+": ")
	if err != nil {
		return "", err
	}
	again, err := e.ask(ctx, "once more: ")
	if err == nil && again != first {
		err = usage("the two passwords differ")
	}
	return checkedPassword(first, err)
}

func checkedPassword(p string, err error) (string, error) {
	switch {
	case err != nil:
		return "", err
	case p == "":
		return "", usage("the password is empty")
	case len(p) > maxPassword:
		return "", usage("the password is longer than %d bytes", maxPassword)
	}
	return p, nil
}

// ask reads a line from the terminal without echo. When ctx ends, it restores the terminal and
// returns.
func (e *env) ask(ctx context.Context, prompt string) (string, error) {
	fd := int(e.stdin.(*os.File).Fd()) // a terminal is a file
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("cannot ask for the password: %w", err)
	}
	fmt.Fprint(e.stderr, "msnscope: "+printable(prompt))
	defer fmt.Fprintln(e.stderr)
	type typed struct {
		line []byte
		err  error
	}
	done := make(chan typed, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		done <- typed{line, err}
	}()
	select {
	case t := <-done:
		return string(t.line), t.err
	case <-ctx.Done():
		_ = term.Restore(fd, before) // the read goes on until the process ends, which is soon
		return "", context.Cause(ctx)
	}
}
