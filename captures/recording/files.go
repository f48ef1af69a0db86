package recording

import (
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/internal/outfile"
)

// ErrExists is the error for a first file that is not empty, if neither Add nor Replace is set.
var ErrExists = errors.New("the file exists")

// FilesOptions describes the files of a recording.
type FilesOptions struct {
	// Name is the name of each file, in which % and a letter are replaced by the time and the
	// number: see [CheckName].
	Name string
	// Add appends to the first file; Replace empties files that are not empty.
	Add, Replace bool
	// Size and Every are those of [Rotation]; without both there is one file.
	Size  int64
	Every time.Duration
	// Disk is how many bytes all files together may have, 0 for any number: when another file of
	// Size bytes would exceed it, the oldest files are deleted.
	Disk int64
	// Application is the name of the program, written in the heads of the files.
	Application string
	// Log gets a message for each file that is deleted or that ended in mid-packet. It must not be
	// nil.
	Log *slog.Logger
}

// Files are the files of a recording on disk: one, or one after another. Name is safe for
// concurrent use; the other methods are for the goroutine of the recording's [Writer].
type Files struct {
	o    FilesOptions
	name atomic.Pointer[string]  // the name of the latest file
	file atomic.Pointer[os.File] // the file that is open, nil for none
	used map[string]bool
	kept kept
}

// OpenFiles begins the first file, whose name may contain the time began, and returns its writer.
// Files are locked, and readable by the user alone. The error is ErrExists or an
// *outfile.LockedError for a file that must not be written to; Name says which one, so the Files
// are never nil.
func OpenFiles(o FilesOptions, began time.Time) (*Files, *pcap.Writer, error) {
	f := &Files{o: o, used: map[string]bool{}}
	w, err := f.open(1, began)
	return f, w, err
}

// Name returns the name of the latest file.
func (f *Files) Name() string { return *f.name.Load() }

// Rotation returns the Rotation that makes a Writer continue in the next file.
func (f *Files) Rotation() Rotation { return Rotation{Size: f.o.Size, Every: f.o.Every, Next: f.next} }

// SetWriteDeadline limits the time that the reader of a pipe has for what is being written to it.
// It has no effect on other files, and is safe for concurrent use with the Writer.
func (f *Files) SetWriteDeadline(t time.Time) {
	if file := f.file.Load(); file != nil {
		_ = file.SetWriteDeadline(t) // only pipes have deadlines
	}
}

// Close closes the latest file, which the Writer has ended.
func (f *Files) Close() error {
	file := f.file.Load()
	if file == nil {
		return nil
	}
	return file.Close()
}

// next begins the next file, after deleting the oldest ones if there is no room for it.
func (f *Files) next(number int, at time.Time) (*pcap.Writer, error) {
	if err := f.file.Load().Close(); err != nil {
		return nil, err
	}
	f.file.Store(nil)
	f.kept.add(f.Name())
	if f.o.Disk > 0 {
		f.kept.shrink(f.o.Disk-f.o.Size, func(name string, err error) {
			if err != nil {
				f.o.Log.Error("the oldest file of the recording cannot be deleted", "file", name, "err", err)
				return
			}
			f.o.Log.Info("deleted the oldest file of the recording: the limit on disk use is reached", "file", name)
		})
	}
	return f.open(number, at)
}

// open begins a file. Only the first one may be appended to.
func (f *Files) open(number int, at time.Time) (*pcap.Writer, error) {
	added := number == 1 && f.o.Add
	name := f.o.nameOf(number, at, func(name string) bool {
		return f.used[name] || !added && !f.o.Replace && Occupied(name)
	})
	f.used[name] = true
	f.name.Store(&name)
	mode := os.O_WRONLY
	if added {
		mode = os.O_RDWR
	}
	file, err := outfile.Open(name, mode|outfile.NoWait)
	if err != nil {
		return nil, err
	}
	if !added {
		err = f.o.makeRoom(file)
	}
	if err == nil {
		err = outfile.Private(file)
	}
	var w *pcap.Writer
	if err == nil {
		w, err = f.begin(file, added)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	f.file.Store(file)
	return w, nil
}

// begin writes the head of a file, or prepares appending to it. It cuts off the part of a last
// block that a killed process left, and logs that.
func (f *Files) begin(file *os.File, added bool) (*pcap.Writer, error) {
	o := pcap.WriterOptions{Application: f.o.Application}
	if !added {
		return pcap.NewWriter(file, o)
	}
	before, err := file.Stat()
	if err != nil {
		return nil, err
	}
	w, err := pcap.AppendTo(file, o)
	if err == nil && w.Cut() > 0 {
		f.o.Log.Warn("the file ended in mid-packet: what came before is kept",
			"file", file.Name(), "bytes", before.Size(), "cut", w.Cut())
	}
	return w, err
}

// makeRoom empties a file that is to be recorded to. A file that is not empty needs Replace; an
// empty one, as mktemp makes it, has nothing to lose.
func (o *FilesOptions) makeRoom(file *os.File) error {
	if o.Replace {
		return outfile.Empty(file)
	}
	some, err := outfile.HoldsSomething(file)
	if some {
		return ErrExists
	}
	return err
}

// Occupied reports whether path is a regular file that is not empty, and so may only be replaced on
// request.
func Occupied(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() > 0
}

// kept lists the complete files of a recording, the oldest first.
type kept struct {
	names []string
	sizes []int64
	total int64
}

func (k *kept) add(name string) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return // somebody has moved or deleted it
	}
	k.names, k.sizes, k.total = append(k.names, name), append(k.sizes, info.Size()), k.total+info.Size()
}

// shrink deletes the oldest files until no more than limit bytes are left, and calls report for
// each with its name and the error of deleting it.
func (k *kept) shrink(limit int64, report func(name string, err error)) {
	for len(k.names) > 0 && k.total > limit {
		report(k.names[0], os.Remove(k.names[0]))
		k.total -= k.sizes[0]
		k.names, k.sizes = k.names[1:], k.sizes[1:]
	}
}
