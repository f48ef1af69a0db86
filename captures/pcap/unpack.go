package pcap

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/therootcompany/xz"
)

const (
	// maxWindow is how many bytes back a compressed file may refer, and so how much memory reading
	// it takes: as much as the programs xz and zstd need for files made with their strongest usual
	// settings.
	maxWindow = 128 << 20
	// maxUnpacked is how many bytes a compressed file may unpack to: more than any capture has, and
	// an end for a file that was made to have none.
	maxUnpacked = 256 << 30
)

// errUnpacked is the error for a compressed file that holds more than maxUnpacked.
var errUnpacked = errors.New("it unpacks to more than 256 GB: decompress it with another program first")

// compression is a format of compressed files.
type compression struct {
	name, magic string
	open        func(io.Reader) (io.Reader, error)
}

// compressions lists the formats that are recognized, by how their files begin.
func compressions() []compression {
	return []compression{
		{"gzip", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
		{"bzip2", "BZh", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
		{"xz", "\xfd7zXZ\x00", func(r io.Reader) (io.Reader, error) { return xz.NewReader(r, maxWindow) }},
		{"lz4", "\x04\x22\x4d\x18", func(r io.Reader) (io.Reader, error) { return lz4.NewReader(r), nil }},
		{"zstd", "\x28\xb5\x2f\xfd", func(r io.Reader) (io.Reader, error) {
			// With one worker it starts no goroutine that would have to be ended.
			return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		}},
	}
}

// packed is how an input's bytes were compressed.
type packed struct {
	format string
	source *input // the compressed bytes
}

// unpack returns the input that is inside in if it begins like a compressed file, else in itself.
func unpack(in *input) (*input, error) {
	start, _ := in.peek(6)
	for _, c := range compressions() {
		if !bytes.HasPrefix(start, []byte(c.magic)) {
			continue
		}
		from := &packed{c.name, in}
		r, err := c.open(in)
		if err != nil {
			if errors.Is(err, ErrCut) || from.cut(err) {
				return nil, fmt.Errorf("%s: %s: %w", in.name, c.name, ErrCut)
			}
			return nil, fmt.Errorf("%s: %w: %s", in.name, ErrNotCapture, from.text(err))
		}
		plain := newInput(&bounded{r, maxUnpacked}, in.name)
		plain.packed = from
		return plain, nil
	}
	return in, nil
}

// bounded is a reader that fails with errUnpacked after left bytes.
type bounded struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (l *bounded) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errUnpacked
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

// damage reports whether an error comes from the compressed bytes, not from reading them.
func (p *packed) damage() bool { return p.source.err == nil || p.source.err == io.EOF }

// cut reports whether an error says that the compressed bytes end too early. The xz library returns
// the same error for damage, so there the end of the input decides.
func (p *packed) cut(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, xz.ErrBuf) && p.source.err == io.EOF && p.source.from == p.source.to
}

// text returns the message of an error after the name of the format.
func (p *packed) text(err error) string {
	return p.format + ": " + strings.TrimPrefix(err.Error(), p.format+": ")
}
