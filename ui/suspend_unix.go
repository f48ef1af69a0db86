//go:build unix

package ui

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// stopSignals delivers the terminal's requests to stop the process to c, until the returned
// function is called.
func stopSignals(c chan<- os.Signal) func() {
	signal.Notify(c, syscall.SIGTSTP)
	return func() { signal.Reset(syscall.SIGTSTP) }
}

// stopTime is how long stopProcess waits to be stopped. If nothing stops the process, because no
// shell could continue it, it goes on after that.
const stopTime = time.Second

// stopProcess stops the job of the shell that the process belongs to, and returns when the process
// is continued.
func stopProcess() error {
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	defer signal.Stop(goesOn)
	if err := syscall.Kill(0, syscall.SIGSTOP); err != nil {
		return err
	}
	select {
	case <-goesOn:
	case <-time.After(stopTime):
	}
	return nil
}
