package eventlog

import (
	"context"
	"runtime"
	"sync"
)

// runLength is the number of events that InOrder gives to one core at a time: enough that handing
// them over costs little, few enough that the first results come at once.
const runLength = 1024

// InOrder processes the events from ≤ i < to of a log on all cores. It calls work for runs of
// events, each time with a Reader that belongs to the calling goroutine, and calls out on this
// goroutine with the results, in the order of the log. It ends with the first error of out, or with
// the cause of the end of ctx, and leaves out the rest. All its goroutines have ended when it
// returns.
func InOrder[T any](ctx context.Context, l *Log, from, to int, work func(r *Reader, from, to int) T,
	out func(T) error,
) error {
	inner, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	cores := runtime.GOMAXPROCS(0)
	todo, order := make(chan func(*Reader), cores), make(chan chan T, 4*cores)
	all.Go(func() { plan(inner, from, to, work, todo, order) })
	for range cores {
		all.Go(func() {
			r := l.Reader()
			for do := range todo {
				do(r)
			}
		})
	}
	for done := range order {
		select {
		case result := <-done:
			if err := out(result); err != nil {
				return err
			}
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return context.Cause(ctx)
}

// plan cuts the events into runs. As many runs are in progress as order has room for.
func plan[T any](ctx context.Context, from, to int, work func(*Reader, int, int) T, todo chan<- func(*Reader),
	order chan<- chan T,
) {
	defer close(todo)
	defer close(order)
	for at := from; at < to; at += runLength {
		done := make(chan T, 1)
		select {
		case order <- done:
		case <-ctx.Done():
			return
		}
		todo <- func(r *Reader) { done <- work(r, at, min(at+runLength, to)) }
	}
}
