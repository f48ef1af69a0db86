package proxy

import (
	"net"
	"time"
)

// maxAhead is how many bytes are read ahead while an interceptor waits: enough to reach the end of
// what clients usually send in a row. The rest stays with the sender.
const maxAhead = 64 << 10

// ahead holds what was read of a direction while an interceptor waited. The pump handles it before
// what it reads next.
type ahead struct {
	data []byte
	err  error // how the reading ended, nil if it did not
}

// Read returns the bytes that were read ahead, then the error with which reading ended, if it did.
func (a *ahead) Read(p []byte) (int, error) {
	if len(a.data) == 0 {
		return 0, a.err
	}
	n := copy(p, a.data)
	a.data = a.data[n:]
	return n, nil
}

// from reads until maxAhead is reached or a deadline passes, and reports whether src has ended.
func (a *ahead) from(src net.Conn) bool {
	buf := make([]byte, 4<<10)
	for a.err == nil && len(a.data) < maxAhead {
		n, err := src.Read(buf[:min(len(buf), maxAhead-len(a.data))])
		a.data = append(a.data, buf[:n]...)
		if isTimeout(err) {
			return false
		}
		a.err = err
	}
	return a.err != nil
}

// Watch closes gone if the sender hangs up while an interceptor waits. What the sender says
// meanwhile is kept, and handled after the command. The interceptor MUST call stop before it
// returns, and MUST NOT call Watch again before it has.
func (x *Exchange) Watch() (gone <-chan struct{}, stop func()) { return x.f.watch() }

func (f *direction) watch() (<-chan struct{}, func()) {
	if f.ahead == nil {
		f.ahead = &ahead{}
	}
	_ = f.src.SetReadDeadline(time.Time{}) // an error shows when reading
	gone, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		if f.ahead.from(f.src) {
			close(gone)
		}
	}()
	return gone, func() {
		_ = f.src.SetReadDeadline(time.Unix(1, 0)) // long ago
		<-ended
		_ = f.src.SetReadDeadline(time.Time{})
		f.timed = false
	}
}

// fillAhead feeds the reader what was read ahead.
func (f *direction) fillAhead() (bool, error) {
	n, err := f.in.Fill(f.ahead)
	if len(f.ahead.data) == 0 && f.ahead.err == nil {
		f.ahead = nil
	}
	return n > 0, err
}
