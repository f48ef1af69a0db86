package model

import (
	"strconv"

	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/session"
)

// ChunksWithin is how many events before and after a chunk of a message are searched for its other
// chunks: a client sends them all at once, while other connections speak in between.
const ChunksWithin = 2048

// Whole returns the message of which e is a chunk, put together from the chunks around it in the
// log. It returns false where e is none, or where a chunk is missing because it has not come yet.
func (m *Model) Whole(e *session.Event) (body.Body, bool) {
	b := body.Parse(e.In.Payload())
	id, ok := b.Get("Message-ID")
	if !ok || e.In.Opaque() {
		return b, false
	}
	if n, ok := b.Get("Chunks"); ok {
		if n, err := strconv.Atoi(n); err != nil || n < 2 {
			return b, false
		}
	}
	var chunks body.Assembler
	at := m.numbered(e.N)
	for i := max(0, at-ChunksWithin); i < min(at+ChunksWithin, m.log.Len()); i++ {
		other := m.log.At(i)
		if other.Conn != e.Conn || other.Dir != e.Dir || other.In.Payload() == nil || other.In.Opaque() {
			continue
		}
		part := body.Parse(other.In.Payload())
		if other, _ := part.Get("Message-ID"); other != id {
			continue
		}
		if whole, complete := chunks.Add("", part); complete {
			return whole, true
		}
	}
	return b, false
}
