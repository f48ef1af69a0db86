package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"sync"
)

// maxHandles is the most handles that one pattern may stand for: more than one process could sign
// in.
const maxHandles = 100_000

// maxErrors is how many errors are listed when many accounts fail.
const maxErrors = 5

var span = regexp.MustCompile(`\{(\d+)\.\.(\d+)\}`)

// expand returns the handles that a pattern stands for: user{1..3}@hotmail.com stands for three,
// and one without a range for itself. It returns an error for more than one range.
func expand(pattern string) ([]string, error) {
	at := span.FindStringSubmatchIndex(pattern)
	if at == nil {
		return []string{pattern}, nil
	}
	if span.MatchString(pattern[at[1]:]) {
		return nil, fmt.Errorf("%s has more than one range: name the handles by several patterns", pattern)
	}
	first, err := strconv.ParseUint(pattern[at[2]:at[3]], 10, 32)
	last, bad := strconv.ParseUint(pattern[at[4]:at[5]], 10, 32)
	if err != nil || bad != nil || last < first || last-first >= maxHandles {
		return nil, fmt.Errorf("%s is not a range of 1 to %d numbers", pattern[at[0]:at[1]], maxHandles)
	}
	all := make([]string, 0, last-first+1)
	for i := first; i <= last; i++ {
		all = append(all, pattern[:at[0]]+strconv.FormatUint(i, 10)+pattern[at[1]:])
	}
	return all, nil
}

// expandAll returns the handles of several patterns on the command line.
func expandAll(patterns []string) (all []string, err error) {
	for _, p := range patterns {
		some, err := expand(p)
		if err != nil {
			return nil, usage("%w", err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// eachAtOnce calls f for all items, 64 at a time, so that changes of a database share the wait for
// the disk. It returns the first errors, and how many more there were. When ctx ends, it makes no
// more calls and returns the cause.
func eachAtOnce[T any](ctx context.Context, items []T, f func(T) error) error {
	var wg sync.WaitGroup
	next := make(chan int)
	errs := make([]error, len(items))
	for range min(64, len(items)) {
		wg.Go(func() {
			for i := range next {
				errs[i] = f(items[i])
			}
		})
	}
	for i := 0; i < len(items) && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if more := len(errs) - maxErrors; more > 0 {
		errs = append(errs[:maxErrors], fmt.Errorf("and %d more", more))
	}
	return errors.Join(errs...)
}
