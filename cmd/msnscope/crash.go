package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// survive calls do, which has the terminal. A panic in it becomes an error, so that the run ends as
// usual: held commands are sent on and the recording is completed. The trace of the panic is saved.
func survive(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = crashed(p, debug.Stack())
		}
	}()
	return do()
}

// crashed saves the trace of a panic and returns the error that says where.
func crashed(p any, stack []byte) error {
	hint := "please report it with this trace:\n" + string(stack)
	if file, err := os.CreateTemp("", "msnscope-crash-*.txt"); err == nil {
		_, err = fmt.Fprintf(file, "msnscope %s, %s\n\npanic: %v\n\n%s", version(),
			time.Now().UTC().Format(time.RFC3339),
			p, stack)
		if file.Close() == nil && err == nil {
			hint = "please report it with the trace in " + file.Name()
		}
	}
	return &exitError{exitIO, fmt.Errorf("the inspector failed: %v", p), hint}
}
