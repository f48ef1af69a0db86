package accounts

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const (
	// maxGroup is how many changes share a transaction: enough for all that are likely to arrive
	// while the disk syncs, few enough that the first need not wait long for the last.
	maxGroup = 256
	// pollTime is how often the writer looks for what another program wrote, which costs some
	// microseconds.
	pollTime = 100 * time.Millisecond
)

// job is a change that waits for the writer.
type job struct {
	ctx  context.Context
	do   func(*batch) error // runs on the writer's goroutine, in a transaction
	done chan error         // receives one value, when the change is on disk or has failed
}

// batch is the state that the jobs of one transaction share.
type batch struct {
	*writer
	ctx   context.Context
	tx    *sql.Tx
	users map[string]*User // by key, as they will be after the commit; nil for a deleted one
	news  bool             // whether any was published
}

// writer is the only connection that writes, with its statements. Only the goroutine of run uses
// it.
type writer struct {
	s       *SQLite
	conn    *sql.Conn
	stmts   []*sql.Stmt // all of those below
	version int64       // data_version of the file when look last ran

	dataVersion, read, holders     *sql.Stmt
	create, dropUser, dropEntries  *sql.Stmt
	update, insert, remove, rename *sql.Stmt
}

// newWriter takes a connection for the writer and prepares its statements.
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

// close closes the statements and gives the connection back. Closing a connection does not close
// its statements, and while one is open SQLite keeps the file open and leaves its journal beside
// it.
func (w *writer) close() (err error) {
	for _, stmt := range w.stmts {
		err = errors.Join(err, stmt.Close())
	}
	return errors.Join(err, w.conn.Close())
}

// operate runs an operation in a transaction and returns when it is on disk.
func (s *SQLite) operate(ctx context.Context, f func(*Operation) error) error {
	return s.write(ctx, func(b *batch) error {
		o := NewOperation(b.load, b.holding)
		if err := f(o); err != nil {
			return err
		}
		return b.store(o)
	})
}

// write has the writer run do, and waits until the outcome is on disk. When ctx ends first, the
// change may still be made.
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
	case err := <-j.done: // done just before the writer ended
		return err
	default:
		return ErrClosed
	}
}

// run is the writer's goroutine: it serves jobs until the database is closed.
func (s *SQLite) run() {
	defer close(s.ended)
	tick := time.NewTicker(pollTime)
	defer tick.Stop()
	for {
		select {
		case j := <-s.jobs:
			s.writer.serve(j)
		case <-tick.C:
			s.poll(time.Now())
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

// poll calls look, and logs its failures as s.failures allows.
func (s *SQLite) poll(now time.Time) {
	err := s.writer.look()
	if err == nil {
		return
	}
	if n, due := s.failures.Due(now); due {
		s.log.Error("the database failed: changes by other programs go unnoticed", "count", n, "err",
			fileError(s.path, err))
	}
}

// serve commits a job together with those queued behind it, up to maxGroup, and sends each its
// result.
func (w *writer) serve(first *job) {
	group := []*job{first}
	for len(group) < maxGroup && len(w.s.jobs) > 0 {
		group = append(group, <-w.s.jobs)
	}
	results := make([]error, len(group))
	err := w.commit(group, results)
	if isFull(err) && w.makeRoom() {
		clear(results)
		err = w.commit(group, results)
	}
	w.s.counts.count(len(group), err)
	if err != nil {
		for i := range results {
			results[i] = or(results[i], fileError(w.s.path, err))
		}
	}
	for i, j := range group {
		j.done <- results[i]
	}
}

// makeRoom moves the changes in the log beside the database into the database, empties the log, and
// reports whether that was possible. The log grows to 4 MB before SQLite does so by itself: where
// the disk has less room than that, the log fills it, and nothing could be changed ever after.
func (w *writer) makeRoom() bool {
	var busy, pages, moved int
	err := w.conn.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved)
	return err == nil && busy == 0
}

// commit runs the jobs in one transaction and sets the result of each. When the transaction fails,
// it returns an error and none of the changes is made.
func (w *writer) commit(group []*job, results []error) error {
	if err := w.s.there(); err != nil {
		return err
	}
	// the end of one job's context must not break the transaction of the others
	ctx := context.Background()
	tx, err := w.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if err := w.look(); err != nil {
		return err
	}
	b := &batch{writer: w, ctx: ctx, tx: tx, users: make(map[string]*User)}
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
		// a failed commit, on a full disk say, may leave the transaction open
		_, _ = w.conn.ExecContext(ctx, "ROLLBACK")
		return err
	}
	w.s.cache.update(b.users)
	if b.news {
		w.alert()
	}
	return nil
}

// own reports whether err refuses an operation, which then has written nothing, so that the
// transaction can go on.
func own(err error) bool {
	for _, e := range []error{ErrNoUser, ErrExists, ErrOpposite, ErrAbsent, ErrFull, ErrSame, ErrValue} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// look checks whether another program has written, and if so drops what may be stale.
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
	w.alert()
	return nil
}

// alert makes the watcher look for news. It does not block.
func (w *writer) alert() {
	select {
	case w.s.watched <- struct{}{}:
	default: // the watcher has not looked since the last alert
	}
}

// load returns a user as of this transaction, which must not be changed, or ErrNoUser.
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

// holding returns the keys of the users who have key on a list. It reads all lists, since accounts
// are rarely deleted.
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
func (b *batch) store(o *Operation) error {
	for _, st := range o.steps {
		if err := b.step(&st); err != nil {
			return err
		}
		if (b.s.announce || o.unseen) && st.isNews() {
			if _, err := b.publish(st.news); err != nil {
				return err
			}
		}
	}
	for _, u := range o.Changed() {
		key := Key(u.Handle)
		if _, err := b.update.ExecContext(b.ctx, key, u.FriendlyName, u.GTC, u.BLP, u.More, u.Serial); err != nil {
			return err
		}
		b.users[key] = u
	}
	return nil
}

// step writes what a step did, apart from the columns that store updates.
func (b *batch) step(st *step) (err error) {
	key, e := Key(st.owner.Handle), st.news.Entry
	switch st.kind {
	case stepAccount, stepPassword:
		err = b.insertUser(st.owner)
	case stepImport:
		err = b.insertAll(st.owner)
	case stepAdd:
		_, err = b.insert.ExecContext(b.ctx, key, st.news.List, Key(e.Handle), e.Handle, e.Name)
	case stepRemove:
		_, err = b.remove.ExecContext(b.ctx, key, st.news.List, Key(e.Handle))
	case stepRename:
		_, err = b.rename.ExecContext(b.ctx, key, st.news.List, Key(e.Handle), e.Name)
	case stepDelete:
		_, err = b.dropUser.ExecContext(b.ctx, key)
		if err == nil {
			_, err = b.dropEntries.ExecContext(b.ctx, key)
		}
		b.users[key] = nil
	}
	return err
}

// insertUser writes a new account without its lists, or another password of an existing one.
func (b *batch) insertUser(u *User) error {
	key := Key(u.Handle)
	_, err := b.create.ExecContext(b.ctx, key, u.Handle, b.s.vault.Seal(key, u.Password), u.FriendlyName, u.GTC, u.BLP,
		u.Serial)
	return err
}

// insertAll writes a new account with its lists.
func (b *batch) insertAll(u *User) error {
	if err := b.insertUser(u); err != nil {
		return err
	}
	for l := range lists {
		for _, e := range u.Lists[l] {
			if _, err := b.insert.ExecContext(b.ctx, Key(u.Handle), l, Key(e.Handle), e.Handle, e.Name); err != nil {
				return err
			}
		}
	}
	return nil
}
