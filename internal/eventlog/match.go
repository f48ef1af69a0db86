package eventlog

import (
	"context"

	"github.com/msnscope/msnscope/internal/filter"
)

// Match reports whether event i satisfies the filter. It reads the bytes of an event only if its
// index entry does not decide, and it reuses the verdict on one event for all others of the same
// class: most filters take some 30 ns for most events.
//
// The result is that of f.Match(r.At(i)). The event that At returned before is no longer valid;
// calling At for event i afterwards costs little.
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

// verdict returns the verdict of the filter on the head of event i, whose entry is en.
func (r *Reader) verdict(i int, en *entry, f *filter.Filter) filter.Verdict {
	if f.Class() == filter.EachEvent {
		return r.judge(i, f)
	}
	c := class{
		row: en.row, flags: uint16(en.flags()),
		form: en.form() & (formKind | formClient | formServer | formExtra),
	}
	if f.Class() == filter.ByVerbAndConn {
		c.info = en.info
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

// class holds everything on which the verdict on an event depends: see [filter.Class].
type class struct {
	info       uint32
	row, flags uint16
	form       uint8
}

// judged is the verdict on one class, if it is known.
type judged struct {
	class   class
	verdict filter.Verdict
	known   bool
}

// verdicts caches the latest verdicts of one filter by class: a log has a few dozen rows of
// commands on some hundred connections at a time.
type verdicts struct {
	filter  *filter.Filter
	version uint64 // connInfos.version and Log.named, which both only grow, together
	byClass [2048]judged
}

// judged returns the cache entry for a class, which may hold another class.
func (r *Reader) judged(f *filter.Filter, c class) *judged {
	version := r.log.infos.version.Load() + r.log.named.Load()
	if r.verdicts == nil || r.verdicts.filter != f || r.verdicts.version != version {
		r.verdicts = &verdicts{filter: f, version: version}
	}
	h := (c.info*0x9E3779B1 ^ uint32(c.row)<<7 ^ uint32(c.flags)<<3 ^ uint32(c.form)) * 0x85EBCA6B
	return &r.verdicts.byClass[h>>21]
}

// Select matches the events from ≤ i < to on all cores. It calls found, on this goroutine, with the
// indexes of those that satisfy the filter, in order, and with done: all events before done have
// been examined. found owns the slice. Select ends when found returns false, or with ctx.
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

// selected holds the indexes of the matches in a run of events, which ends before done.
type selected struct {
	matches []uint32
	done    int
}
