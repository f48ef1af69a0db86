package memnet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// half is one direction of a connection: the writer's end appends bytes, the reader's end removes
// them. Every wait is on changed. The lock is held only while bytes are copied, never over a wait
// or a call to foreign code.
type half struct {
	mu      sync.Mutex
	changed *sync.Cond // broadcast at every change of the fields below
	buf     ring

	shut       bool // no more bytes will come: CloseWrite or Close of the writer
	reset      bool // never accepted: the reader sees a reset, not EOF
	writerGone bool // the writer's end is closed
	readerGone bool // the reader's end is closed

	// writing keeps the bytes of one Write together while it waits for room. A mutex would not do,
	// since waiting for one is not durably blocking.
	writing bool

	readBy, writeBy deadline
}

// deadline is a deadline of one end. timer identifies it: a timer that fires after it was replaced
// finds another one here and does nothing.
type deadline struct {
	timer  *time.Timer
	passed bool
}

func newHalf() *half {
	h := &half{}
	h.changed = sync.NewCond(&h.mu)
	return h
}

// read removes up to len(p) bytes, and waits only while there are none.
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

// write appends all of p to the buffer, waiting for room. With an error it returns how many bytes
// were appended before.
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

// writeError returns why the writer may not write, nil if it may. h.mu must be locked.
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

// shutWrite marks the end of the bytes; what is buffered can still be read.
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

// closeWriter closes the writer's end. With reset the reader gets ECONNRESET instead of EOF.
func (h *half) closeWriter(reset bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shut, h.writerGone, h.reset = true, true, reset
	h.writeBy.stop()
	h.changed.Broadcast()
}

// closeReader closes the reader's end and drops the unread bytes. It reports whether the end was
// still open.
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

// limit sets d to the time at; the zero time means none. h.mu must be locked.
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

// stop ends the deadline's timer; a deadline that has passed stays passed.
func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
