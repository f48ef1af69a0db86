package control

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
)

// An answer is made piece by piece. pieceBytes is about how large a piece is, and pieceEvents how
// many events are examined for one at most.
const (
	pieceBytes  = 64 << 10
	pieceEvents = 1000
)

// room counts the bytes that all connections together hold beyond the ownRoom of each. Nothing
// waits for room: a request without it is refused.
type room struct{ used atomic.Int64 }

var errNoRoom = &problem{
	http.StatusServiceUnavailable,
	errors.New("slow callers have used up the room for requests and answers; try again later"),
}

// take reserves n bytes for a connection, and reports whether there was room. give returns them.
func (r *room) take(n int) bool {
	if n <= ownRoom || r.used.Add(int64(n-ownRoom)) <= maxRoom {
		return true
	}
	r.give(n)
	return false
}

func (r *room) give(n int) { r.used.Add(-int64(max(0, n-ownRoom))) }

// piece makes a piece of an answer and writes it. Only one piece is made at a time, so that many
// readers leave a processor to traffic; no other waits while it is written.
func (s *Server) piece(ctx context.Context, w http.ResponseWriter, appendTo func(dst []byte) []byte) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	b := appendTo(make([]byte, 0, 5*pieceBytes/4))
	<-s.turn
	if !s.room.take(cap(b)) {
		return errNoRoom
	}
	defer s.room.give(cap(b))
	_, err := w.Write(b)
	return err
}
