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

// FileError is a database, or its key file, that cannot be used or failed.
type FileError struct {
	Path   string
	Err    error
	Remedy string // what to do, in words for an operator; "" where nothing is known
}

// Error names the file and what is wrong with it.
func (e *FileError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// remedies are for SQLite's primary result codes.
var remedies = map[int]struct{ what, remedy string }{
	sqlite3.SQLITE_BUSY:     {"another program holds the database", "end the program that has it open, or try again"},
	sqlite3.SQLITE_LOCKED:   {"another program holds the database", "end the program that has it open, or try again"},
	sqlite3.SQLITE_READONLY: {"the database is read-only", "make the file and its folder writable for this user"},
	sqlite3.SQLITE_PERM:     {"no permission", "make the file and its folder writable for this user"},
	sqlite3.SQLITE_FULL:     {"the disk is full", "make room on the disk; nothing that was acknowledged is lost"},
	sqlite3.SQLITE_IOERR:    {"the disk failed", "see the system's log for the disk, and restore a copy if need be"},
	sqlite3.SQLITE_CORRUPT:  {"the database is damaged", "restore a copy; `sqlite3 FILE .recover` may save what is left"},
	sqlite3.SQLITE_NOTADB:   {"this is no database", "name another file, or restore a copy"},
	sqlite3.SQLITE_CANTOPEN: {"the database cannot be opened", "look at the permissions of the file and its folder"},
}

// fileError makes what SQLite or the system says of a file a FileError. nil and errors that are one already stay.
func fileError(path string, err error) error {
	var done *FileError
	var sql *sqlite.Error
	switch {
	case err == nil || errors.As(err, &done):
		return err
	case errors.As(err, &sql):
		if r, ok := remedies[sql.Code()&0xff]; ok { // the low byte of an extended code is the primary one
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
