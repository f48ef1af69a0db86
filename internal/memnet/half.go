package memnet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// half is one direction of a connection. The writer's end puts bytes in, the
// reader's end takes them out; every wait is on changed. The lock is held for
// copies only, never over a wait or a call-out.
type half struct {
	mu      sync.Mutex
	changed *sync.Cond // broadcast at every change of what follows
	buf     ring

	shut       bool // no more bytes come: CloseWrite or Close of the writer
	reset      bool // nobody ever accepted: the reader sees a reset, not EOF
	writerGone bool // the writer's end is closed
	readerGone bool // the reader's end is closed

	// writing keeps the bytes of one Write together when it has to wait for
	// room. A mutex would not do: waiting for one is not durably blocking.
	writing bool

	readBy, writeBy deadline
}

// deadline is a time limit of one end. timer identifies the limit: a timer that
// fires after it was replaced finds another one here and does nothing.
type deadline struct {
	timer  *time.Timer
	passed bool
}

func newHalf() *half {
	h := &half{}
	h.changed = sync.NewCond(&h.mu)
	return h
}

// read returns what is there, waiting only when that is nothing.
func (h *half) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.readerGone:
			return 0, net.ErrClosed
		case len(p) == 0:
			return 0, nil
		case h.readBy.passed:
			return 0, os.ErrDeadlineExceeded
		case h.buf.n > 0:
			n := h.buf.read(p)
			h.changed.Broadcast()
			return n, nil
		case h.reset:
			return 0, os.NewSyscallError("read", syscall.ECONNRESET)
		case h.shut:
			return 0, io.EOF
		}
		h.changed.Wait()
	}
}

// write puts all of p into the buffer, waiting for room; with an error it says
// how much of p went in before.
func (h *half) write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.writing {
		if err := h.writeError(); err != nil {
			return 0, err
		}
		h.changed.Wait()
	}
	h.writing = true
	defer func() {
		h.writing = false
		h.changed.Broadcast()
	}()
	for done := 0; ; {
		if err := h.writeError(); err != nil {
			return done, err
		}
		n := h.buf.write(p[done:])
		done += n
		if done == len(p) {
			return done, nil
		}
		if n > 0 {
			h.changed.Broadcast()
		}
		h.changed.Wait()
	}
}

// writeError says why the writer may not go on, if it may not.
func (h *half) writeError() error {
	switch {
	case h.writerGone:
		return net.ErrClosed
	case h.writeBy.passed:
		return os.ErrDeadlineExceeded
	case h.shut, h.readerGone:
		return os.NewSyscallError("write", syscall.EPIPE)
	}
	return nil
}

// shutWrite announces the end of the bytes; what is buffered can still be read.
func (h *half) shutWrite() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.writerGone {
		return net.ErrClosed
	}
	h.shut = true
	h.changed.Broadcast()
	return nil
}

// closeWriter takes the writer away. With reset the reader gets ECONNRESET
// where it would have got EOF.
func (h *half) closeWriter(reset bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shut, h.writerGone, h.reset = true, true, reset
	h.writeBy.stop()
	h.changed.Broadcast()
}

// closeReader takes the reader away, and the bytes it left unread. It reports
// whether the reader was still there.
func (h *half) closeReader() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readerGone {
		return false
	}
	h.readerGone = true
	h.buf = ring{}
	h.readBy.stop()
	h.changed.Broadcast()
	return true
}

func (h *half) setReadDeadline(at time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readerGone {
		return net.ErrClosed
	}
	h.limit(&h.readBy, at)
	return nil
}

func (h *half) setWriteDeadline(at time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.writerGone {
		return net.ErrClosed
	}
	h.limit(&h.writeBy, at)
	return nil
}

// limit replaces d by the limit at; the zero time means none. h.mu is held.
func (h *half) limit(d *deadline, at time.Time) {
	d.stop()
	d.passed = false
	if at.IsZero() {
		return
	}
	left := time.Until(at)
	if left <= 0 {
		d.passed = true
		h.changed.Broadcast()
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if d.timer == timer { // timer was assigned before the lock was free
			d.passed = true
			h.changed.Broadcast()
		}
	})
	d.timer = timer
}

// stop ends the limit's timer; a limit that has passed stays passed.
func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
