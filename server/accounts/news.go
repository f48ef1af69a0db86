package accounts

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// The errors of [SQLite.Tell].
var (
	ErrNotLoggedOn = errors.New("the user is not logged on")
	ErrNoServer    = errors.New("no server answers that has the database open")
)

const (
	// answerTime is how long a running server may take to answer: it looks every tenth of a second.
	answerTime = 2 * time.Second
	// askTime is how often who waits for the answer looks.
	askTime = 10 * time.Millisecond
)

// answer is what a server says to news that somebody waits for.
type answer int

const (
	unread answer = iota
	notLoggedOn
	told
)

var _ Watcher = (*SQLite)(nil)

// publish stores news for the servers that watch the file, and drops what is old. It returns its number.
func (b *batch) publish(n News) (id int64, err error) {
	if _, err := b.tx.ExecContext(b.ctx, "DELETE FROM news WHERE at < unixepoch() - 60"); err != nil {
		return 0, err
	}
	return id, b.tx.QueryRowContext(b.ctx, `INSERT INTO news (at, what, owner, serial, list, handle, name, setting, value)
		VALUES (unixepoch(), ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		n.What, n.Handle, n.Serial, n.List, n.Entry.Handle, n.Entry.Name, n.Setting, n.Value).Scan(&id)
}

// Tell passes State or Text on to the server that the user is logged on to, and waits until it has told the user. It fails
// with ErrNoUser, [ErrNotLoggedOn] or [ErrNoServer].
func (s *SQLite) Tell(ctx context.Context, n News) error {
	ids := make(chan int64, 1)
	err := s.write(ctx, func(b *batch) error {
		u, err := b.load(Key(n.Handle))
		if err != nil {
			return err
		}
		n := n // the writer may come to it after the caller has gone
		n.Handle = u.Handle
		id, err := b.publish(n)
		ids <- id
		return err
	})
	if err != nil {
		return err
	}
	return s.answered(ctx, <-ids)
}

// answered waits for the answer to news.
func (s *SQLite) answered(ctx context.Context, id int64) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, ErrNoServer)
	defer cancel()
	tick := time.NewTicker(askTime)
	defer tick.Stop()
	for {
		var a answer
		err := s.db.QueryRowContext(ctx, "SELECT answer FROM news WHERE id = ?", id).Scan(&a)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return s.failed(ctx, err)
		case a == notLoggedOn:
			return ErrNotLoggedOn
		case a == told:
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// Watch implements [Watcher]: it tells of what programs with [OpenOptions].Announce have done since Open. One at a time may
// watch.
func (s *SQLite) Watch(ctx context.Context, f func(News) bool) error {
	for {
		select {
		case <-s.watched:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closing:
			return ErrClosed
		}
		if err := s.deliver(ctx, f); err != nil {
			return err
		}
	}
}

// deliver calls f for all news that there is.
func (s *SQLite) deliver(ctx context.Context, f func(News) bool) error {
	for {
		id, n, err := s.next(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return s.failed(ctx, err)
		}
		s.since = id
		s.cache.clear() // f may look up what the news is about before the writer sees that it has changed
		a := notLoggedOn
		if f(n) {
			a = told
		}
		if n.What != State && n.What != Text {
			continue // nobody waits
		}
		err = s.write(ctx, func(b *batch) error {
			_, err := b.tx.ExecContext(b.ctx, "UPDATE news SET answer = max(answer, ?) WHERE id = ?", a, id)
			return err
		})
		if err != nil {
			return err
		}
	}
}

func (s *SQLite) next(ctx context.Context) (id int64, n News, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT id, what, owner, serial, list, handle, name, setting, value
		FROM news WHERE id > ? ORDER BY id LIMIT 1`, s.since).
		Scan(&id, &n.What, &n.Handle, &n.Serial, &n.List, &n.Entry.Handle, &n.Entry.Name, &n.Setting, &n.Value)
	return id, n, err
}
