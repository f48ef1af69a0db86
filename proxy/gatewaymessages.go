package proxy

import (
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/gateway"
)

// messages reads whole messages of one direction.
type messages struct {
	from decode.Dir
	src  net.Conn
	buf  []byte
}

// next returns the next message with its bytes, valid until the next call. more, if not nil, is
// called once when a request has begun and waits for leave to send its body.
func (r *messages) next(m *gateway.Message, more func()) (raw []byte, err error) {
	r.buf = append([]byte(nil), r.buf[m.Size:]...)
	*m = gateway.Message{}
	room, ended, told := make([]byte, 32<<10), false, false
	if len(r.buf) > 0 {
		r.hurry()
	}
	for enough := 1; ; {
		if len(r.buf) >= enough || ended && len(r.buf) > 0 {
			if *m, err = gateway.Read(r.from, r.buf, ended); err == nil {
				return r.buf[:m.Size], nil
			}
			if !errors.Is(err, gateway.ErrMore) {
				return nil, err
			}
			if !told && more != nil && expects(r.buf) {
				told = true
				more()
			}
			enough = r.enough(m)
		}
		m.Size = 0
		if ended {
			return nil, io.EOF
		}
		n, err := r.src.Read(room)
		if n > 0 && len(r.buf) == 0 {
			r.hurry()
		}
		r.buf = append(r.buf, room[:n]...)
		if errors.Is(err, io.EOF) {
			ended = true
		} else if err != nil {
			return nil, err
		}
	}
}

// hurry limits the time that the rest of a request may take.
func (r *messages) hurry() {
	if r.from == decode.FromClient {
		_ = r.src.SetReadDeadline(time.Now().Add(requestTime))
	}
}

// enough returns how many bytes there must be before it is worth while to read the message m again,
// which is not whole: a sender of single bytes must not cost a look at all before them for each.
// Chunks are looked at each time while they are few, and later when an eighth has been added.
func (r *messages) enough(m *gateway.Message) int {
	const few = 16 << 10
	switch n := len(r.buf); {
	case m.Size > 0:
		return m.Size
	case n > few && m.Chunked:
		return n + n/8
	default:
		return n + 1
	}
}

// expects reports whether the request at the start of b waits for leave to send its body.
func expects(b []byte) bool {
	head, _, whole := strings.Cut(string(b[:min(len(b), gateway.MaxHead)]), "\r\n\r\n")
	return whole && strings.EqualFold(gateway.Head(head+"\r\n\r\n").Value("Expect"), "100-continue")
}
