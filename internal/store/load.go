package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/msnscope/msnscope/decode/session"
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

// Load reads the capture file at path, pcap or pcapng, plain or gzipped, and adds what it holds to log, whose Len grows
// meanwhile. A recording of ours gives exactly the events that were recorded; of any other capture the TCP connections that
// hold MSN are put together and decoded, others are left out. Where log has events already, the numbers go on behind theirs.
//
// The log reads commands from the file itself as long as it is open; so it must not change but at its end.
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
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		defer f.Close()
		return load(ctx, f, path, 0, log, 0, progress)
	}
	return load(ctx, f, path, info.Size(), log, log.addSource(f), progress)
}

// LoadReader is Load for a capture that is no file, such as standard input; total is 0 in the calls of progress. The name is
// for messages. It reads as the capture comes and returns at its end; it looks at ctx before each read, and cannot end one that waits.
func LoadReader(ctx context.Context, r io.Reader, name string, log *Log, progress func(done, total int64)) error {
	return load(ctx, r, name, 0, log, 0, progress)
}

// load reads packets and puts streams together on a goroutine of its own, and makes events on this one.
func load(ctx context.Context, r io.Reader, name string, size int64, log *Log, source int, progress func(done, total int64)) error {
	f := &feeder{r: r, ctx: ctx, full: make(chan *batch, maxBatches), free: make(chan *batch, maxBatches)}
	go f.run(name)
	im := newImporter(log)
	for b := range f.full {
		if b.zipped {
			source = 0
		}
		im.source = source
		log.write.Lock()
		for i := range b.items {
			im.item(&b.items[i])
		}
		log.publish()
		log.write.Unlock()
		if progress != nil {
			progress(b.done, size)
		}
		f.free <- b
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if f.started {
		log.write.Lock()
		im.end()
		log.publish()
		log.write.Unlock()
	}
	if f.err == io.EOF {
		return im.verdict(name)
	}
	return f.err
}

// importer makes events of a capture's items. Each item of a flow that a recording of ours wrote carries its event; other
// flows are framed and tracked.
type importer struct {
	log    *Log
	source int // of the log, where the file's bytes stand; 0 for none
	flows  map[*pcap.FlowInfo]*flow

	sessions map[string]*flow // at HTTP gateways, by the SessionID
	streams  []*stream        // that connections no longer need

	own   *section // the recording that the file is in, nil outside of any
	track tracking
	event session.Event // the one that is being made
	lastN uint64        // the greatest number of an event in the log
	conns int           // and of a connection
	found bool          // there is MSN in the capture
	began bool          // an event was made
	last  time.Time     // of the last one
	early []pcap.Item   // comments from before the first one
	other int           // flows without
}

func newImporter(log *Log) *importer {
	im := &importer{log: log, flows: make(map[*pcap.FlowInfo]*flow)}
	im.lastN, im.conns = log.lastNumbers()
	return im
}

// append adds an event to the log, whose write the importer holds.
func (im *importer) append(e *session.Event, at place) {
	im.lastN, im.conns = max(im.lastN, e.N), max(im.conns, e.Conn)
	im.began, im.last = true, e.Time
	im.log.add(e, at, true)
	early := im.early
	im.early = nil
	for i := range early {
		im.remark(&early[i], &noRecord, 0)
	}
}

// verdict returns what loading ends with at the end of a file.
func (im *importer) verdict(name string) error {
	if !im.found {
		return &NoMSNError{Name: name, Other: im.other}
	}
	return nil
}

func (im *importer) item(item *pcap.Item) {
	r, ours := &noRecord, false
	if len(item.Comments) > 0 {
		r, ours = readRecord(item.Comments)
	}
	if ours && r.what == "begin" {
		im.found = true
		im.own = im.section(r)
		return
	}
	if item.Kind == pcap.KindName && im.own == nil { // those in a recording of ours follow from its events
		im.log.name(item.Named.Addr, item.Named.Name)
		return
	}
	if item.Flow == nil || item.Kind == pcap.KindNote {
		switch f := im.flows[item.Flow]; {
		case ours:
			im.note(r, item)
		case item.Flow == nil && im.began:
			im.remark(item, r, 0)
		case item.Flow == nil:
			im.foreword(item)
		case f != nil:
			im.remark(item, r, f.conn())
		}
		return
	}
	f, _ := item.Flow.Tag.(*flow)
	if item.Kind == pcap.KindOpen {
		f = &flow{im: im, info: item.Flow, opened: item.Time, remark: item.Comments, own: im.own}
		item.Flow.Tag, im.flows[item.Flow] = f, f
	}
	switch {
	case f == nil: // one that was left out, or has ended
	case ours:
		f.ours(r, item)
		im.remark(item, r, f.conn())
	case f.kind == flowOurs:
		f.item(item)
		im.remark(item, r, f.conn())
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
