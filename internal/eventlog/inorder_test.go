package eventlog

import (
	"context"
	"errors"
	"testing"

	"github.com/msnscope/msnscope/decode/session/sessiontest"
)

// Runs that are processed at the same time come out in order, and once.
func TestInOrder(t *testing.T) {
	l := logOf(t, sessiontest.Many(10*runLength+7))
	const from = 100
	next := from
	err := InOrder(t.Context(), l, from, l.Len(), func(r *Reader, from, to int) []uint64 {
		var numbers []uint64
		for i := from; i < to; i++ {
			numbers = append(numbers, r.At(i).N)
		}
		return numbers
	}, func(numbers []uint64) error {
		for _, n := range numbers {
			if n != uint64(next+1) {
				t.Fatalf("number %d comes after %d", n, next)
			}
			next++
		}
		return nil
	})
	if err != nil || next != l.Len() {
		t.Errorf("%v after %d of %d events", err, next, l.Len())
	}
}

// It ends when nobody wants more results.
func TestInOrderEnds(t *testing.T) {
	l := logOf(t, sessiontest.Many(100*runLength))
	full := errors.New("full")
	ctx, cancel := context.WithCancelCause(t.Context())
	for name, tc := range map[string]struct {
		out  func(int) error
		want error
	}{
		"out fails":           {func(int) error { return full }, full},
		"the context's cause": {func(int) error { cancel(full); return nil }, full},
	} {
		called := 0
		err := InOrder(ctx, l, 0, l.Len(), func(_ *Reader, from, _ int) int { return from }, func(from int) error {
			called++
			return tc.out(from)
		})
		if !errors.Is(err, tc.want) || called > 1 {
			t.Errorf("%s: %v after %d runs, want %v after one", name, err, called, tc.want)
		}
		ctx, cancel = context.WithCancelCause(t.Context())
	}
	cancel(nil)
}
