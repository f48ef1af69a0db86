package store

import (
	"context"

	"github.com/msnscope/msnscope/internal/filter"
)

// Match reports whether event i satisfies the filter. It reads the bytes of the event only where its head does not tell, and what
// it found out for one event it knows for all others of its class: most filters over most events cost some 30 ns.
//
// It says the same as f.Match(r.At(i)). The event that At returned before is no longer valid; asking for this one costs little.
func (r *Reader) Match(i int, f *filter.Filter) bool {
	if b, err := r.index.get(r.log.index, int64(i)*entrySize, entrySize, readIndex); err == nil {
		var en entry
		en.get(b)
		switch r.verdict(i, &en, f) {
		case filter.Yes:
			return true
		case filter.No:
			return false
		}
	}
	e := r.At(i)
	return e != nil && f.Match(e)
}

// verdict returns what the head of an event tells.
func (r *Reader) verdict(i int, en *entry, f *filter.Filter) filter.Verdict {
	if f.Class() == filter.EachEvent {
		return r.judge(i, f)
	}
	c := class{row: en.row, flags: uint16(en.flags()), form: en.form() & (formKind | formClient | formServer | formExtra)}
	if f.Class() == filter.ByVerbAndConn {
		c.fact = en.fact
	}
	j := r.judged(f, c)
	if !j.known || j.class != c {
		*j = judged{class: c, known: true, verdict: r.judge(i, f)}
	}
	return j.verdict
}

func (r *Reader) judge(i int, f *filter.Filter) filter.Verdict {
	e, whole, verb := r.heads(i)
	if !verb || !whole && f.Class() == filter.EachEvent {
		return filter.Unsure
	}
	return f.Head(e)
}

// class is what the verdict on an event depends on, see [filter.Class].
type class struct {
	fact       uint32
	row, flags uint16
	form       uint8
}

// judged is a verdict on a class.
type judged struct {
	class   class
	verdict filter.Verdict
	known   bool
}

// verdicts are those that were found out last, by class. A few dozen rows are said on some hundred connections at a time.
type verdicts struct {
	filter  *filter.Filter
	version uint64 // of the facts
	byClass [2048]judged
}

// judged returns where the verdict on a class stands or will stand.
func (r *Reader) judged(f *filter.Filter, c class) *judged {
	version := r.log.facts.version.Load()
	if r.verdicts == nil || r.verdicts.filter != f || r.verdicts.version != version {
		r.verdicts = &verdicts{filter: f, version: version}
	}
	h := (c.fact*0x9E3779B1 ^ uint32(c.row)<<7 ^ uint32(c.flags)<<3 ^ uint32(c.form)) * 0x85EBCA6B
	return &r.verdicts.byClass[h>>21]
}

// Select goes over the events from ≤ i < to on all cores and calls found with the indexes of those that satisfy the filter, in
// their order, and how far it is: all events before done were looked at. The slice is found's. It ends when found returns false,
// or with the context.
func (l *Log) Select(ctx context.Context, f *filter.Filter, from, to int, found func(matches []uint32, done int) bool) {
	_ = InOrder(ctx, l, from, min(to, l.Len()), func(r *Reader, from, to int) selected {
		s := selected{done: to}
		for i := from; i < to; i++ {
			if r.Match(i, f) {
				s.matches = append(s.matches, uint32(i))
			}
		}
		return s
	}, func(s selected) error {
		if !found(s.matches, s.done) {
			return context.Canceled
		}
		return nil
	})
}

// selected is what a filter found in a run of events.
type selected struct {
	matches []uint32
	done    int
}
