package store

import (
	"context"
	"runtime"
	"sync"
)

// runLength is how many events InOrder hands to one core at a time: enough that handing them over costs nothing, few enough that
// the first results come at once.
const runLength = 1024

// InOrder goes over the events from ≤ i < to of a log on all cores: work is called for runs of them, each time with a Reader
// of its goroutine's own, and out is called on this goroutine with what work returned, in the order of the log. It ends with
// the first error of out, or with the cause of the context's end; then the rest is not worked on.
func InOrder[T any](ctx context.Context, l *Log, from, to int, work func(r *Reader, from, to int) T, out func(T) error) error {
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

// plan cuts the events into runs. As many of them are under way as order has room for.
func plan[T any](ctx context.Context, from, to int, work func(*Reader, int, int) T, todo chan<- func(*Reader), order chan<- chan T) {
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
