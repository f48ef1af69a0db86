package eventlog

import "github.com/msnscope/msnscope/decode/session"

// Batch adds events of a capture file to a log. Between [Log.Begin] and End no other goroutine can
// append; readers see the events at End, all at once. A Batch is for one goroutine.
type Batch struct{ log *Log }

// Place is the position of an event's bytes in a capture file. The zero value means that no file
// has them in one piece; then the log keeps a copy.
type Place struct {
	Source int   // the number from [Log.AddFile], 0 for no file
	At     int64 // the offset of the first byte
}

// Origin is what a log remembers of a connection between two of its events, to save looking it up.
// The zero value is ready for use. An Origin belongs to one connection of one log.
type Origin struct{ known *known }

// Begin begins a batch. The caller must call End; until then [Log.Append] and [Log.Last] block.
func (l *Log) Begin() *Batch {
	l.write.Lock()
	return &Batch{l}
}

// Add adds a copy of an event. Its connection info holds for all events of the connection that Add
// has added, because the end of a file may reveal what was true from the start; only the addresses
// of an event stay as they are. o may be nil. On a closed log Add does nothing.
func (b *Batch) Add(e *session.Event, at Place, o *Origin) { b.log.add(e, at, o, true) }

// Ended says that a connection gets no further events, though none says that it was closed. If one
// comes all the same, nothing is wrong.
func (b *Batch) Ended(conn int) { b.log.infos.ended(conn) }

// End makes the added events visible to readers, and lets others append again.
func (b *Batch) End() {
	b.log.publish()
	b.log.write.Unlock()
}
