package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/msnscope/msnscope/replay/pcap"
)

// ErrNoMSN is found with errors.Is in the error for a capture that holds no MSN traffic.
var ErrNoMSN = errors.New("no MSN traffic found")

// NoMSNError is the error for a capture that holds no MSN traffic.
type NoMSNError struct {
	Name  string // of the capture
	Other int    // TCP connections in it
}

// Error returns the message.
func (e *NoMSNError) Error() string {
	return fmt.Sprintf("%v in %s: %d other TCP connections", ErrNoMSN, e.Name, e.Other)
}

// Is makes errors.Is find ErrNoMSN.
func (e *NoMSNError) Is(target error) bool { return target == ErrNoMSN }

// Load reads the capture file at path, pcap or pcapng, plain or gzipped, adds what it holds to log and finalizes log. A
// recording of ours gives exactly the events that were recorded; of any other capture the TCP connections that hold MSN are
// put together and decoded, others are left out. Where log has events already, the numbers go on behind theirs.
//
// progress may be nil; it is called on this goroutine now and then with the bytes read and the size of the file.
//
// The error is pcap.ErrCut or pcap.ErrBroken for a file that is cut short or damaged, with all that comes before in log;
// ErrNoMSN, pcap.ErrNotCapture or pcap.ErrLinkType for one that has nothing for us; the context's cause when it ended.
func Load(ctx context.Context, path string, log *Log, progress func(done, total int64)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var size int64
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	return load(ctx, f, path, size, log, progress)
}

// LoadReader is Load for a capture that is no file, such as standard input; total is 0 in the calls of progress. The name is
// for messages. It reads as the capture comes and returns at its end; it looks at ctx before each read, and cannot end one that waits.
func LoadReader(ctx context.Context, r io.Reader, name string, log *Log, progress func(done, total int64)) error {
	return load(ctx, r, name, 0, log, progress)
}

func load(ctx context.Context, r io.Reader, name string, size int64, log *Log, progress func(done, total int64)) error {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	watched := &watchedReader{r: r, ctx: ctx, progress: func(done int64) { progress(done, size) }}
	in, err := pcap.NewReader(watched, name)
	if err != nil {
		return err
	}
	im := newImporter(log)
	for {
		item, err := in.Next()
		if err == nil {
			im.item(&item)
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		im.end()
		return im.verdict(name, err)
	}
}

// watchedReader looks at the context and tells how far it is, at each read: a capture may hold gigabytes without a command.
type watchedReader struct {
	r        io.Reader
	ctx      context.Context
	done     int64
	progress func(done int64)
}

func (w *watchedReader) Read(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	n, err := w.r.Read(p)
	w.done += int64(n)
	w.progress(w.done)
	return n, err
}

// importer makes events of a capture's items. Each item of a flow that a recording of ours wrote carries its event; other
// flows are framed and tracked.
type importer struct {
	log   *Log
	flows map[*pcap.FlowInfo]*flow
	own   *section // the recording that the file is in, nil outside of any
	track tracking
	found bool // there is MSN in the capture
	other int  // flows without
}

func newImporter(log *Log) *importer {
	return &importer{log: log, flows: make(map[*pcap.FlowInfo]*flow)}
}

// verdict returns what loading ends with, given how reading ended.
func (im *importer) verdict(name string, err error) error {
	switch {
	case err != io.EOF:
		return err
	case !im.found:
		return &NoMSNError{Name: name, Other: im.other}
	}
	return nil
}

func (im *importer) item(item *pcap.Item) {
	r, ours := record{}, false
	if len(item.Comments) > 0 {
		r, ours = readRecord(item.Comments)
	}
	if ours && r.what == "begin" {
		im.found = true
		im.own = im.newSection()
		return
	}
	if item.Flow == nil || item.Kind == pcap.KindNote {
		if ours {
			im.note(&r, item)
		}
		return
	}
	f := im.flows[item.Flow]
	if item.Kind == pcap.KindOpen {
		f = &flow{im: im, info: item.Flow, opened: item.Time, own: im.own}
		im.flows[item.Flow] = f
	}
	switch {
	case f == nil: // one that was left out, or has ended
	case ours:
		f.ours(&r, item)
	default:
		f.item(item)
	}
}

// end takes what is left at the end of the capture.
func (im *importer) end() {
	for _, f := range im.left() {
		f.end()
	}
}
