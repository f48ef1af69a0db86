package recording_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/outfile"
)

// recordFiles records events to files, and returns what was said of them.
func recordFiles(t *testing.T, o recording.FilesOptions, events []*session.Event) string {
	t.Helper()
	var said bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&said, nil))
	files, w, err := recording.OpenFiles(o, events[0].Time)
	if err != nil {
		t.Fatal(err)
	}
	r := recording.NewWriter(w, recording.Options{Rotation: files.Rotation()})
	for _, e := range events {
		r.Handle([]*session.Event{e})
	}
	if err := errors.Join(r.Close(events[len(events)-1].Time), files.Close()); err != nil {
		t.Fatal(err)
	}
	return said.String()
}

// numbersIn returns the numbers of the events in files.
func numbersIn(t *testing.T, paths ...string) (all []uint64) {
	t.Helper()
	l := eventlog.New(eventlog.Options{})
	defer l.Close()
	into := captures.NewLoader(l)
	for _, path := range paths {
		if err := into.Load(t.Context(), path, nil); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	for i := range l.Len() {
		all = append(all, l.At(i).N)
	}
	return all
}

// TestFilesAreBounded: the oldest files are deleted and logged; those that stay are below the
// limit, whole, and the latest.
func TestFilesAreBounded(t *testing.T) {
	dir := t.TempDir()
	events := sessiontest.Many(400)
	o := recording.FilesOptions{Name: filepath.Join(dir, "s-%N.pcapng"), Size: 4000, Disk: 14_000}
	said := recordFiles(t, o, events)
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(left)
	var total int64
	for _, path := range left {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if total += info.Size(); info.Mode().Perm() != 0o600 {
			t.Errorf("others can read %s: %v", path, info.Mode())
		}
	}
	if total > o.Disk || total < o.Disk/2 {
		t.Errorf("%d bytes are left in %d files, want at most %d", total, len(left), o.Disk)
	}
	numbers := numbersIn(t, left...)
	first, last := numbers[0], numbers[len(numbers)-1]
	if last != events[len(events)-1].N || int(last-first)+1 != len(numbers) {
		t.Errorf("the files have %d events from %d to %d, want the latest without a gap", len(numbers), first, last)
	}
	if n := strings.Count(said, "deleted the oldest file"); n == 0 || !strings.Contains(said, "s-00001.pcapng") {
		t.Errorf("%d files are said to be deleted: %s", n, said)
	}
}

// TestFilesReplaceNothing: the content of a file is replaced only with Replace, and added to with
// Add.
func TestFilesReplaceNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.pcapng")
	events := sessiontest.SignOn()
	recordFiles(t, recording.FilesOptions{Name: path}, events)
	o := recording.FilesOptions{Name: path, Log: slog.New(slog.DiscardHandler)}
	files, _, err := recording.OpenFiles(o, sessiontest.Start)
	if !errors.Is(err, recording.ErrExists) || files.Name() != path {
		t.Errorf("a second recording: %v", err)
	}
	if n := len(numbersIn(t, path)); n != len(events) {
		t.Errorf("the refusal left %d of %d events", n, len(events))
	}
	o.Add = true
	recordFiles(t, o, sessiontest.Later(events, time.Hour))
	if n := len(numbersIn(t, path)); n != 2*len(events) {
		t.Errorf("added to, it has %d events, want %d", n, 2*len(events))
	}
	o.Add, o.Replace = false, true
	recordFiles(t, o, events)
	if n := len(numbersIn(t, path)); n != len(events) {
		t.Errorf("replaced, it has %d events, want %d", n, len(events))
	}
	files, _, err = recording.OpenFiles(o, sessiontest.Start)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	var locked *outfile.LockedError
	if _, _, err := recording.OpenFiles(o, sessiontest.Start); !errors.As(err, &locked) {
		t.Errorf("while another one records: %v", err)
	}
}

// TestFileCutShort: a recording that a kill cut short is continued after its last whole event, with
// a line in the log.
func TestFileCutShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.pcapng")
	events := sessiontest.SignOn()
	whole := recordedFile(t, events, recording.Options{})
	if err := os.WriteFile(path, whole[:len(whole)-501], 0o600); err != nil {
		t.Fatal(err)
	}
	said := recordFiles(t, recording.FilesOptions{Name: path, Add: true}, sessiontest.Later(events, time.Hour))
	if n := len(numbersIn(t, path)); n <= len(events) || n >= 2*len(events) || !strings.Contains(said, "cut=") {
		t.Errorf("%d events; it says %s", n, said)
	}
}

// TestCheckName: after a percent sign comes one of the letters, or another sign.
func TestCheckName(t *testing.T) {
	for name, ok := range map[string]bool{
		"s.pcapng": true, "%Y%m%d-%H%M%S-%y%j%F-%N.pcapng": true, "50%%.pcapng": true,
		"%": false, "%Q": false, "a%": false,
	} {
		if err := recording.CheckName(name); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStalledPipeEnds: a write to a pipe whose reader takes nothing ends at the deadline.
func TestStalledPipeEnds(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	o := recording.FilesOptions{Name: pipe, Log: slog.New(slog.DiscardHandler)}
	files, w, err := recording.OpenFiles(o, sessiontest.Start)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		rec := recording.NewWriter(w, recording.Options{})
		for n := uint64(1); rec.Err() == nil; n++ { // a pipe holds 64 KB, or a little more
			rec.Handle([]*session.Event{{
				N: n, Kind: session.Note, Time: sessiontest.Start, Text: strings.Repeat("x", 4096),
			}})
		}
		ended <- rec.Err()
	}()
	files.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the write ends with %v", err)
	}
	if err := files.Close(); err != nil {
		t.Error(err)
	}
}
