//go:build !unix

package ui

import (
	"errors"
	"os"
)

// stopSignals does nothing, because on this system the terminal stops no process.
func stopSignals(chan<- os.Signal) func() { return func() {} }

// stopProcess fails, because on this system no shell continues a process.
func stopProcess() error { return errors.New("a program cannot be stopped here") }
