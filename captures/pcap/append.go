package pcap

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// AppendTo returns a Writer that adds to a pcapng file, open for reading and writing, in a section
// of its own. An empty file becomes a new one. A file that ends in the middle of a block, as a
// killed process or a full disk leaves it, is cut back to its last whole block. Anything else,
// gzipped files included, is refused and left as it was: ErrNotCapture for what is no pcapng,
// ErrBroken for a pcapng file with damage before its end. The whole file is read, to find its end
// and the connections in it, whose ports are not used again. The caller closes f, after Flush.
func AppendTo(f *os.File, o WriterOptions) (*Writer, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("pcap: append: %w", err)
	}
	var used connections
	if size > 0 {
		if used, err = takeUp(f, size); err != nil {
			return nil, err
		}
	}
	kept, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, fmt.Errorf("pcap: append: %w", err)
	}
	w, err := NewWriter(f, o)
	if err != nil {
		return nil, err
	}
	w.used, w.sent, w.cut = used, w.sent+kept, size-kept
	w.flows = uint32(size) // another start for the sequence numbers than that of the sections before
	return w, nil
}

// takeUp reads a pcapng file to its end, cuts off a last block that is not whole, and leaves the
// file offset at the end. It returns the connections in the file.
func takeUp(f *os.File, size int64) (connections, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("pcap: append: %w", err)
	}
	in := newInput(f, f.Name())
	start, err := in.peek(12)
	if err != nil && !errors.Is(err, ErrCut) {
		return nil, err
	}
	order := len(start) == 12 && (le.Uint32(start[8:]) == byteOrderMagic || be.Uint32(start[8:]) == byteOrderMagic)
	if !order || le.Uint32(start) != blockSection {
		return nil, fmt.Errorf("%s: only pcapng files can be appended to: %w: it begins with %q", in.name,
			ErrNotCapture, start)
	}
	used, err := scan(&ng{in: in})
	switch {
	case errors.Is(err, ErrCut):
		if err := f.Truncate(in.off); err != nil {
			return nil, fmt.Errorf("pcap: append: %w", err)
		}
	case err != io.EOF:
		return nil, err
	case in.off != size:
		return nil, fmt.Errorf("%s: cannot append: another program writes to it", in.name)
	}
	_, err = f.Seek(in.off, io.SeekStart)
	return used, err
}

// scan reads all blocks and notes the connections between a client and a server on ServerPort. The
// error is what ended it.
func scan(src *ng) (connections, error) {
	used := make(connections)
	var dec decoder
	var rec record
	for {
		if err := src.next(&rec); err != nil {
			return used, err
		}
		if rec.kind != recordPacket {
			continue
		}
		ip, _ := network(rec.link, rec.data)
		seg, ok := dec.decode(ip, len(ip), rec.time)
		if ok && seg.to().port == ServerPort && len(used) < maxConnections {
			from, to := seg.from().addrPort(), seg.to().addrPort()
			used[connection{from.Addr().As16(), to.Addr().As16(), from.Port()}] = struct{}{}
		}
	}
}
