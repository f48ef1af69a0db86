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

// ErrClosed is the error of a request to a closed database.
var ErrClosed = errors.New("the database is closed")

// maxReaders is how many connections read at a time: each costs up to 2 MB, and two cores gain
// nothing from more.
const maxReaders = 4

// SQLite is a [Store] in a file, and an [Admin] and a [Watcher] too. A change is on disk before its
// method returns; changes that come at the same time share a transaction. Passwords are encrypted
// in the file, with the key in a file of the same name plus ".key", which is made together with the
// database; in memory they are in clear. Several programs may have the file open: each sees the
// changes of the others within a tenth of a second. Errors of the file are of type *[FileError].
// All methods are safe for concurrent use.
type SQLite struct {
	Changes
	path  string
	file  os.FileInfo // of the file at path when it was opened
	log   *slog.Logger
	db    *sql.DB
	vault *Vault
	cache cache
	read  *sql.Stmt
	bad   Firsts // values that were left out and logged

	failures Repeats // of poll
	counts   counts

	announce bool
	writer   *writer
	jobs     chan *job
	closing  chan struct{}
	ended    chan struct{} // closed once the writer has ended
	once     sync.Once
	watched  chan struct{} // receives a value when another program has written
	// number of the last news delivered; at Open, of the last news in the file
	since int64
}

var _ Admin = (*SQLite)(nil)

// OpenOptions configure [Open]. The zero value is for a server.
type OpenOptions struct {
	// Existing makes Open fail where there is no database, rather than make one.
	Existing bool
	// Announce publishes every change to the servers that watch the file. It is for programs that
	// run beside them.
	Announce bool
	// Log receives what an operator needs to know; nil discards it.
	Log *slog.Logger
}

// Open opens the database at path. Where there is none, it makes one and its key file, both
// readable by their owner only. The caller must call Close in the end.
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
	s.Changes = NewChanges(s.operate)
	if err := s.begin(context.Background()); err != nil {
		return nil, errors.Join(fileError(path, err), db.Close())
	}
	go s.run()
	return s, nil
}

// dataSource returns the driver's name for the file. FULL makes a commit wait for the disk. A
// program that finds the file locked by another waits up to five seconds.
func dataSource(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a Windows drive
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "synchronous(FULL)"},
		"_txlock": {"immediate"},
	}.Encode()}).String()
}

// prepare makes sure that the file exists. A new one is empty, which SQLite takes for a new
// database, and readable by its owner only. An existing file is not opened, since closing it would
// drop any locks that this process holds on it.
func prepare(path string, existing bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return syscall.EISDIR
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return err
	case existing:
		return &FileError{
			path, errors.New("there is no such database"),
			"msnscope accounts add HANDLE --db " + path + " makes one",
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// begin migrates the file, opens the key file, and prepares the statements that read and write.
func (s *SQLite) begin(ctx context.Context) error {
	err := s.upgrade(ctx)
	if err != nil {
		return err
	}
	// Only now is the file known to be ours, and this mode stays with the file. With it, readers
	// and the writer do not block each other.
	if _, err := s.db.ExecContext(ctx, "PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	if s.file, err = os.Stat(s.path); err != nil {
		return err
	}
	if s.read, err = s.db.PrepareContext(ctx, readUser); err != nil {
		return err
	}
	if err := s.db.QueryRowContext(ctx,
		"SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'news'").Scan(&s.since); err != nil {
		return err
	}
	s.writer, err = newWriter(ctx, s)
	return err
}

// upgrade migrates the tables and checks that the key file belongs to them.
func (s *SQLite) upgrade(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	fresh, err := migrate(ctx, tx)
	if err != nil {
		return s.refused(err)
	}
	if s.vault, err = openVault(s.path+".key", fresh); err != nil {
		return err
	}
	const probe = "" // no account has an empty key
	if fresh {
		if _, err := tx.ExecContext(ctx, "INSERT INTO seal VALUES (?)", s.vault.Seal(probe, probe)); err != nil {
			return err
		}
	}
	var sealed []byte
	if err := tx.QueryRowContext(ctx, "SELECT probe FROM seal").Scan(&sealed); err != nil {
		return err
	}
	if _, err := s.vault.Open(probe, sealed); err != nil {
		return &FileError{s.path + ".key", err, "put the key file of " + s.path + " there"}
	}
	return tx.Commit()
}

// there returns an error when the path no longer names the open file, to which SQLite would go on
// writing where nobody finds it.
func (s *SQLite) there() error {
	if now, err := os.Stat(s.path); err == nil && os.SameFile(now, s.file) {
		return nil
	}
	return &FileError{
		s.path, errors.New("the file is gone, or another one has replaced it"),
		"put it back; nothing that was acknowledged is lost with it",
	}
}

// refused turns an error of migrate into one with a remedy.
func (s *SQLite) refused(err error) error {
	if out := fileError(s.path, err); out.(*FileError).Remedy != "" { // an error of SQLite
		return out
	}
	return &FileError{s.path, err, "name another file, or use the program that made it; the file is unchanged"}
}

// Close waits until the changes that were begun are on disk, and closes the database. Everything is
// then in the one file, unless another program has it open. Later requests fail with [ErrClosed]. A
// second Close does nothing.
func (s *SQLite) Close() (err error) {
	s.once.Do(func() {
		close(s.closing)
		<-s.ended
		err = errors.Join(s.writer.close(), s.db.Close())
	})
	return err
}
