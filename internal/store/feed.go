package store

import (
	"context"
	"io"

	"github.com/msnscope/msnscope/replay/pcap"
)

const (
	// maxBatches is how many batches are on their way: the reading of packets is that far ahead of the making of events.
	maxBatches = 4
	// batchBytes is the room of a batch for the bytes of its items: what one read of the file brings fits twice.
	batchBytes = 256 << 10
)

// feeder reads a capture on a goroutine of its own. What each read of the file led to is a batch.
type feeder struct {
	r    io.Reader
	ctx  context.Context
	done int64
	in   *pcap.Reader
	at   *batch // that is being filled

	full, free chan *batch
	made       int // batches

	// What reading ended with, set before full is closed: its error, and whether it was a capture at all.
	err     error
	started bool
}

// batch is some items, with their bytes.
type batch struct {
	items    []pcap.Item
	comments bool // some of them have comments
	data     []byte
	done     int64 // how many bytes of the file were read by then
	zipped   bool
}

func (f *feeder) run(name string) {
	defer close(f.full)
	f.in, f.err = pcap.NewReader(f, name)
	if f.err != nil {
		return
	}
	f.started = true
	for {
		item, err := f.in.Next()
		if err != nil {
			f.err = err
			f.flush()
			return
		}
		f.add(item)
	}
}

// Read implements io.Reader for the reader of packets. It looks at the context, since a capture may hold gigabytes without a
// command, and hands on what there is before it may have to wait.
func (f *feeder) Read(p []byte) (int, error) {
	if f.ctx.Err() != nil {
		return 0, context.Cause(f.ctx)
	}
	if f.in != nil {
		f.flush()
	}
	n, err := f.r.Read(p)
	f.done += int64(n)
	return n, err
}

// add puts an item into the batch, with a copy of its bytes: what the reader of packets gives lasts until it is asked for more.
func (f *feeder) add(item *pcap.Item) {
	b := f.batch()
	n := len(item.Data)
	if len(b.data)+n > cap(b.data) && len(b.items) > 0 {
		f.flush()
		b = f.batch()
	}
	b.comments = b.comments || item.Comments != nil
	b.items = append(b.items, *item)
	if n > 0 {
		at := len(b.data)
		b.data = append(b.data, item.Data...)
		b.items[len(b.items)-1].Data = b.data[at : at+n : at+n]
	}
}

// batch returns the one that is being filled.
func (f *feeder) batch() *batch {
	if f.at == nil {
		if f.made < maxBatches {
			f.made++
			f.at = &batch{data: make([]byte, 0, batchBytes)}
		} else {
			f.at = <-f.free
			if f.at.comments {
				clear(f.at.items) // they go as soon as they are read
			}
			f.at.comments = false
			f.at.items, f.at.data = f.at.items[:0], f.at.data[:0]
		}
	}
	return f.at
}

// flush hands the batch on.
func (f *feeder) flush() {
	b := f.batch()
	b.done, b.zipped = f.done, f.in.Zipped()
	f.at = nil
	f.full <- b
}
