//go:build unix && !solaris && !illumos && !aix

package outfile

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// NoWait is a mode for [Open]: opening a pipe that nobody reads fails at once, instead of waiting
// for a reader.
const NoWait = syscall.O_NONBLOCK

// lock locks f for writing until it is closed. It returns errLocked, with the number of the other
// process if the system tells it, if another writer has locked the file. File systems that do not
// support locks refuse nobody.
//
// The lock is that of flock, which belongs to the open file and so also keeps two writers of one
// process apart. An additional lock by fcntl lets others find out which process holds the file.
func lock(f *os.File) error {
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		owner := wholeFile()
		if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &owner); err != nil || owner.Type == syscall.F_UNLCK {
			return &LockedError{}
		}
		return &LockedError{PID: int(owner.Pid)}
	case err == nil:
		ours := wholeFile()
		// If this fails, others are still refused, but cannot name this process.
		_ = syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &ours)
	}
	return nil
}

// wholeFile is a lock for writing on all of a file.
func wholeFile() syscall.Flock_t {
	return syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
}

// own gives f the owner of an old file, as far as this process may.
func own(f *os.File, old os.FileInfo) {
	if s, ok := old.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(s.Uid), int(s.Gid))
	}
}
