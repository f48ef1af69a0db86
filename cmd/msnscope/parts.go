package main

import (
	"context"
	"errors"
)

// part is one thing that a run starts and, in the end, stops.
type part struct {
	start func(context.Context) error // nil: nothing to do
	stop  func() error                // nil: nothing to do
}

// runParts starts the parts in order, calls wait, and stops them in reverse order. When a part
// fails to start, the run ends and the parts before it are stopped. The error joins all errors.
func runParts(ctx context.Context, parts []part, wait func(context.Context) error) (err error) {
	for _, p := range parts {
		if p.start != nil {
			if err := p.start(ctx); err != nil {
				return err
			}
		}
		if p.stop != nil {
			defer func() { err = errors.Join(err, p.stop()) }()
		}
	}
	return wait(ctx)
}
