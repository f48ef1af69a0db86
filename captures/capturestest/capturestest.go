// Package capturestest loads captures in tests.
package capturestest

import (
	"io"
	"testing"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// Samples returns a log of sessions that the program ships, such as "logon.pcapng", loaded one
// after the other. It is closed when the test ends, which fails if one cannot be loaded.
func Samples(t testing.TB, names ...string) *eventlog.Log {
	t.Helper()
	log, into := begin(t)
	for _, name := range names {
		f, err := samples.FS.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		err = into.LoadReader(t.Context(), f, name, nil)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	return log
}

// Load returns a log of the capture in r, whose name is used in errors. It is closed when the test
// ends, which fails if the capture cannot be loaded.
func Load(t testing.TB, name string, r io.Reader) *eventlog.Log {
	t.Helper()
	log, into := begin(t)
	if err := into.LoadReader(t.Context(), r, name, nil); err != nil {
		t.Fatal(err)
	}
	return log
}

func begin(t testing.TB) (*eventlog.Log, *captures.Loader) {
	log := eventlog.New(eventlog.Options{})
	t.Cleanup(func() { log.Close() })
	return log, captures.NewLoader(log)
}
