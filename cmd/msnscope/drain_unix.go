//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// drainSignal returns a channel that says when to drain a notification server, and what ends that.
func drainSignal() (<-chan os.Signal, func()) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	return asked, func() { signal.Stop(asked) }
}
