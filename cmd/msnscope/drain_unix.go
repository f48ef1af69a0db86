//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// drainSignal returns a channel that receives each SIGUSR1, the order to drain a notification
// server, and a function that ends the delivery.
func drainSignal() (<-chan os.Signal, func()) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	return asked, func() { signal.Stop(asked) }
}
