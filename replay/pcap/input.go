package pcap

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// Errors of reading, found with errors.Is. The messages name the file and the byte offset.
var (
	ErrNotCapture = errors.New("not a pcap or pcapng file")             // what was found instead is in the message
	ErrCut        = errors.New("the file ends in mid-packet")           // everything before was handed out
	ErrBroken     = errors.New("the file is damaged")                   // likewise
	ErrLinkType   = errors.New("packets of a link type not known here") // Wi-Fi, USB, ...
)

// inputBuffer holds a thousand packets a system call, and any single packet without a copy.
const inputBuffer = 256 << 10

// input reads a file in pieces, knows where it is, and turns what goes wrong into errors that say so.
type input struct {
	r        io.Reader
	name     string
	off      int64  // of the next byte
	buf      []byte // buf[from:to] was read and not taken
	from, to int
	err      error // of r, after what is in buf
	zipped   bool  // off counts what was unzipped
}

func newInput(r io.Reader, name string) *input {
	return &input{r: r, name: name, buf: make([]byte, inputBuffer)}
}

// peek returns the next n bytes and leaves them there; they are valid until the next call. The error is io.EOF when there is
// no byte left; with another one come the bytes that are there.
func (in *input) peek(n int) ([]byte, error) {
	if in.to-in.from < n {
		if err := in.fill(n); err != nil {
			return in.buf[in.from:in.to], in.fault(err, in.to-in.from)
		}
	}
	return in.buf[in.from : in.from+n], nil
}

// take is peek, and moves on.
func (in *input) take(n int) ([]byte, error) {
	b, err := in.peek(n)
	if err != nil {
		return nil, err
	}
	in.from += n
	in.off += int64(n)
	return b, nil
}

// fill reads until n bytes are there. Memory grows with what the file has, not with what n says.
func (in *input) fill(n int) error {
	in.to = copy(in.buf, in.buf[in.from:in.to])
	in.from = 0
	for idle := 0; in.to < n; {
		if in.err != nil {
			return in.err
		}
		if in.to == len(in.buf) {
			in.buf = append(in.buf, make([]byte, len(in.buf))...)
		}
		var got int
		if got, in.err = in.r.Read(in.buf[in.to:]); got > 0 {
			in.to, idle = in.to+got, 0
		} else if idle++; idle > 100 && in.err == nil {
			in.err = io.ErrNoProgress
		}
	}
	return nil
}

// Read makes the rest of the file a reader.
func (in *input) Read(p []byte) (int, error) {
	if in.from == in.to {
		if err := in.fill(1); err != nil {
			return 0, err
		}
	}
	n := copy(p, in.buf[in.from:in.to])
	in.from += n
	in.off += int64(n)
	return n, nil
}

// ReadByte makes gzip take no more than it needs.
func (in *input) ReadByte() (byte, error) {
	if in.from == in.to {
		if err := in.fill(1); err != nil {
			return 0, err
		}
	}
	in.from++
	in.off++
	return in.buf[in.from-1], nil
}

// fault names an error of the underlying reader after have bytes of a piece. At the border of two pieces an end is clean.
func (in *input) fault(err error, have int) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF && have > 0:
		return fmt.Errorf("%s: %w: the piece that begins at byte %d is whole up to byte %d", in.name, ErrCut, in.off, in.off+int64(have))
	case err == io.EOF:
		return io.EOF
	case in.zipped && isDamage(err):
		return in.broken(in.off+int64(have), "%v (counted in what is unzipped)", err)
	}
	return fmt.Errorf("%s: byte %d: %w", in.name, in.off+int64(have), err)
}

// isDamage tells whether it is the zipped bytes that are wrong, and not their source.
func isDamage(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
}

// broken makes an error about what stands at byte at.
func (in *input) broken(at int64, format string, args ...any) error {
	return fmt.Errorf("%s: %w: byte %d: %s", in.name, ErrBroken, at, fmt.Sprintf(format, args...))
}
