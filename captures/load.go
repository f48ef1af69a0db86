package captures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// ErrNoMSN matches, with errors.Is, the error for a capture that holds no MSN traffic.
var ErrNoMSN = errors.New("no MSN traffic found")

// NoMSNError is the error for a capture that holds no MSN traffic.
type NoMSNError struct {
	Name  string // of the capture
	Other int    // TCP connections in it
	Rest  string // the packets that are not TCP, by kind: "UDP 12, ARP 3", "" if there are none
}

// Error returns the message.
func (e *NoMSNError) Error() string {
	return fmt.Sprintf("%v in %s: %s", ErrNoMSN, e.Name, e.others())
}

func (e *NoMSNError) others() string {
	text := fmt.Sprintf("%d other TCP connections", e.Other)
	if e.Rest != "" {
		text += ", and packets of other kinds: " + e.Rest
	}
	return text
}

// Is reports whether target is ErrNoMSN, for errors.Is.
func (e *NoMSNError) Is(target error) bool { return target == ErrNoMSN }

// Loader adds captures to a log, one after the other. It remembers the recordings that it has met:
// files of one recording, loaded in their order, are one recording again. It is for one goroutine
// at a time.
type Loader struct {
	// Files is how many captures in a row are parts of one, as programs that rotate their files
	// write them: connections that are open at the end of one go on in the next. Up to 1, each
	// capture stands for itself. Files and Named must be set before the first Load.
	Files int
	// Named says that each event has the name of the capture that it is from.
	Named bool
	// Live says that captures come while they happen: a command that stays unfinished is told of
	// while it waits.
	Live bool

	log        *eventlog.Log
	recordings map[string]*renumbering // by recording.Record.Of
	sole       *renumbering            // the only source of the log's events so far, nil if there is none such
	remarks    []string                // on the last capture, as Remarks returns them
	held       int                     // bytes of events of recordings that wait, or have not come whole
	parts      parts
}

// parts is what is known of the captures that are parts of one.
type parts struct {
	loaded   int          // how many of them
	reader   *pcap.Reader // nil before the first one
	importer *importer    // nil before the first one
	found    bool         // whether there was MSN in them
	other    int          // connections without MSN in them
}

// NewLoader returns a Loader that adds to log. All captures of one log should be loaded by the same
// Loader.
func NewLoader(log *eventlog.Log) *Loader { return &Loader{log: log} }

// Remarks says what the last capture held that was not read, or not as it stands, as in "14 packets
// of kinds not read here: ESP 11, 802.11, encrypted 3". The slice is the caller's.
func (l *Loader) Remarks() []string { return slices.Clone(l.remarks) }

// Load adds the capture file at path to the log, whose Len grows meanwhile. The file is pcap or
// pcapng, plain or compressed. A recording of ours yields exactly the events that were recorded. Of
// any other capture Load reassembles and decodes the TCP connections that hold MSN and leaves out
// the others. In a log that has events already, the numbers go on after theirs.
//
// The log reads commands from the file itself for as long as the log is open, so until then the
// file may only grow.
//
// progress may be nil. It is called on this goroutine now and then with the bytes read and the size
// of the file.
//
// The error is pcap.ErrCut or pcap.ErrBroken for a file that is cut short or damaged: the log then
// has everything before that point. It is ErrNoMSN, pcap.ErrNotCapture or pcap.ErrLinkType for a
// file that has nothing to show, and the context's cause when ctx has ended.
func (l *Loader) Load(ctx context.Context, path string, progress func(done, total int64)) error {
	f, err := open(ctx, path)
	if err != nil {
		_ = l.load(ctx, nil, path, 0, 0, progress)
		return err
	}
	var size int64
	source := 0
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size, source = info.Size(), l.log.AddFile(f)
	}
	if source == 0 {
		defer f.Close()
	}
	return l.load(ctx, f, path, size, source, progress)
}

// open opens a file to be read. If it is a pipe, neither the wait for somebody who writes to it nor
// a read that waits outlasts ctx.
func open(ctx context.Context, path string) (*os.File, error) {
	if info, err := os.Stat(path); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		return os.Open(path)
	}
	type result struct {
		file *os.File
		err  error
	}
	opened := make(chan result)
	go func() {
		f, err := os.Open(path)
		select {
		case opened <- result{f, err}:
		case <-ctx.Done():
			f.Close() // nobody wants it any more
		}
	}()
	select {
	case r := <-opened:
		if r.err == nil {
			context.AfterFunc(ctx, func() { _ = r.file.SetReadDeadline(time.Now()) })
		}
		return r.file, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// LoadReader is Load for a capture that is not a file, such as standard input. The total in calls
// of progress is 0, and name appears in messages. LoadReader reads as the capture comes and returns
// at its end. It checks ctx before each read, and cannot interrupt a read that waits.
func (l *Loader) LoadReader(ctx context.Context, r io.Reader, name string, progress func(done, total int64)) error {
	return l.load(ctx, r, name, 0, 0, progress)
}

// load reads packets and reassembles streams on a goroutine of its own, and makes events on this
// one. source is the number of the file in the log, 0 if the log must keep the bytes. r is nil for
// a capture that is not there.
func (l *Loader) load(ctx context.Context, r io.Reader, name string, size int64, source int,
	progress func(done, total int64),
) error {
	l.remarks = nil
	p := &l.parts
	p.loaded++
	f := &feeder{
		r: r, ctx: ctx, in: p.reader, more: p.loaded < l.Files, full: make(chan batch, maxBatches),
		free: make(chan batch, maxBatches),
	}
	im := p.importer
	if im == nil {
		im = newImporter(l)
	}
	im.begin(source)
	if l.Named {
		l.log.NextFile(name)
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	go f.run(name)
	var tick <-chan time.Time
	if l.Live {
		t := time.NewTicker(waitTime / 4)
		defer t.Stop()
		tick = t.C
	}
	done := int64(0)
	for full := f.full; full != nil; {
		select {
		case b, more := <-full:
			if !more {
				full = nil
				continue
			}
			im.batch = l.log.Begin()
			for i := range b.Items {
				item := &b.Items[i]
				if im.item(item); len(item.Comments) > 0 || item.Named != nil {
					item.Comments, item.Named = nil, nil // else they are alive until the batch is full again
				}
			}
			im.batch.End()
			done = b.done
			progress(done, size)
			f.free <- b
		case now := <-tick:
			im.tellWaits(now)
			progress(done, size)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !f.more || im.own != nil {
		// The files of a recording of the old form say that connections go on, and how, themselves.
		im.batch = l.log.Begin()
		im.end()
		im.batch.End()
		f.in = nil
	}
	if p.reader, p.importer = f.in, im; f.in == nil {
		p.importer = nil
	}
	l.remarks = append(remarks(&f.stats), im.remarks()...)
	err := f.err
	if err == io.EOF && r != nil {
		err = l.verdict(name, im, &f.stats)
	}
	if !f.more {
		l.parts = parts{}
	}
	return err
}

// verdict returns the error for a capture that was read to its end. Of several that are parts of
// one, only some need to have MSN.
func (l *Loader) verdict(name string, im *importer, stats *pcap.Stats) error {
	p := &l.parts
	p.found, p.other = p.found || im.found, p.other+im.other
	none := &NoMSNError{Name: name, Other: im.other, Rest: kinds(stats.Unread, stats.Other)}
	switch {
	case im.found:
		return nil
	case l.Files <= 1:
		return none
	case p.loaded >= l.Files && !p.found:
		return &NoMSNError{Name: fmt.Sprint(l.Files, " files"), Other: p.other, Rest: none.Rest}
	}
	l.remarks = append(l.remarks, "no MSN traffic in it: "+none.others())
	return nil
}

// noRecord is the record of a frame that has none. It must not be changed.
var noRecord recording.Record

// importer turns the items of one capture into events. Each item of a connection that a recording
// of ours wrote carries its event; others are framed and tracked.
type importer struct {
	loader *Loader
	batch  *eventlog.Batch // open while items are handled
	live   map[*pcap.FlowInfo]*connection

	// sources has the numbers that the files have in the log, by pcap.Item.File; 0 for a file whose
	// bytes the log must keep.
	sources []int
	inFile

	sessions map[string]*connection // sessions at HTTP gateways, by SessionID
	gone     []*connection          // those of them that have ended, the oldest first
	swept    time.Time              // when silent ones were last looked for
	streams  []*stream              // streams of ended connections, to be used again

	own     *section // the recording of the old form that the reader is inside of, nil outside of any
	current *section // the recording of the last frame that had a record of its own

	track  tracking
	record recording.Record // of the item at hand
	event  session.Event    // the event that is being made
	lastN  uint64           // the greatest number of an event in the log
	conns  int              // the greatest number of a connection in the log
	began  bool             // whether an event was made
	last   time.Time        // time of the last event
	early  []pcap.Item      // comments from before the first event

	waiting int // bytes of comments in early, and in what connections hold until it is clear what they are
}

// inFile is what was found in one file.
type inFile struct {
	found    bool     // MSN
	other    int      // connections without MSN
	recorded bool     // a frame with a record of its own
	doubled  int64    // records that were there before
	ends     uint64   // commands missing at the ends of connections, where no number is free for a gap
	unclear  int64    // records that cannot be read
	between  []string // what files of a recording are missing: the first maxAbsent of them
	absent   int      // how many
	moved    string   // what frames have other addresses, "" for none
}

func newImporter(l *Loader) *importer {
	im := &importer{loader: l, live: make(map[*pcap.FlowInfo]*connection)}
	im.lastN, im.conns = l.log.Last()
	return im
}

// append adds an event to the batch, and after the first one the comments that came before it.
func (im *importer) append(e *session.Event, at eventlog.Place, o *eventlog.Origin) {
	im.lastN, im.conns = max(im.lastN, e.N), max(im.conns, e.Conn)
	im.began, im.last = true, e.Time
	im.batch.Add(e, at, o)
	early := im.early
	im.early = nil
	for i := range early {
		im.waited(early[i].Comments)
		im.remark(&early[i], &noRecord, 0)
	}
}

// begin begins a file, of which source is the number in the log.
func (im *importer) begin(source int) {
	im.sources, im.inFile, im.own = append(im.sources, source), inFile{}, nil
}

// place returns where in the log's files the bytes of an item are.
func (im *importer) place(item *pcap.Item) eventlog.Place {
	if item.Offset < 0 {
		return eventlog.Place{}
	}
	return eventlog.Place{Source: im.sources[item.File], At: item.Offset}
}

func (im *importer) item(item *pcap.Item) {
	r, ours := &noRecord, false
	if len(item.Comments) > 0 {
		r = &im.record // which nothing keeps longer than for this item
		ours = r.Parse(item.Comments)
	}
	if item.Kind == pcap.KindPacket {
		if ours {
			im.packet(r, item)
		} else {
			im.unclear++
		}
		return
	}
	if ours && r.What == "begin" {
		im.found = true
		im.own = im.section(r)
		return
	}
	if item.Kind == pcap.KindName && im.own == nil && !im.recorded { // those of ours follow from events
		im.loader.log.AddName(item.Named.Addr, item.Named.Name)
		return
	}
	if item.Flow == nil || item.Kind == pcap.KindNote {
		switch f := im.live[item.Flow]; {
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
	f, _ := item.Flow.Tag.(*connection)
	if item.Kind == pcap.KindOpen {
		f = &connection{im: im, info: item.Flow, opened: item.Time, own: im.own}
		if kept := im.keep(item.Time, item.Comments); len(kept) > 0 {
			f.unclear = &unclear{remark: kept}
		}
		item.Flow.Tag, im.live[item.Flow] = f, f
	}
	switch {
	case f == nil: // one that was left out, or has ended
	case item.Kind == pcap.KindForgotten:
		f.end()
	case ours:
		f.ours(r, item)
		im.remark(item, r, f.conn())
	case f.kind == kindOurs:
		f.item(item)
		im.remark(item, r, f.conn())
	default:
		f.item(item)
	}
}

// end handles the connections that are open at the end of the capture.
func (im *importer) end() {
	if im.current != nil {
		im.current.release()
	}
	for _, name := range slices.Sorted(maps.Keys(im.loader.recordings)) { // others, merged with it
		if r := im.loader.recordings[name]; r.frames != nil {
			(&section{im, r}).release()
		}
	}
	for _, f := range im.left() {
		f.end()
	}
}
