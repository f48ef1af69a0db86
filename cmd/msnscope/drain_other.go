//go:build !unix

package main

import "os"

// drainSignal returns a channel on which nothing is sent, since this system has no such signal.
func drainSignal() (<-chan os.Signal, func()) { return nil, func() {} }
