//go:build !unix

package main

import "os"

// drainSignal returns a channel on which nothing comes: there is no such signal here.
func drainSignal() (<-chan os.Signal, func()) { return nil, func() {} }
