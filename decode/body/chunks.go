package body

import (
	"slices"
	"strconv"
	"strings"
)

// Limits of an [Assembler]. Clients split messages into chunks of about 1,400 bytes and send
// handwriting of some 10 KB, one message at a time in a conversation. When a limit is exceeded, the
// oldest message is dropped first.
const (
	MaxPending = 16      // incomplete messages
	MaxChunks  = 1024    // chunks of one message
	MaxBytes   = 1 << 20 // bytes of all that is kept, names included
	maxID      = 128     // bytes of a Message-ID; a GUID has 38
)

// chunkCost is the approximate number of bytes that a chunk takes in addition to its data, so that
// many empty chunks count as well.
const chunkCost = 64

// Assembler joins the chunks of long messages, for display. The first chunk has the headers
// Message-ID and Chunks: n, the others the same Message-ID and Chunk: i, with i from 1. Chunks may
// come in any order and more than once. The zero Assembler is ready for use; it is not safe for
// concurrent use.
type Assembler struct {
	pending []*partial // the oldest first
	bytes   int
}

// partial is a message whose chunks have not all come yet.
type partial struct {
	from, id string
	first    Body // the first chunk without its data
	of       int  // the number of chunks, 0 until the first one came
	chunks   map[int][]byte
	bytes    int
}

// chunk identifies the chunk of a message that a body is.
type chunk struct {
	id    string
	index int // 0 for the first chunk
	of    int // the number of chunks; 0 unless this is the first one
}

// chunk returns which chunk of a message the body is. It returns false for a body that is not a
// chunk, or whose headers make no sense.
func (b *Body) chunk() (chunk, bool) {
	id, ok := b.Get("Message-ID")
	if !ok || len(id) > maxID {
		return chunk{}, false
	}
	number := func(name string) int {
		value, _ := b.Get(name)
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || n > MaxChunks {
			return 0
		}
		return n
	}
	c := chunk{id: id, of: number("Chunks"), index: number("Chunk")}
	if c.of > 0 {
		c.index = 0
	}
	return c, c.of > 0 || 0 < c.index && c.index < MaxChunks
}

// Add adds the next body from the given sender. If b was the last chunk missing, Add returns the
// complete message: the headers of the first chunk without Chunks, and the data of all chunks in a
// slice that the caller owns. It returns a body that is not a chunk as it is. Otherwise complete is
// false. The Assembler does not retain b.Data.
func (a *Assembler) Add(from string, b Body) (whole Body, complete bool) {
	c, ok := b.chunk()
	if !ok || c.of == 1 {
		return b, true
	}
	p := a.find(from, c.id)
	a.store(p, &b, c)
	if p.of > 0 && len(p.chunks) == p.of {
		a.drop(p)
		return p.join(), true
	}
	for len(a.pending) > MaxPending || a.bytes > MaxBytes {
		a.drop(a.pending[0])
	}
	return Body{}, false
}

// find returns the message with that sender and identifier, which it adds if there is none.
func (a *Assembler) find(from, id string) *partial {
	for _, p := range a.pending {
		if p.from == from && p.id == id {
			return p
		}
	}
	p := &partial{from: strings.Clone(from), id: strings.Clone(id), chunks: map[int][]byte{}}
	a.pending = append(a.pending, p)
	a.grow(p, len(from)+len(id)+chunkCost)
	return p
}

// store stores a copy of a chunk, unless there is one with its index already or the index lies past
// the end of the message.
func (a *Assembler) store(p *partial, b *Body, c chunk) {
	if _, again := p.chunks[c.index]; again || p.of > 0 && c.index >= p.of {
		return
	}
	if c.of > 0 {
		p.of, p.first = c.of, Body{
			Headers: withoutChunks(b.Headers), Type: strings.Clone(b.Type),
			Charset: strings.Clone(b.Charset),
		}
		for _, h := range p.first.Headers {
			a.grow(p, len(h.Name)+len(h.Value)+chunkCost)
		}
		for i, data := range p.chunks {
			if i >= c.of {
				a.grow(p, -len(data)-chunkCost)
				delete(p.chunks, i)
			}
		}
	}
	p.chunks[c.index] = slices.Clone(b.Data)
	a.grow(p, len(b.Data)+chunkCost)
}

func (a *Assembler) grow(p *partial, n int) {
	p.bytes += n
	a.bytes += n
}

func (a *Assembler) drop(p *partial) {
	a.pending = slices.DeleteFunc(a.pending, func(other *partial) bool { return other == p })
	a.bytes -= p.bytes
}

func (p *partial) join() Body {
	parts := make([][]byte, p.of)
	for i := range parts {
		parts[i] = p.chunks[i]
	}
	whole := p.first
	whole.Data = slices.Concat(parts...)
	return whole
}

// withoutChunks returns the headers without Chunks and Chunk. It copies their strings, which
// otherwise would keep a whole payload in memory.
func withoutChunks(headers []Header) []Header {
	kept := make([]Header, 0, len(headers))
	for _, h := range headers {
		if !strings.EqualFold(h.Name, "Chunks") && !strings.EqualFold(h.Name, "Chunk") {
			kept = append(kept, Header{Name: strings.Clone(h.Name), Value: strings.Clone(h.Value)})
		}
	}
	return kept
}
