package captures

import (
	"context"
	"io"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
)

const (
	// maxBatches is how many batches exist, and so how far the reading of packets may run ahead of
	// the making of events.
	maxBatches = 4
	// batchBytes is the capacity of a batch for the bytes of its items: twice what one read of the
	// file brings.
	batchBytes = 256 << 10
	// batchItems is how many items a batch has at most. One read of a compressed file may bring
	// millions.
	batchItems = 4096
)

// feeder reads a capture on a goroutine of its own and passes it on in batches, one for each read
// of the file, or several where that brings much. Only that goroutine uses its fields, except for
// the channels, and for in, err and stats once full is closed.
type feeder struct {
	r    io.Reader
	ctx  context.Context
	done int64
	in   *pcap.Reader // of the captures before, which goes on with this one; nil for the first
	more bool         // another capture goes on where this one ends
	at   *batch       // the batch that is being filled, nil if there is none

	full, free chan *batch
	made       int // batches made so far

	// How reading ended, set before full is closed: the error, and what was in the file.
	err   error
	stats pcap.Stats
}

// batch holds some items and owns their bytes.
type batch struct {
	items []pcap.Item
	texts int // bytes of the comments and names of the items
	data  []byte
	done  int64 // bytes of the file read by then
}

func (f *feeder) run(name string) {
	defer close(f.full)
	switch {
	case f.in == nil && f.r == nil:
		return
	case f.in == nil:
		if f.in, f.err = pcap.NewReader(f, name); f.err != nil {
			return
		}
		f.in.Alone, f.in.More = recording.Alone, f.more
	case f.r == nil:
		f.in.More = f.more
		f.in.End()
	default:
		f.in.More = f.more
		_ = f.in.Join(f, name) // Next returns the error
	}
	for {
		item, err := f.in.Next()
		if err != nil {
			f.err, f.stats = err, f.in.Stats()
			f.flush()
			return
		}
		f.add(item)
	}
}

// Read implements io.Reader for the pcap.Reader. It checks the context, since a capture may hold
// gigabytes without a command, and passes on the batch so far before it may have to wait.
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

// add puts an item into the batch. It copies the bytes, because those of the pcap.Reader are valid
// only until its next call.
func (f *feeder) add(item *pcap.Item) {
	b := f.batch()
	n := len(item.Data)
	if len(b.items) > 0 && (len(b.data)+n > cap(b.data) || b.texts > batchBytes || len(b.items) >= batchItems) {
		f.flush()
		b = f.batch()
	}
	b.texts += size(item.Comments)
	if item.Named != nil {
		b.texts += len(item.Named.Name)
	}
	b.items = append(b.items, *item)
	if n > 0 {
		at := len(b.data)
		b.data = append(b.data, item.Data...)
		b.items[len(b.items)-1].Data = b.data[at : at+n : at+n]
	}
}

// batch returns the batch that is being filled. Without one it makes a new batch, or waits for one
// that load has finished with.
func (f *feeder) batch() *batch {
	if f.at == nil {
		if f.made < maxBatches {
			f.made++
			f.at = &batch{data: make([]byte, 0, batchBytes)}
		} else {
			f.at = <-f.free
			if f.at.texts > 0 {
				clear(f.at.items) // texts would be kept alive until the batch is full again
			}
			f.at.items, f.at.data, f.at.texts = f.at.items[:0], f.at.data[:0], 0
		}
	}
	return f.at
}

// flush passes the batch on to load and waits while load has maxBatches of them.
func (f *feeder) flush() {
	b := f.batch()
	b.done = f.done
	f.at = nil
	f.full <- b
}
