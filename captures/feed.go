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
)

// feeder reads a capture on a goroutine of its own and passes it on in batches, one for each read
// of the file. Only that goroutine uses its fields, except for the channels, and for in, err and
// stats once full is closed.
type feeder struct {
	r    io.Reader
	ctx  context.Context
	done int64
	in   *pcap.Reader // of the captures before, which goes on with this one; nil for the first
	more bool         // another capture goes on where this one ends

	full, free chan batch
	made       int // batches made so far

	// How reading ended, set before full is closed: the error, and what was in the file.
	err   error
	stats pcap.Stats
}

// batch holds some items, and how many bytes of the file were read by then.
type batch struct {
	pcap.Batch
	done int64
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
	f.err = f.in.Run(f.pass)
	f.stats = f.in.Stats()
}

// Read implements io.Reader for the pcap.Reader. It checks the context, since a capture may hold
// gigabytes without a command.
func (f *feeder) Read(p []byte) (int, error) {
	if f.ctx.Err() != nil {
		return 0, context.Cause(f.ctx)
	}
	n, err := f.r.Read(p)
	f.done += int64(n)
	return n, err
}

// pass passes a batch on to load, and waits while load has maxBatches of them. It returns the
// oldest one that load has finished with.
func (f *feeder) pass(b pcap.Batch) pcap.Batch {
	f.full <- batch{b, f.done}
	if f.made < maxBatches {
		f.made++
		return pcap.Batch{}
	}
	return (<-f.free).Batch
}
