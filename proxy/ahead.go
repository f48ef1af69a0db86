package proxy

import (
	"net"
	"time"
)

// maxAhead is how much of what a sender says is read while an interceptor waits: enough to find its end behind what clients say in a
// row. What is beyond stays with the sender.
const maxAhead = 64 << 10

// ahead is what was read of a direction while an interceptor waited; the flow reads it before the rest.
type ahead struct {
	data []byte
	err  error // how the reading ended, nil if it did not
}

// Read returns what is kept, then the end if it was found.
func (a *ahead) Read(p []byte) (int, error) {
	if len(a.data) == 0 {
		return 0, a.err
	}
	n := copy(p, a.data)
	a.data = a.data[n:]
	return n, nil
}

// from reads until there is too much or a deadline passes, and reports whether it found the end.
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

// Watch finds out whether the sender hangs up while an interceptor waits: gone is closed then. What the sender says meanwhile is kept, and
// has its turn after the command. The interceptor MUST call stop before it returns, and MUST NOT call Watch before it has.
func (x *Exchange) Watch() (gone <-chan struct{}, stop func()) { return x.f.watch() }

func (f *flow) watch() (<-chan struct{}, func()) {
	if f.ahead == nil {
		f.ahead = &ahead{}
	}
	_ = f.src.SetReadDeadline(time.Time{}) // reading finds out what is wrong with it
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

// fillAhead takes what was read ahead.
func (f *flow) fillAhead() (bool, error) {
	n, err := f.in.Fill(f.ahead)
	if len(f.ahead.data) == 0 && f.ahead.err == nil {
		f.ahead = nil
	}
	return n > 0, err
}
