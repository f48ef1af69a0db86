package main

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// TestParts: what was started is stopped, the last first, whatever happens in between; what was not
// started is not.
func TestParts(t *testing.T) {
	failed, late := errors.New("cannot start"), errors.New("cannot stop")
	for name, tc := range map[string]struct {
		second, wait error
		want         []string
	}{
		"all goes well": {
			nil, nil,
			[]string{"start 1", "start 2", "start 3", "wait", "stop 3", "stop 2", "stop 1"},
		},
		"the wait fails": {
			nil, failed,
			[]string{"start 1", "start 2", "start 3", "wait", "stop 3", "stop 2", "stop 1"},
		},
		"one does not start": {failed, nil, []string{"start 1", "start 2", "stop 1"}},
	} {
		var did []string
		do := func(what string, err error) func() error {
			return func() error {
				did = append(did, what)
				return err
			}
		}
		start := func(what string, err error) func(context.Context) error {
			return func(context.Context) error { return do(what, err)() }
		}
		err := runParts(t.Context(), []part{
			{start("start 1", nil), do("stop 1", late)},
			{start("start 2", tc.second), do("stop 2", nil)},
			{nil, nil},
			{start("start 3", nil), do("stop 3", nil)},
		}, start("wait", tc.wait))
		if !slices.Equal(did, tc.want) {
			t.Errorf("%s: it did %q, want %q", name, did, tc.want)
		}
		if !errors.Is(err, late) || errors.Is(err, failed) != (tc.second != nil || tc.wait != nil) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}
