package accounts

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const (
	// maxGroup is how many changes share a transaction: enough that the disk's wait is shared by all who are likely to
	// change something in its time, few enough that the first does not wait long for the last.
	maxGroup = 256
	// pollTime is how long what another program wrote may go unnoticed. To look costs some microseconds.
	pollTime = 100 * time.Millisecond
)

// job is a change that waits for the writer.
type job struct {
	ctx  context.Context
	do   func(*batch) error // runs on the writer's goroutine, in a transaction
	done chan error         // gets one value, when the change is on disk or has failed
}

// batch is what the jobs of one transaction share.
type batch struct {
	*writer
	ctx   context.Context
	tx    *sql.Tx
	users map[string]*User // by key, as they will be; nil is one that was deleted
}

// writer is the one connection that writes, and its statements. Only the goroutine of run uses it.
type writer struct {
	s       *SQLite
	conn    *sql.Conn
	stmts   []*sql.Stmt // all of them
	version int64       // of the file, as of the last look at what others wrote

	dataVersion, read, holders     *sql.Stmt
	create, dropUser, dropEntries  *sql.Stmt
	update, insert, remove, rename *sql.Stmt
}

func newWriter(ctx context.Context, s *SQLite) (*writer, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{s: s, conn: conn}
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&w.dataVersion, "PRAGMA data_version"},
		{&w.read, readUser},
		{&w.holders, "SELECT DISTINCT owner FROM entries WHERE key = ?"},
		{&w.create, `INSERT INTO accounts (key, handle, password, name, gtc, blp, serial) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET password = excluded.password`},
		{&w.update, "UPDATE accounts SET name = ?2, gtc = ?3, blp = ?4, more = ?5, serial = ?6 WHERE key = ?1"},
		{&w.dropUser, "DELETE FROM accounts WHERE key = ?"},
		{&w.dropEntries, "DELETE FROM entries WHERE owner = ?"},
		{&w.insert, "INSERT INTO entries (owner, list, key, handle, name) VALUES (?, ?, ?, ?, ?)"},
		{&w.remove, "DELETE FROM entries WHERE owner = ? AND list = ? AND key = ?"},
		{&w.rename, "UPDATE entries SET name = ?4 WHERE owner = ?1 AND list = ?2 AND key = ?3"},
	} {
		if *p.stmt, err = conn.PrepareContext(ctx, p.text); err != nil {
			return nil, errors.Join(err, w.close())
		}
		w.stmts = append(w.stmts, *p.stmt)
	}
	return w, w.dataVersion.QueryRowContext(ctx).Scan(&w.version)
}

// close gives the connection back. Statements of a connection are not closed with it, and while one is open SQLite keeps the
// file open: the journal would stay beside it.
func (w *writer) close() (err error) {
	for _, stmt := range w.stmts {
		err = errors.Join(err, stmt.Close())
	}
	return errors.Join(err, w.conn.Close())
}

// write has the writer run do, and waits until the outcome is on disk. When ctx ends first, it may come there yet.
func (s *SQLite) write(ctx context.Context, do func(*batch) error) error {
	j := &job{ctx, do, make(chan error, 1)}
	select {
	case s.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return ErrClosed
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ended:
	}
	select {
	case err := <-j.done: // came together with the end
		return err
	default:
		return ErrClosed
	}
}

// run is the writer's goroutine.
func (s *SQLite) run() {
	defer close(s.ended)
	tick := time.NewTicker(pollTime)
	defer tick.Stop()
	for {
		select {
		case j := <-s.jobs:
			s.writer.serve(j)
		case <-tick.C:
			if err := s.writer.look(); err != nil {
				s.log.Error("the database failed: changes by other programs go unnoticed", "err", fileError(s.path, err))
			}
		case <-s.closing:
			select {
			case j := <-s.jobs:
				s.writer.serve(j)
			default:
				return
			}
		}
	}
}

// serve commits a job, with all that wait behind it, and answers them.
func (w *writer) serve(first *job) {
	group := []*job{first}
	for len(group) < maxGroup && len(w.s.jobs) > 0 {
		group = append(group, <-w.s.jobs)
	}
	results := make([]error, len(group))
	if err := w.commit(group, results); err != nil {
		for i := range results {
			results[i] = or(results[i], fileError(w.s.path, err))
		}
	}
	for i, j := range group {
		j.done <- results[i]
	}
}

// commit runs the jobs in one transaction. Each has its result; when the transaction fails, all do.
func (w *writer) commit(group []*job, results []error) error {
	if err := w.s.there(); err != nil {
		return err
	}
	ctx := context.Background() // one job's context must not break the transaction of the others
	tx, err := w.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	if err := w.look(); err != nil {
		return err
	}
	b := &batch{w, ctx, tx, make(map[string]*User)}
	for i, j := range group {
		if results[i] = j.ctx.Err(); results[i] != nil {
			continue
		}
		err := j.do(b)
		if own(err) {
			results[i] = err
		} else if err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		_, _ = w.conn.ExecContext(ctx, "ROLLBACK") // a commit that failed, of a full disk say, may leave it open
		return err
	}
	w.s.cache.update(b.users)
	return nil
}

// own reports whether the error is a refusal, before which nothing was written.
func own(err error) bool {
	for _, e := range []error{ErrNoUser, ErrExists, ErrOpposite, ErrAbsent, ErrFull, ErrSame} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// look finds out whether another program has written, and then forgets what may be old.
func (w *writer) look() error {
	var version int64
	if err := w.dataVersion.QueryRow().Scan(&version); err != nil {
		return err
	}
	if version == w.version {
		return nil
	}
	w.version = version
	w.s.cache.clear()
	select {
	case w.s.watched <- struct{}{}:
	default: // whoever watches has not yet looked
	}
	return nil
}

// load returns a user as it is in the transaction.
func (b *batch) load(key string) (*User, error) {
	if u, ok := b.users[key]; ok {
		if u == nil {
			return nil, ErrNoUser
		}
		return u, nil
	}
	if u, _ := b.s.cache.get(key); u != nil {
		return u, nil
	}
	return b.s.query(b.ctx, b.read, key)
}

// holding returns the keys of those who have key on a list. It reads all lists: accounts are deleted rarely.
func (b *batch) holding(key string) (all []string, err error) {
	rows, err := b.holders.QueryContext(b.ctx, key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

// store writes what an operation changed.
func (b *batch) store(o *operation) error {
	for _, st := range o.steps {
		if err := b.step(&st); err != nil {
			return err
		}
	}
	for _, u := range o.changed() {
		key := Key(u.Handle)
		if _, err := b.update.ExecContext(b.ctx, key, u.FriendlyName, u.GTC, u.BLP, u.More, u.Serial); err != nil {
			return err
		}
		b.users[key] = u
	}
	return nil
}

// step writes all that a step did but for what update writes.
func (b *batch) step(st *step) (err error) {
	key, e := Key(st.owner.Handle), st.news.Entry
	switch st.kind {
	case stepAccount:
		u := st.owner
		_, err = b.create.ExecContext(b.ctx, key, u.Handle, b.s.vault.seal(key, u.Password), u.FriendlyName, u.GTC, u.BLP, u.Serial)
		return err // no news: nobody is logged on to a new account, and no client hears of passwords
	case stepAdd:
		_, err = b.insert.ExecContext(b.ctx, key, st.news.List, Key(e.Handle), e.Handle, e.Name)
	case stepRemove:
		_, err = b.remove.ExecContext(b.ctx, key, st.news.List, Key(e.Handle))
	case stepRename:
		_, err = b.rename.ExecContext(b.ctx, key, st.news.List, Key(e.Handle), e.Name)
		return err // no command of the protocol tells of it
	case stepDelete:
		_, err = b.dropUser.ExecContext(b.ctx, key)
		if err == nil {
			_, err = b.dropEntries.ExecContext(b.ctx, key)
		}
		b.users[key] = nil
	}
	if err == nil && b.s.announce {
		_, err = b.publish(st.news)
	}
	return err
}
