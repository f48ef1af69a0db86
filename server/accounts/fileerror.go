package accounts

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// FileError is an error about a database or its key file.
type FileError struct {
	Path   string
	Err    error
	Remedy string // what an operator can do, "" if that is not known
}

// Error returns the path and what is wrong with the file.
func (e *FileError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// remedies maps SQLite's primary result codes to what is wrong and what to do.
var remedies = map[int]struct{ what, remedy string }{
	sqlite3.SQLITE_BUSY:     {"another program has locked the database", "end that program, or try again"},
	sqlite3.SQLITE_LOCKED:   {"another program has locked the database", "end that program, or try again"},
	sqlite3.SQLITE_READONLY: {"the database is read-only", "make the file and its folder writable for this user"},
	sqlite3.SQLITE_PERM:     {"no permission", "make the file and its folder writable for this user"},
	sqlite3.SQLITE_FULL:     {"the disk is full", "free some disk space; nothing that was acknowledged is lost"},
	sqlite3.SQLITE_IOERR: {
		"reading or writing the file failed",
		"look for disk errors in the system's log, and restore a backup if necessary",
	},
	sqlite3.SQLITE_CORRUPT: {
		"the database is damaged",
		"restore a backup; `sqlite3 FILE .recover` may save what is left",
	},
	sqlite3.SQLITE_NOTADB:   {"this is not a database", "name another file, or restore a backup"},
	sqlite3.SQLITE_CANTOPEN: {"the database cannot be opened", "check the permissions of the file and its folder"},
}

// isFull reports whether err is SQLite's for a full disk.
func isFull(err error) bool {
	var sql *sqlite.Error
	return errors.As(err, &sql) && sql.Code()&0xff == sqlite3.SQLITE_FULL
}

// fileError turns an error of SQLite or of the system about the file into a FileError. It returns
// nil, and an error that is a FileError already, as it is.
func fileError(path string, err error) error {
	var done *FileError
	var sql *sqlite.Error
	switch {
	case err == nil || errors.As(err, &done):
		return err
	case errors.As(err, &sql):
		// the low byte of an extended code is the primary code
		if r, ok := remedies[sql.Code()&0xff]; ok {
			return &FileError{path, fmt.Errorf("%s (%w)", r.what, err), r.remedy}
		}
	case errors.Is(err, fs.ErrNotExist):
		dir := filepath.Dir(path)
		return &FileError{path, fmt.Errorf("there is no folder %s", dir), "make it: mkdir -p " + dir}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return &FileError{path, errors.New("no permission to write it"), remedies[sqlite3.SQLITE_PERM].remedy}
	case errors.Is(err, syscall.EISDIR):
		return &FileError{path, errors.New("this is a folder"), "name a file in it"}
	}
	return &FileError{Path: path, Err: err}
}
