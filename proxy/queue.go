package proxy

import (
	"fmt"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// What the story keeps of traffic whose events it has not made yet.
const (
	// maxHeld is how many bytes of it are in memory, maxShare how many of one connection, so that its flood costs others nothing.
	// What is beyond maxSpare goes to a file where traffic is heavy.
	maxHeld  = 96 << 20
	maxShare = maxHeld / 4 * 3
	maxSpare = 16 << 20
	// perItem and perCut are what an item and a command of it cost besides their bytes.
	perItem, perCut = 160, 4
	// chunkBytes, chunkCuts and chunkItems are the room of a chunk: for some reads of a busy connection.
	chunkBytes, chunkCuts, chunkItems = 512 << 10, 32 << 10, 2 << 10
	// pieceBytes and pieceCuts are how much of an item stays together: chunks become full.
	pieceBytes, pieceCuts = chunkBytes / 16, chunkCuts / 16
	// keepChunks is how many that are free wait for the next burst, some 15 MB: new memory costs more than what is done with it.
	keepChunks = 20
)

// passed is what passed in one direction of a connection and leads to one event or several.
type passed struct {
	c   *Conn
	at  time.Time
	do  func(*session.Conn) *session.Event // makes the event of what is no command; nil for commands
	dir decode.Dir
	// raw is the commands as they came, cuts where each ends. In a chunk they are nil, and size and commands their lengths.
	raw            []byte
	cuts           []uint32
	size, commands int
	// out, flags and text are for a single command: what was sent instead if out is not nil.
	out   []byte
	flags session.Flag
	text  string
}

// cutOf returns what is kept of one command among several: how long it is, in the lower 24 bits, which are more than
// decode.MaxLine and decode.MaxPayload need, and why it is none.
func cutOf(m *decode.Message) uint32 { return uint32(len(m.Raw)) | uint32(m.Why)<<24 }

// sizeOf returns how long the command is.
func sizeOf(cut uint32) int { return int(cut & (1<<24 - 1)) }

// events returns how many events an item leads to at most.
func (it *passed) events() int { return max(it.commands, 1) }

// bulk returns how many bytes of the item may go to the spool, rest how many may not.
func (it *passed) bulk() int { return it.size + perCut*it.commands }
func (it *passed) rest() int { return perItem + len(it.out) + len(it.text) }

// chunk is a piece of the queue: items in their order, with their bytes and cuts one after the other.
type chunk struct {
	items   []passed
	raw     []byte
	cuts    []uint32
	spooled bool // raw and cuts are in the spool
	slot    int  // where
}

func newChunk() *chunk {
	return &chunk{raw: make([]byte, 0, chunkBytes), cuts: make([]uint32, 0, chunkCuts)}
}

// holds reports whether there is room for the item in the chunk.
func (k *chunk) holds(it *passed) bool {
	return len(k.items) < chunkItems && cap(k.raw)-len(k.raw) >= it.size && cap(k.cuts)-len(k.cuts) >= it.commands
}

// add appends the item, whose bytes and cuts it copies.
func (k *chunk) add(it *passed) {
	k.raw, k.cuts = append(k.raw, it.raw...), append(k.cuts, it.cuts...)
	k.items = append(k.items, *it)
	kept := &k.items[len(k.items)-1]
	kept.raw, kept.cuts = nil, nil
}

// whole reports whether the chunk has the usual room, and not that of a command that needed more.
func (k *chunk) whole() bool { return cap(k.raw) == chunkBytes && cap(k.cuts) == chunkCuts }

// queue is what waits to be told: in memory, as far as that goes, and in a file. It is guarded by who has it.
type queue struct {
	chunks []*chunk // the oldest first
	free   []*chunk
	held   int // bytes in memory, those of a chunk that was taken included
	added  int // bytes of all that came
	events int // that chunks lead to
}

// add appends an item of one connection, and a gap before it if some were lost. It reports false, and counts the loss, where
// there is no room.
func (q *queue) add(c *Conn, it passed) bool {
	it.c, it.size, it.commands = c, len(it.raw), len(it.cuts)
	size := it.bulk() + it.rest()
	if it.do == nil && (q.held+size > maxHeld || c.held+size > maxShare) {
		c.lost[side(it.dir)].add(it.dir, it.at, it.commands, it.size)
		return false
	}
	for i := range c.lost {
		if l := &c.lost[i]; l.commands > 0 && (i == side(it.dir) || it.do != nil) {
			q.put(l.gap(c))
		}
	}
	for it.commands > 1 && (it.size > pieceBytes || it.commands > pieceCuts) {
		head := it
		head.commands, head.size = first(it.cuts, pieceCuts, pieceBytes)
		head.raw, it.raw = it.raw[:head.size], it.raw[head.size:]
		head.cuts, it.cuts = it.cuts[:head.commands], it.cuts[head.commands:]
		it.commands, it.size = len(it.cuts), len(it.raw)
		q.put(head)
	}
	q.put(it)
	return true
}

// first returns how many of the first commands are together not more than n and not longer than size, one at least, and how long
// they are.
func first(cuts []uint32, n, size int) (commands, long int) {
	for _, cut := range cuts[:min(len(cuts), n)] {
		if commands > 0 && long+sizeOf(cut) > size {
			break
		}
		long += sizeOf(cut)
		commands++
	}
	return commands, long
}

func (q *queue) put(it passed) {
	n := len(q.chunks)
	if n == 0 || !q.chunks[n-1].holds(&it) {
		q.chunks = append(q.chunks, q.chunkFor(&it))
		n++
	}
	q.chunks[n-1].add(&it)
	q.count(&it, it.bulk()+it.rest())
	q.added += it.size
	q.events += it.events()
}

// count notes that an item takes so many bytes more, or less.
func (q *queue) count(it *passed, n int) {
	q.held += n
	it.c.held += n
}

// chunkFor returns a chunk with room for the item.
func (q *queue) chunkFor(it *passed) *chunk {
	if it.size > chunkBytes || it.commands > chunkCuts {
		return new(chunk) // one of its own
	}
	return q.unused()
}

func (q *queue) unused() *chunk {
	n := len(q.free)
	if n == 0 {
		return newChunk()
	}
	k := q.free[n-1]
	q.free = q.free[:n-1]
	return k
}

// take takes the oldest chunk out, nil if there is none.
func (q *queue) take() *chunk {
	if len(q.chunks) == 0 {
		return nil
	}
	k := q.chunks[0]
	q.chunks[0] = nil
	q.chunks = q.chunks[1:]
	for i := range k.items {
		q.events -= k.items[i].events()
	}
	return k
}

// give gives back a chunk that was taken, all of which was told.
func (q *queue) give(k *chunk) {
	for i := range k.items {
		it := &k.items[i]
		if !k.spooled {
			q.count(it, -it.bulk())
		}
		q.count(it, -it.rest())
	}
	clear(k.items)
	q.keep(k)
}

// keep makes the chunk one that may be used again.
func (q *queue) keep(k *chunk) {
	if k.whole() && len(q.free) < keepChunks {
		*k = chunk{items: k.items[:0], raw: k.raw[:0], cuts: k.cuts[:0]}
		q.free = append(q.free, k)
	}
}

// surplus returns the youngest chunk that may go to the spool, nil for none: neither the next one, nor the last, which grows.
func (q *queue) surplus() *chunk {
	if q.held < maxSpare {
		return nil
	}
	for i := len(q.chunks) - 2; i > 0; i-- {
		if k := q.chunks[i]; !k.spooled && k.whole() {
			return k
		}
	}
	return nil
}

// spooled notes that the chunk is in the spool, and keeps its memory.
func (q *queue) spooled(k *chunk, slot int) {
	for i := range k.items {
		q.count(&k.items[i], -k.items[i].bulk())
	}
	q.keep(&chunk{raw: k.raw, cuts: k.cuts})
	k.raw, k.cuts, k.spooled, k.slot = nil, nil, true, slot
}

// lose makes gaps of the items of a chunk that cannot be read back.
func (k *chunk) lose(why error) {
	for i := range k.items {
		it := &k.items[i]
		if it.do == nil {
			it.do = gapOf(it.c, it.at, it.dir, fmt.Sprintf("%d commands of %d bytes passed, but cannot be told: %v", it.commands, it.size, why)).do
		}
	}
}

// loss is commands of one direction that passed untold.
type loss struct {
	dir             decode.Dir
	at              time.Time
	commands, bytes int
}

func (l *loss) add(dir decode.Dir, at time.Time, commands, size int) {
	if l.commands == 0 {
		l.dir, l.at = dir, at
	}
	l.commands += commands
	l.bytes += size
}

// gap returns what tells of the loss, and ends it.
func (l *loss) gap(c *Conn) passed {
	lost := *l
	*l = loss{}
	return gapOf(c, lost.at, lost.dir,
		fmt.Sprintf("%d commands of %d bytes passed, faster than they could be decoded", lost.commands, lost.bytes))
}

func gapOf(c *Conn, at time.Time, dir decode.Dir, text string) passed {
	return passed{c: c, at: at, do: func(told *session.Conn) *session.Event { return told.Gap(at, dir, text) }}
}

func side(dir decode.Dir) int {
	if dir == decode.FromServer {
		return 1
	}
	return 0
}
