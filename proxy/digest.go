package proxy

import (
	"crypto/sha256"
	"hash"
	"sync"
)

// partBytes is the size in bytes of the parts in which a file's content leaves the pump: as much as
// one read brings.
const partBytes = 64 << 10

// waitingParts is how many parts may wait to be hashed; then the pump waits, since the hash is that
// of the whole file. Hashing is faster than what a network brings, so few are enough.
const waitingParts = 4

// part is some content of a file.
type part struct {
	bytes [partBytes]byte
	n     int
}

// parts holds those that no transfer needs, so that a transfer at rest holds none.
var parts = sync.Pool{New: func() any { return new(part) }}

// digest hashes the content of one transfer, and passes it on to where the file is kept, on a
// goroutine of its own: hashed by the pump, a file takes an eighth longer. That goroutine runs from
// the first content to end.
type digest struct {
	filling *part // nil while there is nothing in it
	waiting chan *part
	done    chan struct{} // closed when sum and kept are final
	sum     hash.Hash
	kept    *keep // nil unless the file is kept
}

func newDigest() digest { return digest{sum: sha256.New()} }

// write takes a copy of the content.
func (d *digest) write(c *Conn, content []byte) {
	for len(content) > 0 {
		if d.filling == nil {
			d.filling = parts.Get().(*part)
		}
		n := copy(d.filling.bytes[d.filling.n:], content)
		d.filling.n += n
		if content = content[n:]; d.filling.n == partBytes {
			d.pass(c)
		}
	}
}

// pass sends what was written on its way. It waits while much waits already.
func (d *digest) pass(c *Conn) {
	if d.filling == nil {
		return
	}
	if d.waiting == nil {
		d.waiting, d.done = make(chan *part, waitingParts), make(chan struct{})
		c.p.conns.Go(func() { d.run(c) })
	}
	d.waiting <- d.filling
	d.filling = nil
}

// run hashes what comes.
func (d *digest) run(c *Conn) {
	defer close(d.done)
	if c.p.opts.KeepFile != nil {
		d.kept = newKeep(c.p, c.id)
	}
	for p := range d.waiting {
		content := p.bytes[:p.n]
		d.sum.Write(content)
		if d.kept != nil {
			d.kept.write(content)
		}
		p.n = 0
		parts.Put(p)
	}
}

// end waits until all content has been hashed. Nothing may be written afterwards.
func (d *digest) end(c *Conn) {
	d.pass(c)
	if d.waiting != nil {
		close(d.waiting)
		<-d.done
	}
}
