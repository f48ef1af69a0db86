package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/proxy"
)

// maxSaved is how many bytes of transferred files one run keeps: users who send files to each other
// must not fill the disk.
const maxSaved = 4 << 30

// transferFlags are the flags about files that users send to each other.
type transferFlags struct {
	saveFiles string
	fileBytes byteSize
}

func (f *transferFlags) add(c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&f.saveFiles, "save-files", "",
		"keep the files that users transfer in the folder `DIR`, under names made of time and connection")
	fs.Var(&f.fileBytes, "file-bytes",
		"how much of the content of each transferred file is shown and recorded; its size and hash always are "+
			"(default 1M)")
	_ = c.MarkFlagDirname("save-files") // it exists
}

// read sets the options, and creates the folder if necessary.
func (f *transferFlags) read(o *proxy.Options) error {
	o.FileBytes = int64(f.fileBytes)
	if f.saveFiles == "" {
		return nil
	}
	if err := os.MkdirAll(f.saveFiles, 0o700); err != nil {
		return fmt.Errorf("--save-files: %w", err)
	}
	root, err := os.OpenRoot(f.saveFiles)
	if err != nil {
		return fmt.Errorf("--save-files: %w", err)
	}
	s := &savedFiles{dir: f.saveFiles, root: root, now: time.Now}
	s.left.Store(maxSaved)
	o.KeepFile = s.create
	return nil
}

// savedFiles keeps transferred files in a folder. The names are ours: a name that a user chose
// never becomes a path. Its methods are safe for concurrent use.
type savedFiles struct {
	dir  string
	root *os.Root
	now  func() time.Time
	left atomic.Int64 // bytes that may still be written
}

// partly ends the name of a file that is not whole.
const partly = ".part"

// create makes a new file for what connection conn transfers.
func (s *savedFiles) create(conn int) (proxy.Keeper, error) {
	name := fmt.Sprintf("%s-c%d", s.now().UTC().Format("20060102-150405"), conn)
	for i := 1; ; i++ {
		if i > 1 {
			name = fmt.Sprintf("%s-c%d-%d", s.now().UTC().Format("20060102-150405"), conn, i)
		}
		file, err := s.root.OpenFile(name+partly, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		switch _, taken := s.root.Lstat(name); {
		case err == nil && errors.Is(taken, fs.ErrNotExist):
			return &savedFile{s, file, name}, nil
		case err == nil:
			file.Close()
			_ = s.root.Remove(name + partly)
		case !errors.Is(err, fs.ErrExist):
			return nil, err
		}
		if i == 1000 {
			return nil, fmt.Errorf("%s: no name is free", s.dir)
		}
	}
}

// savedFile is a file that is being written.
type savedFile struct {
	in   *savedFiles
	file *os.File
	name string
}

// Write implements io.Writer.
func (f *savedFile) Write(b []byte) (int, error) {
	if f.in.left.Add(-int64(len(b))) < 0 {
		return 0, errors.New("the 4 GB of files that one run keeps are there")
	}
	return f.file.Write(b)
}

// Close implements proxy.Keeper.
func (f *savedFile) Close(whole bool) (string, error) {
	err := f.file.Close()
	name := f.name + partly
	if whole && err == nil {
		if err = f.in.root.Rename(name, f.name); err == nil {
			name = f.name
		}
	}
	return filepath.Join(f.in.dir, name), err
}
