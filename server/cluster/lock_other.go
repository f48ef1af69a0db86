//go:build !unix || solaris || aix

package cluster

import "os"

// lockWhole does nothing: these systems lack flock, and the operator must see to it that no folder
// is used twice.
func lockWhole(*os.File) error { return nil }
