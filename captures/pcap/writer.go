package pcap

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// Limits of what one call may write.
const (
	MaxComment  = 60_000  // bytes of one comment: an option holds 65,535
	MaxComments = 8 << 20 // bytes of all comments of one call: half of the largest block that Wireshark reads
	MaxName     = 255     // bytes of a name
)

// ErrComment is returned for a comment or a name that is too long or not UTF-8. Nothing has been
// written, and the Writer can go on.
var ErrComment = errors.New("comment or name cannot be written")

// ErrFlowClosed is returned for what is written to a Flow after its Close, or by an end after its
// HalfClose.
var ErrFlowClosed = errors.New("flow is closed")

// flushAt is how many bytes a Writer buffers before it writes by itself: a few hundred commands a
// system call.
const flushAt = 64 << 10

// WriterOptions describes a file. The zero value is ready for use.
type WriterOptions struct {
	// Application is the name of the program that the file gives as its writer, if not empty.
	Application string
}

// Writer writes a pcapng file of synthetic TCP connections. It and its Flows are not safe for
// concurrent use.
//
// The underlying writer always gets whole blocks, so if the process is killed the file is valid up
// to the last Flush. An error of the underlying writer sticks: every later call returns it and
// writes nothing.
type Writer struct {
	w     io.Writer
	buf   []byte // whole blocks only, between calls
	sent  int64  // bytes written to the underlying writer
	cut   int64  // bytes that AppendTo cut off
	err   error
	used  connections
	flows uint32   // flows opened so far, from which initial sequence numbers are made
	bare  []string // see Bare
}

// NewWriter writes the head of a file to w and returns a Writer for the rest. The caller closes w,
// after Flush.
func NewWriter(w io.Writer, o WriterOptions) (*Writer, error) {
	if err := checkText("application", o.Application, MaxComment); err != nil {
		return nil, err
	}
	pw := &Writer{w: w, buf: make([]byte, 0, 2*flushAt)}
	pw.buf = appendInterface(appendSection(pw.buf, o.Application), linkEthernet)
	return pw, pw.Flush()
}

// Flush hands everything written so far to the underlying writer, in one Write.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	n, err := w.w.Write(w.buf)
	if err == nil && n < len(w.buf) {
		err = io.ErrShortWrite
	}
	w.sent += int64(n)
	if err != nil {
		w.err = fmt.Errorf("pcap: write: %w", err)
	}
	w.buf = w.buf[:0]
	if cap(w.buf) > 1<<20 { // one frame with megabytes of comments must not stay in memory for ever
		w.buf = make([]byte, 0, 2*flushAt)
	}
	return w.err
}

// Size returns the size of the file in bytes, including what was there before and what the next
// Flush will write.
func (w *Writer) Size() int64 { return w.sent + int64(len(w.buf)) }

// Cut returns how many bytes AppendTo cut off the end of the file, the part of a block that was not
// whole.
func (w *Writer) Cut() int64 { return w.cut }

// written is called after each whole block, or after blocks that belong together.
func (w *Writer) written() error {
	if len(w.buf) >= flushAt {
		return w.Flush()
	}
	return nil
}

// Name gives an address the name that Wireshark shows for it, in the frames that follow; a later
// call for the same address replaces it. Names are 1 to MaxName bytes of UTF-8 without NUL.
func (w *Writer) Name(addr netip.Addr, name string) error {
	if w.err != nil {
		return w.err
	}
	if err := checkText("name", name, MaxName); err != nil {
		return err
	}
	if name == "" || strings.ContainsRune(name, 0) {
		return fmt.Errorf("pcap: %w: name is empty or has a NUL in it", ErrComment)
	}
	if !addr.IsValid() {
		return errors.New("pcap: a name needs an address")
	}
	w.buf = appendNames(w.buf, addr.WithZone("").Unmap(), name)
	return w.written()
}

// Bare sets the comments of all frames that are written from now on without comments of their own,
// as those that acknowledge something are. The slice must not be changed any more.
func (w *Writer) Bare(comments ...string) error {
	if err := w.check(comments); err != nil {
		return err
	}
	w.bare = comments
	return nil
}

// check returns an error if the Writer has failed or the comments cannot be written.
func (w *Writer) check(comments []string) error {
	if w.err != nil {
		return w.err
	}
	sum := 0
	for _, c := range comments {
		if err := checkText("comment", c, MaxComment); err != nil {
			return err
		}
		sum += len(c) + 8 // an option's head and padding
	}
	if sum > MaxComments {
		return fmt.Errorf("pcap: %w: %d bytes of comments on one frame, at most %d", ErrComment, sum, MaxComments)
	}
	return nil
}

func checkText(what, s string, limit int) error {
	if len(s) > limit {
		return fmt.Errorf("pcap: %w: %s of %d bytes, at most %d", ErrComment, what, len(s), limit)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("pcap: %w: %s is not valid UTF-8", ErrComment, what)
	}
	return nil
}
