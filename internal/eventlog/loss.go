package eventlog

import (
	"fmt"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

// lostIndex and lostBytes forget the events of a chunk, of the index or of the bytes, that could
// not be written.
func (l *Log) lostIndex(chunk int, why error) {
	each := l.index.chunk / entrySize
	l.forget(chunk*each, (chunk+1)*each, why)
}

func (l *Log) lostBytes(chunk int, why error) {
	from := 0
	if chunk > 0 {
		from = l.lastOf(chunk - 1)
	}
	l.infos.forget()
	l.forget(from, l.lastOf(chunk)+1, why)
}

// lastOf returns the index of the last event that has bytes in a chunk. For a chunk that is newer
// it returns the index of the event being added.
func (l *Log) lastOf(chunk int) int {
	if chunk < len(l.lastIn) {
		return l.lastIn[chunk]
	}
	return l.size
}

// forget forgets the events from ≤ i < to. The gap event that replaces all forgotten events tells
// how many there are.
func (l *Log) forget(from, to int, why error) {
	l.fail(fmt.Errorf("the oldest events of the session are forgotten: %w", why))
	from = max(from, l.lost)
	if to <= from {
		return
	}
	all := *l.numbers.Load()
	gap := session.Event{
		N: numberOf(all, from), Time: time.Unix(0, 0).In(l.zone.Load()), Kind: session.Gap,
		Flags: session.Missing,
	}
	if was := l.gap.Load(); was != nil {
		gap.N = was.N
	}
	var last entry
	if b := l.index.peek(int64(to-1)*entrySize, entrySize); b != nil {
		last.get(b)
		gap.Time = time.Unix(0, last.time).In(l.zone.Load())
	}
	l.lostN += to - from
	l.lost = to
	gap.Text = fmt.Sprintf("%d events up to number %d are no longer here: %v", l.lostN, numberOf(all, to-1), why)
	l.gap.Store(&gap)
}

func (l *Log) fail(err error) {
	l.mu.Lock()
	first := l.err == nil
	if first {
		l.err = err
	}
	l.mu.Unlock()
	if first && l.failed != nil {
		l.failed(err)
	}
}

// Err returns the first error of the spill files, nil if there was none. In place of the events
// that were forgotten because of it, At returns a gap event.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
