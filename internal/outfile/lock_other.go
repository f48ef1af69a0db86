//go:build !unix || solaris || illumos || aix

package outfile

import "os"

// NoWait is a mode for [Open]: opening a pipe that nobody reads fails at once, instead of waiting
// for a reader.
const NoWait = 0

// lock does nothing: on this system two writers of one file are not kept apart.
func lock(*os.File) error { return nil }

// own does nothing: on this system files have other kinds of owners.
func own(*os.File, os.FileInfo) {}
