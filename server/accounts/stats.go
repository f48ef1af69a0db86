package accounts

import (
	"context"
	"sync/atomic"
)

// Stats counts what a database has written since it was opened.
type Stats struct {
	// Commits is the number of transactions that are on disk, Changes that of the changes in them,
	// those that were refused included. Failures is the number of transactions that failed.
	Commits, Changes, Failures uint64
}

// counts is what Stats are made of; only the writer changes it.
type counts struct{ commits, changes, failures atomic.Uint64 }

// Stats returns the counts. It waits for nothing.
func (s *SQLite) Stats() Stats {
	return Stats{s.counts.commits.Load(), s.counts.changes.Load(), s.counts.failures.Load()}
}

// count counts a transaction with n changes, which failed with err unless that is nil.
func (c *counts) count(n int, err error) {
	if err != nil {
		c.failures.Add(1)
		return
	}
	c.commits.Add(1)
	c.changes.Add(uint64(n))
}

// Writable returns why the database cannot be changed, nil if it can. It finds out by a change that
// changes nothing, which is on disk when Writable returns, so it should not be called often. Stats
// count it.
func (s *SQLite) Writable(ctx context.Context) error {
	return s.write(ctx, func(b *batch) error {
		_, err := b.tx.ExecContext(b.ctx, "UPDATE seal SET probe = probe")
		return err
	})
}
