package proxy

import (
	"fmt"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// Limits of the queue: traffic whose events have not been made yet.
const (
	// maxHeld is how many bytes of it are in memory, maxShare how many of one connection, so that
	// its flood costs others nothing. Bytes beyond maxSpare go to a file while traffic is heavy.
	maxHeld  = 96 << 20
	maxShare = maxHeld / 4 * 3
	maxSpare = 16 << 20
	// perItem and perCut are the bytes that an item and a command take besides their own.
	perItem, perCut = 160, 4
	// blockBytes, blockCuts and blockItems are the capacity of a block: several reads of a busy
	// connection.
	blockBytes, blockCuts, blockItems = 512 << 10, 32 << 10, 2 << 10
	// pieceBytes and pieceCuts limit the parts into which a large item is split, so that blocks
	// fill up.
	pieceBytes, pieceCuts = blockBytes / 16, blockCuts / 16
	// keepBlocks is how many unused blocks are kept for the next burst, some 15 MB: new memory
	// costs more than what is done with it.
	keepBlocks = 20
)

// passed is an item of the journal: what passed in one direction of a connection and becomes one
// event or several.
type passed struct {
	c   *Conn
	at  time.Time
	do  func(*session.Conn) *session.Event // makes the event of what is no command; nil for commands
	dir decode.Dir
	// raw holds the commands as they came, cuts a word for each, see cutOf. In a block both are
	// nil, and size and commands are their lengths.
	raw            []byte
	cuts           []uint32
	size, commands int
	// out, flags and text describe a single command; out, if not nil, was sent in its place.
	out   []byte
	flags session.Flag
	text  string
	// hidden marks what passed and gets no event.
	hidden bool
}

// sent returns the bytes that leave for a single command.
func (it *passed) sent() []byte {
	if it.out != nil {
		return it.out
	}
	return it.raw
}

// cutOf returns what a list of commands keeps of m: its length, in the lower 24 bits, which is more
// than decode.MaxLine and decode.MaxPayload need, and above them the reason why it is opaque.
func cutOf(m *decode.Message) uint32 { return uint32(len(m.Raw)) | uint32(m.Why)<<24 }

// sizeOf returns the length of a command in bytes.
func sizeOf(cut uint32) int { return int(cut & (1<<24 - 1)) }

// events returns the number of events that an item becomes, at most.
func (it *passed) events() int { return max(it.commands, 1) }

// bulk returns how many bytes of the item may go to the spool, rest how many may not.
func (it *passed) bulk() int { return it.size + perCut*it.commands }
func (it *passed) rest() int { return perItem + len(it.out) + len(it.text) }

// block is a part of the queue: items in their order, with their bytes and cuts one after the
// other.
type block struct {
	items   []passed
	raw     []byte
	cuts    []uint32
	spooled bool // raw and cuts are in the spool
	slot    int  // where
}

func newBlock() *block {
	return &block{raw: make([]byte, 0, blockBytes), cuts: make([]uint32, 0, blockCuts)}
}

// holds reports whether the block has room for the item.
func (k *block) holds(it *passed) bool {
	return len(k.items) < blockItems && cap(k.raw)-len(k.raw) >= it.size && cap(k.cuts)-len(k.cuts) >= it.commands
}

// add appends the item, and copies its bytes and cuts.
func (k *block) add(it *passed) {
	k.raw, k.cuts = append(k.raw, it.raw...), append(k.cuts, it.cuts...)
	k.items = append(k.items, *it)
	kept := &k.items[len(k.items)-1]
	kept.raw, kept.cuts = nil, nil
}

// whole reports whether the block has the usual capacity, rather than that of one large command.
func (k *block) whole() bool { return cap(k.raw) == blockBytes && cap(k.cuts) == blockCuts }

// queue holds what has not been recorded yet: in memory, as far as that has room, and in the spool.
// Its owner's lock guards it, j.mu of a journal.
type queue struct {
	blocks []*block // the oldest first
	free   []*block
	held   int // bytes in memory, those of a block that was taken included
	added  int // bytes ever added
	events int // that blocks will become
}

// add appends an item of one connection, after a gap if some were lost before it. It reports
// whether there was room; the loss is counted if not.
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

// first returns how many of the leading commands, one at least, are together no more than n and no
// longer than size bytes, and how long they are.
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
	n := len(q.blocks)
	if n == 0 || !q.blocks[n-1].holds(&it) {
		q.blocks = append(q.blocks, q.blockFor(&it))
		n++
	}
	q.blocks[n-1].add(&it)
	q.count(&it, it.bulk()+it.rest())
	q.added += it.size
	q.events += it.events()
}

// count adds n, which may be negative, to the bytes that the queue and the item's connection hold.
func (q *queue) count(it *passed, n int) {
	q.held += n
	it.c.held += n
}

// blockFor returns an empty block with room for the item.
func (q *queue) blockFor(it *passed) *block {
	if it.size > blockBytes || it.commands > blockCuts {
		return new(block) // one of its own
	}
	return q.unused()
}

func (q *queue) unused() *block {
	n := len(q.free)
	if n == 0 {
		return newBlock()
	}
	k := q.free[n-1]
	q.free = q.free[:n-1]
	return k
}

// take removes and returns the oldest block, nil if there is none.
func (q *queue) take() *block {
	if len(q.blocks) == 0 {
		return nil
	}
	k := q.blocks[0]
	q.blocks[0] = nil
	q.blocks = q.blocks[1:]
	for i := range k.items {
		q.events -= k.items[i].events()
	}
	return k
}

// give returns a block that take returned, once all of it has been recorded.
func (q *queue) give(k *block) {
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

// keep makes the block's memory available again, if that is of the usual size.
func (q *queue) keep(k *block) {
	if k.whole() && len(q.free) < keepBlocks {
		*k = block{items: k.items[:0], raw: k.raw[:0], cuts: k.cuts[:0]}
		q.free = append(q.free, k)
	}
}

// surplus returns the youngest block that may go to the spool, nil for none: never the next one to
// record, nor the last, which grows.
func (q *queue) surplus() *block {
	if q.held < maxSpare {
		return nil
	}
	for i := len(q.blocks) - 2; i > 0; i-- {
		if k := q.blocks[i]; !k.spooled && k.whole() {
			return k
		}
	}
	return nil
}

// spooled records that the block is in the spool's slot, and frees its memory.
func (q *queue) spooled(k *block, slot int) {
	for i := range k.items {
		q.count(&k.items[i], -k.items[i].bulk())
	}
	q.keep(&block{raw: k.raw, cuts: k.cuts})
	k.raw, k.cuts, k.spooled, k.slot = nil, nil, true, slot
}

// lose turns the commands of a block that cannot be read back into gaps.
func (k *block) lose(why error) {
	for i := range k.items {
		it := &k.items[i]
		if it.do == nil {
			it.do = gapOf(it.c, it.at, it.dir,
				fmt.Sprintf("%d commands of %d bytes passed, but cannot be told: %v", it.commands, it.size, why)).do
		}
	}
}

// loss counts commands of one direction that passed without events.
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

// gap returns the item that makes a gap event of the loss, and resets the loss.
func (l *loss) gap(c *Conn) passed {
	lost := *l
	*l = loss{}
	return gapOf(c, lost.at, lost.dir,
		fmt.Sprintf("%d commands of %d bytes passed, faster than they could be decoded", lost.commands, lost.bytes))
}

func gapOf(c *Conn, at time.Time, dir decode.Dir, text string) passed {
	return passed{c: c, at: at, do: func(tracked *session.Conn) *session.Event { return tracked.Gap(at, dir, text) }}
}

func side(dir decode.Dir) int {
	if dir == decode.FromServer {
		return 1
	}
	return 0
}
