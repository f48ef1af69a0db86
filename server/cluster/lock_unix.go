//go:build unix && !solaris && !aix

package cluster

import (
	"os"
	"syscall"
)

// lockWhole locks a file for this process, until it is closed, or fails where another has locked
// it.
func lockWhole(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
