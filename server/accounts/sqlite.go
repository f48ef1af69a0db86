package accounts

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// ErrClosed is a request to a database that was closed.
var ErrClosed = errors.New("the database is closed")

// maxReaders is how many connections read at a time: each costs 2 MB at most, and two cores do not gain by more.
const maxReaders = 4

// SQLite is a [Store] in a file, an [Admin] and a [Watcher]. A change is on disk before its method returns; changes that come
// at the same time share a transaction. Passwords are sealed with the key in the file of the same name with ".key" after it,
// which is made together with the database; they are in clear in the memory of the process. Several programs may have the
// file open: what one changes another sees within a tenth of a second. Errors of the file are a *[FileError].
type SQLite struct {
	path  string
	file  os.FileInfo // what path named when it was opened
	log   *slog.Logger
	db    *sql.DB
	vault *vault
	cache cache
	read  *sql.Stmt

	announce bool
	writer   *writer
	jobs     chan *job
	closing  chan struct{}
	ended    chan struct{} // closed when the writer is no more
	once     sync.Once
	watched  chan struct{} // has a value when another program has written
	since    int64         // the last news before Open
}

var _ Admin = (*SQLite)(nil)

// OpenOptions say how [Open] opens a database. The zero value is that of a server.
type OpenOptions struct {
	// Existing refuses to make a database where there is none.
	Existing bool
	// Announce makes every change known to the servers that watch the file; it is for programs beside them.
	Announce bool
	// Log gets what an operator wants to know; nothing is logged when nil.
	Log *slog.Logger
}

// Open opens the database at path, and makes one, with its key file, where there is none. Both are then readable by their
// owner only. Close it in the end.
func Open(path string, o OpenOptions) (*SQLite, error) {
	if err := prepare(path, o.Existing); err != nil {
		return nil, fileError(path, err)
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	db, err := sql.Open("sqlite", dataSource(full))
	if err != nil {
		return nil, fileError(path, err)
	}
	db.SetMaxOpenConns(1 + maxReaders)
	db.SetMaxIdleConns(1 + maxReaders)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &SQLite{
		path: path, log: o.Log, db: db, announce: o.Announce, jobs: make(chan *job, maxGroup),
		closing: make(chan struct{}), ended: make(chan struct{}), watched: make(chan struct{}, 1),
	}
	if err := s.begin(context.Background()); err != nil {
		return nil, errors.Join(fileError(path, err), db.Close())
	}
	go s.run()
	return s, nil
}

// dataSource names the file as the driver wants it. FULL makes a commit wait for the disk; who finds the file locked by
// another program waits for it, up to five seconds.
func dataSource(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a drive
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "synchronous(FULL)"},
		"_txlock": {"immediate"},
	}.Encode()}).String()
}

// prepare makes sure that there is a file. A new one is empty, which is a new database, and nobody else's to read. One that
// is there is not opened: closing it would end the locks that this process may have on it.
func prepare(path string, existing bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return syscall.EISDIR
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return err
	case existing:
		return &FileError{path, errors.New("there is no such database"), "msnscope accounts add HANDLE --db " + path + " makes one"}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// begin brings the file up to date, opens the key file, and prepares what reads and writes.
func (s *SQLite) begin(ctx context.Context) error {
	err := s.upgrade(ctx)
	if err != nil {
		return err
	}
	// Only now, when it is known to be ours: this stays with the file. Readers and the writer do not wait for each other.
	if _, err := s.db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	if s.file, err = os.Stat(s.path); err != nil {
		return err
	}
	if s.read, err = s.db.PrepareContext(ctx, readUser); err != nil {
		return err
	}
	if err := s.db.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'news'").Scan(&s.since); err != nil {
		return err
	}
	s.writer, err = newWriter(ctx, s)
	return err
}

// upgrade migrates the tables and checks that the key file is theirs.
func (s *SQLite) upgrade(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	fresh, err := migrate(ctx, tx)
	if err != nil {
		return s.refused(err)
	}
	if s.vault, err = openVault(s.path+".key", fresh); err != nil {
		return err
	}
	const probe = "" // no account has an empty key
	if fresh {
		if _, err := tx.ExecContext(ctx, "INSERT INTO seal VALUES (?)", s.vault.seal(probe, probe)); err != nil {
			return err
		}
	}
	var sealed []byte
	if err := tx.QueryRowContext(ctx, "SELECT probe FROM seal").Scan(&sealed); err != nil {
		return err
	}
	if _, err := s.vault.open(probe, sealed); err != nil {
		return &FileError{s.path + ".key", err, "put the key file of " + s.path + " there"}
	}
	return tx.Commit()
}

// there fails when the path does not name the file any more that is open: SQLite goes on to write where nobody will find it.
func (s *SQLite) there() error {
	if now, err := os.Stat(s.path); err == nil && os.SameFile(now, s.file) {
		return nil
	}
	return &FileError{s.path, errors.New("the file is gone, or another one is in its place"), "put it back; nothing that was acknowledged is lost with it"}
}

// refused makes what migrate says an error with a remedy.
func (s *SQLite) refused(err error) error {
	if out := fileError(s.path, err); out.(*FileError).Remedy != "" { // SQLite's own
		return out
	}
	return &FileError{s.path, err, "name another file, or use the program that made it; nothing was written to it"}
}

// Close waits until what was begun is on disk, and closes the file: all is in the one file then, unless another program has it
// open. Requests that come later fail with [ErrClosed]. A second
// Close does nothing.
func (s *SQLite) Close() (err error) {
	s.once.Do(func() {
		close(s.closing)
		<-s.ended
		err = errors.Join(s.writer.close(), s.db.Close())
	})
	return err
}
