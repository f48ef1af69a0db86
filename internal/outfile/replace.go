package outfile

import (
	"errors"
	"os"
	"path/filepath"
)

// Part is a file on its way to a place that another file may have: until Commit, or if that never
// comes, the other one stays as it is.
type Part struct {
	*os.File
	target string
}

// Begin creates a Part for path, in the same folder. It follows links, so that they stay, and takes
// mode and owner of an existing file; a new one is readable by its user alone. The caller must call
// Commit or Discard.
func Begin(path string) (*Part, error) {
	target := Target(path)
	f, err := os.CreateTemp(filepath.Dir(target), ".msnscope.*") // the name may be as long as names can be
	if err != nil {
		return nil, err
	}
	p := &Part{f, target}
	if old, err := os.Stat(target); err == nil {
		own(f, old)
		if err := f.Chmod(old.Mode().Perm()); err != nil {
			return nil, errors.Join(err, p.Discard())
		}
	}
	return p, nil
}

// Write writes to the file; its error names the file that this one is to become.
func (p *Part) Write(b []byte) (int, error) {
	n, err := p.File.Write(b)
	if at := (*os.PathError)(nil); errors.As(err, &at) {
		at.Path = p.target
	}
	return n, err
}

// Commit puts the file in its place, once all of it is on disk. If that fails, it discards it.
func (p *Part) Commit() error {
	err := errors.Join(p.Sync(), p.Close())
	if err == nil {
		err = os.Rename(p.Name(), p.target)
	}
	if err != nil {
		os.Remove(p.Name())
	}
	return err
}

// Discard removes the file.
func (p *Part) Discard() error {
	return errors.Join(p.Close(), os.Remove(p.Name()))
}

// maxLinks is how many links to links are followed, as many as Linux does.
const maxLinks = 40

// Target returns the file to which links at path lead, even if it does not exist.
func Target(path string) string {
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return path
}

// Replace writes a small file completely or not at all: whoever reads it finds the text before or
// the text after. It makes the file's folder if needed.
func Replace(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	p, err := Begin(path)
	if err != nil {
		return err
	}
	if _, err := p.Write([]byte(text)); err != nil {
		return errors.Join(err, p.Discard())
	}
	return p.Commit()
}
