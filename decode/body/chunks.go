package body

import (
	"slices"
	"strconv"
	"strings"
)

// Caps of an [Assembler]. Clients cut at about 1,400 bytes and send handwriting of some 10 KB, in one conversation one
// message at a time; what is beyond the caps is dropped, the oldest message first.
const (
	MaxPending = 16      // messages that are not whole yet
	MaxChunks  = 1024    // chunks of a message
	MaxBytes   = 1 << 20 // bytes of all that is kept, names included
	maxID      = 128     // bytes of a Message-ID; a GUID has 38
)

// chunkCost is what a chunk takes beside its bytes, about: many empty ones must count too.
const chunkCost = 64

// Assembler joins the chunks of long messages, for display: the first says Message-ID and Chunks: n, the others the same
// Message-ID and Chunk: i, with i from 1. Chunks may come in any order and more than once. The zero Assembler is ready; it is
// for one goroutine.
type Assembler struct {
	pending []*partial // the oldest first
	bytes   int
}

// partial is a message of which chunks are missing.
type partial struct {
	from, id string
	first    Body // its headers; Data is in chunks
	of       int  // 0 until the first chunk came
	chunks   map[int][]byte
	bytes    int
}

// chunk is which part of a message a body is.
type chunk struct {
	id    string
	index int // 0 is the first
	of    int // how many there are; 0 where this is not the first
}

// chunk reads the headers that make a body a part of a message. It is false where it is none, or says nonsense.
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

// Add takes the next body that came from that sender. It returns the whole message where b was the last chunk that was
// missing: the first chunk's headers without Chunks, the data of all, which is the caller's. A body that is no chunk is returned
// as it is. Otherwise complete is false. The Assembler keeps nothing of b's Data.
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

// find returns the message of that sender with that identifier, which may have nothing yet.
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

// store keeps a chunk, unless it came before or lies past the end.
func (a *Assembler) store(p *partial, b *Body, c chunk) {
	if _, again := p.chunks[c.index]; again || p.of > 0 && c.index >= p.of {
		return
	}
	if c.of > 0 {
		p.of, p.first = c.of, Body{Headers: withoutChunks(b.Headers), Type: strings.Clone(b.Type), Charset: strings.Clone(b.Charset)}
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

// withoutChunks copies the headers and their text, which is a part of a whole payload's, and leaves out what makes it a
// part.
func withoutChunks(headers []Header) []Header {
	kept := make([]Header, 0, len(headers))
	for _, h := range headers {
		if !strings.EqualFold(h.Name, "Chunks") && !strings.EqualFold(h.Name, "Chunk") {
			kept = append(kept, Header{Name: strings.Clone(h.Name), Value: strings.Clone(h.Value)})
		}
	}
	return kept
}
