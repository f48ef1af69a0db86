// Package spill provides temporary files for data that does not fit into memory.
package spill

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// File is a temporary file that only its user can read. Where the system allows it, its name is
// removed as soon as the file is created, so that a killed process leaves nothing behind. Its
// methods are safe for concurrent use like those of [os.File].
type File struct {
	file *os.File
	name string // "" once the file has no name any more
}

// Create creates a file in the folder dir, os.TempDir() if empty. The caller closes it.
func Create(dir string) (*File, error) {
	file, err := os.CreateTemp(dir, "msnscope-*.spill") // mode 0600
	if err != nil {
		return nil, wrap(err)
	}
	f := &File{file: file, name: file.Name()}
	if os.Remove(f.name) == nil {
		f.name = ""
	}
	return f, nil
}

// WriteAt implements [io.WriterAt].
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.file.WriteAt(p, off)
	return n, wrap(err)
}

// ReadAt implements [io.ReaderAt].
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.file.ReadAt(p, off)
	return n, wrap(err)
}

// Close removes the file.
func (f *File) Close() error {
	err := f.file.Close()
	if f.name != "" {
		err = errors.Join(err, os.Remove(f.name))
	}
	return wrap(err)
}

// wrap adds to an error that it concerns a spill file. It returns [io.EOF] unchanged, as
// io.ReaderAt requires.
func wrap(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return fmt.Errorf("spill file: %w", err)
}
