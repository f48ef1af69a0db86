package pcap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Errors of reading, found with errors.Is. The messages name the file and the byte offset.
var (
	ErrNotCapture = errors.New("not a pcap or pcapng file")             // what was found instead is in the message
	ErrCut        = errors.New("the file ends in mid-packet")           // everything before was handed out
	ErrBroken     = errors.New("the file is damaged")                   // likewise
	ErrLinkType   = errors.New("packets of a link type not known here") // Wi-Fi, USB, ...
)

// inputBuffer holds a few hundred packets a system call, and any single packet without a copy.
const inputBuffer = 128 << 10

// input reads a file in pieces, knows where it is, and turns what goes wrong into errors that say so.
type input struct {
	r    *bufio.Reader
	name string
	off  int64 // of the next byte
	big  []byte

	zipped bool // off counts what was unzipped
}

func newInput(r io.Reader, name string) *input {
	return &input{r: bufio.NewReaderSize(r, inputBuffer), name: name}
}

// peek returns the next n bytes, n being small, and leaves them there. The error is io.EOF when there is no byte left.
func (in *input) peek(n int) ([]byte, error) {
	b, err := in.r.Peek(n)
	if err == nil {
		return b, nil
	}
	return b, in.fault(err, len(b))
}

// take returns the next n bytes and moves on. They are valid until the next call. Memory grows with what the file has, not
// with what n says.
func (in *input) take(n int) ([]byte, error) {
	if n <= inputBuffer {
		b, err := in.r.Peek(n)
		if err != nil {
			return nil, in.fault(err, len(b))
		}
		in.off += int64(n)
		_, err = in.r.Discard(n)
		return b, err
	}
	in.big = in.big[:0]
	for len(in.big) < n {
		have, step := len(in.big), min(n-len(in.big), 1<<20)
		in.big = slices.Grow(in.big, step)[:have+step]
		if got, err := io.ReadFull(in.r, in.big[have:]); err != nil {
			return nil, in.fault(err, have+got)
		}
	}
	in.off += int64(n)
	return in.big, nil
}

// fault names an error of the underlying reader after have bytes of a piece. At the border of two pieces an end is clean.
func (in *input) fault(err error, have int) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF && have > 0:
		return fmt.Errorf("%s: %w: the piece that begins at byte %d is whole up to byte %d", in.name, ErrCut, in.off, in.off+int64(have))
	case err == io.EOF:
		return io.EOF
	}
	return fmt.Errorf("%s: byte %d: %w", in.name, in.off+int64(have), err)
}

// broken makes an error about what stands at byte at.
func (in *input) broken(at int64, format string, args ...any) error {
	return fmt.Errorf("%s: %w: byte %d: %s", in.name, ErrBroken, at, fmt.Sprintf(format, args...))
}
