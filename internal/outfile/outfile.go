// Package outfile opens the files that the program writes: each has one writer at a time and is
// readable only by its user.
package outfile

import (
	"errors"
	"fmt"
	"os"
)

// LockedError reports that another process, or another writer of this process, has locked a file.
type LockedError struct {
	PID int // 0 or less if unknown
}

// Error returns a message that names the process.
func (e *LockedError) Error() string {
	if e.PID <= 0 {
		return "another recorder is writing this file"
	}
	return fmt.Sprintf("process %d is writing this file", e.PID)
}

// Open opens a file for writing, creates it if necessary, and locks it until it is closed. mode is
// os.O_WRONLY or os.O_RDWR, perhaps with [NoWait]. Open keeps the contents of the file; the caller
// decides whether to remove them. It opens pipes and devices without a lock. The error is a
// *LockedError if another writer has the file.
func Open(path string, mode int) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_CREATE|mode, 0o600)
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return f, nil //nolint:nilerr // writing will report the error
		}
		if err := lock(f); err != nil {
			f.Close()
			return nil, err
		}
		// Before it was locked, another writer may have put a [Part] in its place.
		if there, err := os.Stat(path); err == nil && os.SameFile(there, info) {
			return f, nil
		}
		f.Close()
	}
}

// HoldsSomething reports whether an open file is a regular, non-empty one.
func HoldsSomething(f *os.File) (bool, error) {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular() && info.Size() > 0, err
}

// Empty truncates a regular file. It does nothing for pipes and devices.
func Empty(f *os.File) error {
	some, err := HoldsSomething(f)
	if err != nil || !some {
		return err
	}
	return f.Truncate(0)
}

// Private makes the file readable only by its owner, since conversations are private. It leaves a
// file of another owner as it is.
func Private(f *os.File) error {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm() == 0o600 {
		return err
	}
	if err := f.Chmod(0o600); err != nil && !errors.Is(err, os.ErrPermission) {
		return err
	}
	return nil
}
