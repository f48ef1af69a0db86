package pcap

import (
	"errors"
	"fmt"
	"io"
)

// Errors of reading, found with errors.Is. The messages name the file and the byte offset.
var (
	ErrNotCapture = errors.New("not a pcap or pcapng file")           // the message says what was found
	ErrCut        = errors.New("the file ends in mid-packet")         // every item before that was returned
	ErrBroken     = errors.New("the file is damaged")                 // likewise
	ErrLinkType   = errors.New("packets of an unsupported link type") // Wi-Fi, USB, ...
)

// inputBuffer holds a thousand packets a system call, and any single packet without a copy.
const inputBuffer = 256 << 10

// maxRenewed is the size of the largest buffer that has grown for a large block and is used again.
const maxRenewed = 4 << 20

// input reads a file in pieces, keeps track of the offset, and returns errors that name the file
// and the offset.
type input struct {
	r        io.Reader
	name     string
	off      int64  // offset of the next byte
	buf      []byte // buf[from:to] was read and not taken
	from, to int
	err      error // of r, after what is in buf
	// renew, unless nil, is called before each read. It takes the buffer, from which slices may be
	// in use, and returns another one, or nil.
	renew  func([]byte) []byte
	packed *packed // how r was compressed, nil if it was not: off counts uncompressed bytes
}

func newInput(r io.Reader, name string) *input {
	return &input{r: r, name: name, buf: make([]byte, inputBuffer)}
}

// peek returns the next n bytes without consuming them; they are valid until the next call. The
// error is io.EOF when no byte is left; any other error comes with the bytes that there are.
func (in *input) peek(n int) ([]byte, error) {
	if in.to-in.from < n {
		if err := in.fill(n); err != nil {
			return in.buf[in.from:in.to], in.fault(err, in.to-in.from)
		}
	}
	return in.buf[in.from : in.from+n], nil
}

// take returns the next n bytes as peek does, and consumes them.
func (in *input) take(n int) ([]byte, error) {
	b, err := in.peek(n)
	if err != nil {
		return nil, err
	}
	in.from += n
	in.off += int64(n)
	return b, nil
}

// skip consumes the next n bytes.
func (in *input) skip(n int64) error {
	for n > 0 {
		b, err := in.peek(int(min(n, inputBuffer)))
		if err != nil {
			return err
		}
		in.from += len(b)
		in.off += int64(len(b))
		n -= int64(len(b))
	}
	return nil
}

// fill reads until n bytes are buffered. The buffer grows with what the file has, not with what n
// says.
func (in *input) fill(n int) error {
	rest := in.buf[in.from:in.to]
	if in.renew != nil && in.err == nil {
		if in.buf = in.renew(in.buf); len(in.buf) < max(inputBuffer, len(rest)) || len(in.buf) > maxRenewed {
			in.buf = make([]byte, max(inputBuffer, len(rest)))
		}
	}
	in.from, in.to = 0, copy(in.buf, rest)
	for idle := 0; in.to < n; {
		if in.err != nil {
			return in.err
		}
		if in.to == len(in.buf) {
			in.buf = append(in.buf, make([]byte, len(in.buf))...)
		}
		var got int
		// A buffer that has grown is not filled further than for what is needed.
		if got, in.err = in.r.Read(in.buf[in.to:min(len(in.buf), max(n, inputBuffer))]); got > 0 {
			in.to, idle = in.to+got, 0
		} else if idle++; idle > 100 && in.err == nil {
			in.err = io.ErrNoProgress
		}
	}
	return nil
}

// Read implements io.Reader for the rest of the file.
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

// ReadByte implements io.ByteReader, with which gzip reads no more than it needs.
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

// fault returns an error of the underlying reader, after have bytes of a piece, with the name of
// the file and the offset. Between two pieces an end of the file is clean.
func (in *input) fault(err error, have int) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF && have > 0, in.packed != nil && err != io.EOF &&
		in.packed.cut(err):
		return fmt.Errorf("%s: %w: the block that begins at byte %d is whole up to byte %d", in.name, ErrCut, in.off,
			in.off+int64(have))
	case err == io.EOF:
		return io.EOF
	case in.packed != nil && in.packed.damage():
		return in.broken(in.off+int64(have), "%s (counted in what is unpacked)", in.packed.text(err))
	}
	return fmt.Errorf("%s: byte %d: %w", in.name, in.off+int64(have), err)
}

// broken returns an ErrBroken for what is at offset at.
func (in *input) broken(at int64, format string, args ...any) error {
	return fmt.Errorf("%s: %w: byte %d: %s", in.name, ErrBroken, at, fmt.Sprintf(format, args...))
}
