package accounts

import (
	"context"
	"database/sql"
)

// readUser selects an account and its lists in one statement, so that both are of the same moment.
const readUser = `SELECT a.handle, a.password, a.name, a.gtc, a.blp, a.more, a.serial, e.list, e.handle, e.name
	FROM accounts a LEFT JOIN entries e ON e.owner = a.key WHERE a.key = ? ORDER BY e.id`

// Lookup implements [Store].
func (s *SQLite) Lookup(ctx context.Context, handle string) (User, error) {
	key := Key(handle)
	u, gen := s.cache.get(key)
	if u == nil {
		var err error
		if u, err = s.query(ctx, s.read, key); err != nil {
			return User{}, err
		}
		s.cache.put(key, u, gen)
	}
	return *u, nil
}

// query reads the user with the key from the database, or returns ErrNoUser.
func (s *SQLite) query(ctx context.Context, stmt *sql.Stmt, key string) (*User, error) {
	rows, err := stmt.QueryContext(ctx, key)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	defer rows.Close()
	var u *User
	var sealed []byte
	for rows.Next() {
		if u == nil {
			u = new(User)
		}
		var list sql.NullInt64
		var entry, name sql.NullString
		if err := rows.Scan(&u.Handle, &sealed, &u.FriendlyName, &u.GTC, &u.BLP, &u.More, &u.Serial, &list, &entry,
			&name); err != nil {
			return nil, s.failed(ctx, err)
		}
		if l := list.Int64; list.Valid && l >= 0 && l < int64(lists) {
			u.Lists[l] = append(u.Lists[l], Entry{entry.String, name.String})
		}
	}
	if err := rows.Err(); err != nil {
		return nil, s.failed(ctx, err)
	}
	if u == nil {
		return nil, ErrNoUser
	}
	if u.Password, err = s.vault.Open(key, sealed); err != nil {
		return nil, &FileError{s.path, err, "set the password of " + u.Handle + " again"}
	}
	u.Mend(func(what string, err error) { s.leaveOut(u.Handle, what, err) })
	return u, nil
}

// leaveOut logs, once for each value, that a stored value cannot be sent.
func (s *SQLite) leaveOut(handle, what string, err error) {
	if s.bad.First(Key(handle) + " " + what) {
		s.log.Warn("a stored value cannot be sent and is left out", "user", handle, "value", what, "err", err)
	}
}

// failed turns an error of the database into a FileError, or into the context's error if that has
// ended, or into ErrClosed if the database was closed.
func (s *SQLite) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case <-s.closing:
		return ErrClosed
	default:
		return fileError(s.path, err)
	}
}

// Handles implements [Admin].
func (s *SQLite) Handles(ctx context.Context) ([]string, error) {
	return s.strings(ctx, "SELECT handle FROM accounts ORDER BY key")
}

// strings returns the only column of a query's rows.
func (s *SQLite) strings(ctx context.Context, query string, args ...any) (all []string, err error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, s.failed(ctx, err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, s.failed(ctx, err)
	}
	return all, nil
}
