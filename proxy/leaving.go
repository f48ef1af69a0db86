package proxy

import (
	"fmt"
	"io"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// settle makes the commands before the offset end leave as they came.
func (f *direction) settle(end int) {
	f.list(end)
	if end > f.mark {
		f.out = append(f.out, f.buf[f.mark:end]...)
		f.mark = end
	}
}

// list appends the commands before the offset end to the items for the journal.
func (f *direction) list(end int) {
	if end > f.listed {
		f.items = append(f.items,
			passed{at: f.now, dir: f.dir, raw: f.buf[f.listed:end], cuts: f.cuts[f.from:len(f.cuts):len(f.cuts)]})
		f.from, f.listed = len(f.cuts), end
	}
}

// skip passes over the bytes up to the offset end, which were listed and written in another way, or
// dropped.
func (f *direction) skip(end int) { f.listed, f.mark = end, max(f.mark, end) }

// add appends one command to the items for the journal, and out to the bytes that leave.
func (f *direction) add(one passed, out []byte) {
	if f.secret && one.flags&session.Injected == 0 {
		f.out = append(f.out, out...)
		return
	}
	if one.cuts == nil {
		f.cuts = append(f.cuts, cutOf(&f.event.In))
		one.cuts = f.cuts[len(f.cuts)-1 : len(f.cuts) : len(f.cuts)]
		f.from = len(f.cuts)
	}
	f.items = append(f.items, one)
	f.out = append(f.out, out...)
}

// flush writes all that was taken, and returns the first error of writing.
func (f *direction) flush() error {
	f.write(f.at(), nil)
	return f.err
}

// write writes what was taken up to the offset end, by how, or in one write if how is nil. Errors
// stay in f.err.
func (f *direction) write(end int, how func(io.Writer, []byte) error) {
	f.list(end)
	out := f.buf[min(f.mark, end):end]
	if len(f.out) > 0 {
		f.out = append(f.out, out...)
		out = f.out
	}
	f.count += len(f.cuts)
	f.early = max(0, f.mark-end)
	f.mark = max(f.mark, end)
	if len(f.items) > 0 || len(out) > 0 {
		_ = f.fail(f.c.receiver(f.dir).send(f.items, out, how, f.early > 0 || f.in.InParts()))
	}
	for _, r := range f.reply {
		_ = f.c.Inject(f.dir.Reverse(), r.raw, r.text) // an error means that the sender is gone
	}
	clear(f.reply)
	clear(f.items)
	f.reply, f.items, f.cuts, f.from, f.out = f.reply[:0], f.items[:0], f.cuts[:0], 0, f.out[:0]
}

// fail keeps the first error of writing, which names the receiver, and returns it.
func (f *direction) fail(err error) error {
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("write to the %s: %w",
			map[decode.Dir]string{decode.FromClient: "server", decode.FromServer: "client"}[f.dir], err)
	}
	return f.err
}
