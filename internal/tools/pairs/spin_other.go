//go:build !linux

package main

import (
	"context"
	"fmt"
	"io"
)

func keepAwake(_ context.Context, stderr io.Writer) func() {
	fmt.Fprintln(stderr, "pairs: warning: -spin works on Linux only")
	return func() {}
}
