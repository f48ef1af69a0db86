package accounts

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// These are errors of [SQLite.Tell].
var (
	ErrNotLoggedOn = errors.New("the user is not logged on")
	ErrNoServer    = errors.New("no running server has the database open, or it does not answer")
)

const (
	// answerTime is how long a running server may take to answer; it looks for news every tenth of
	// a second.
	answerTime = 2 * time.Second
	// askTime is the interval at which [SQLite.Tell] looks for the answer.
	askTime = 10 * time.Millisecond
)

// answer is a server's reply to a piece of news, stored in the file for the program that published
// it.
type answer int

const (
	unread answer = iota
	notLoggedOn
	delivered
)

var _ Watcher = (*SQLite)(nil)

// publish stores n for the servers that watch the file, deletes news older than a minute, and
// returns the number of n.
func (b *batch) publish(n News) (id int64, err error) {
	b.news = true
	if _, err := b.tx.ExecContext(b.ctx, "DELETE FROM news WHERE at < unixepoch() - 60"); err != nil {
		return 0, err
	}
	return id, b.tx.QueryRowContext(b.ctx, `
		INSERT INTO news (at, what, owner, serial, list, handle, name, setting, value)
		VALUES (unixepoch(), ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		n.What, n.Handle, n.Serial, n.List, n.Entry.Handle, n.Entry.Name, n.Setting, n.Value).Scan(&id)
}

// Tell passes State, Text or Ended on to the server that the user is logged on to, and waits for up
// to two seconds until that server has handled it. It fails with ErrNoUser, [ErrNotLoggedOn],
// [ErrNoServer], or [ErrValue] for a text that cannot be sent to a client.
func (s *SQLite) Tell(ctx context.Context, n News) error {
	if n.What == Text {
		if err := CheckText(n.Value); err != nil {
			return err
		}
	}
	ids := make(chan int64, 1)
	err := s.write(ctx, func(b *batch) error {
		u, err := b.load(Key(n.Handle))
		if err != nil {
			return err
		}
		n := n // the writer may run this after the caller has returned
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

// answered waits until a server has answered the news with the number id, and returns the error for
// [SQLite.Tell].
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
		case a == delivered:
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// Watch implements [Watcher]: its news are the changes that programs with [OpenOptions].Announce
// have made since Open, and those of this SQLite's own [Admin] methods. Only one watcher may run at
// a time.
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

// deliver calls f for each piece of news that was stored and not delivered yet, and stores the
// answer where a program waits for it.
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
		s.cache.clear() // f may look the user up before the writer notices the change
		a := notLoggedOn
		if f(n) {
			a = delivered
		}
		if n.What != State && n.What != Text && n.What != Ended {
			continue // no program waits for the answer
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

// next returns the first piece of news after s.since and its number, or sql.ErrNoRows.
func (s *SQLite) next(ctx context.Context) (id int64, n News, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT id, what, owner, serial, list, handle, name, setting, value
		FROM news WHERE id > ? ORDER BY id LIMIT 1`, s.since).
		Scan(&id, &n.What, &n.Handle, &n.Serial, &n.List, &n.Entry.Handle, &n.Entry.Name, &n.Setting, &n.Value)
	if bad := CheckName(n.Entry.Name); err == nil && bad != nil {
		s.leaveOut(n.Handle, "the name of "+n.Entry.Handle+" on "+n.List.String(), bad)
		n.Entry.Name = ""
	}
	return id, n, err
}
