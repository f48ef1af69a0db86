package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"sync"
)

// keepAwake runs a loop on each core that gives way to everything else. An idle virtual machine
// takes tens of microseconds to wake up, which would be all that a benchmark of latency measures.
// The function that it returns ends the loops.
func keepAwake(ctx context.Context, stderr io.Writer) func() {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	for range runtime.NumCPU() {
		cmd := exec.CommandContext(ctx, "chrt", "-i", "0", "sh", "-c", "while :; do :; done")
		if err := cmd.Start(); err != nil {
			fmt.Fprintln(stderr, "pairs: warning: cores may sleep:", err)
			break
		}
		running.Go(func() { _ = cmd.Wait() }) // it ends by being killed
	}
	return func() {
		stop()
		running.Wait()
	}
}
