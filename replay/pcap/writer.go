package pcap

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of what one call may write.
const (
	MaxComment  = 60_000  // bytes of one comment: an option holds 65,535
	MaxComments = 8 << 20 // bytes of all comments of one call: half of the largest block that Wireshark reads
	MaxName     = 255     // bytes of a name
)

// ErrComment is returned for a comment or a name that is too long or is not UTF-8. Nothing was written, and the Writer goes on.
var ErrComment = errors.New("comment or name cannot be written")

// ErrFlowClosed is returned for what is written to a Flow after its Close.
var ErrFlowClosed = errors.New("flow is closed")

// flushAt is how much a Writer holds before it writes by itself: a few hundred commands a system call.
const flushAt = 64 << 10

// WriterOptions describes a file. Its zero value works.
type WriterOptions struct {
	// Application is the program that the file names as its writer; none when empty.
	Application string
}

// Writer writes a pcapng file of synthetic TCP connections. It and its Flows are not safe for concurrent use.
//
// What reaches the underlying writer is always whole blocks, so a process that is killed leaves a file that is valid up to
// the last Flush. An error of the underlying writer sticks: every later call returns it and writes nothing.
type Writer struct {
	w     io.Writer
	buf   []byte // whole blocks only, between calls
	sent  int64  // bytes handed on
	cut   int64  // bytes that AppendTo cut off
	err   error
	used  connections
	flows uint32 // opened so far: makes each initial sequence number another one
}

// NewWriter writes a file's head to w and returns a Writer for the rest. The caller closes w, after Flush.
func NewWriter(w io.Writer, o WriterOptions) (*Writer, error) {
	if err := checkText("application", o.Application, MaxComment); err != nil {
		return nil, err
	}
	pw := &Writer{w: w, buf: make([]byte, 0, 2*flushAt)}
	pw.buf = appendInterface(appendSection(pw.buf, o.Application))
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
	if cap(w.buf) > 1<<20 { // one frame with megabytes of comments shall not be held for ever
		w.buf = make([]byte, 0, 2*flushAt)
	}
	return w.err
}

// Size returns how many bytes the file has, those that were there before and those that the next Flush writes included.
func (w *Writer) Size() int64 { return w.sent + int64(len(w.buf)) }

// Cut returns how many bytes of a block that was not whole AppendTo cut off the end of the file.
func (w *Writer) Cut() int64 { return w.cut }

// written is called after each whole block, or after blocks that belong together.
func (w *Writer) written() error {
	if len(w.buf) >= flushAt {
		return w.Flush()
	}
	return nil
}

// Name gives an address the name that Wireshark shows for it. Call it before the frames it is meant for; a later call for
// the same address gives it another name. Names are 1 to MaxName bytes of UTF-8 without NUL.
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

// Note writes comments that belong to no frame. Neither Wireshark nor tshark shows them as one; Reader gives them back.
func (w *Writer) Note(at time.Time, comments ...string) error {
	if err := w.check(comments); err != nil {
		return err
	}
	if len(comments) == 0 {
		return nil
	}
	w.buf = appendStatistics(w.buf, at, comments)
	return w.written()
}

// check tells whether the Writer still works and the comments can be written.
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
