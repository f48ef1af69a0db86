package server

import (
	"math"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
)

const (
	muchParked = 500
	tidyTime   = 2 * restTime
)

// lot waits for the clients of all parked connections of a server, with one goroutine and an epoll
// instance of its own beside that of Go's runtime. The zero lot is ready; it begins to wait when
// the first connection is parked.
type lot struct {
	mu     sync.Mutex
	epoll  int
	file   *os.File      // the same, nil until a connection is parked
	conns  map[int]*conn // those that have been parked and have not ended
	tidied int           // how many these were, or will be, when memory was given back
	closed bool
	done   chan struct{} // closed when wait has ended
}

// parks reports whether connections can be parked: sockets can.
func (c *conn) parks() bool { return c.raw != nil }

// watch makes the lot rouse c once, as soon as there is something to read, and reports whether it
// will.
func (l *lot) watch(c *conn) (ok bool) {
	err := c.raw.Control(func(fd uintptr) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.begin() {
			return
		}
		op := syscall.EPOLL_CTL_MOD
		if c.fd == 0 {
			op, c.fd = syscall.EPOLL_CTL_ADD, int(fd)
		}
		l.conns[c.fd] = c
		l.tidyLater()
		ok = syscall.EpollCtl(l.epoll, op, int(fd), &syscall.EpollEvent{
			Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT, Fd: int32(fd),
		}) == nil
	})
	return ok && err == nil
}

// tidyLater gives memory back to the system in a while if many more connections are parked than
// when it last did: the stacks of their goroutines and the garbage of their logons, which are most
// of what they took. Go's collector alone would keep the memory for the next ones. l.mu must be
// locked.
func (l *lot) tidyLater() {
	if len(l.conns) < l.tidied+l.tidied/8+muchParked {
		return
	}
	l.tidied = math.MaxInt / 2
	time.AfterFunc(tidyTime, func() {
		l.mu.Lock()
		l.tidied = len(l.conns)
		l.mu.Unlock()
		debug.FreeOSMemory()
	})
}

// begin begins to wait if that has not begun, and reports whether it could. l.mu must be locked.
func (l *lot) begin() bool {
	if l.file != nil || l.closed {
		return !l.closed
	}
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil || syscall.SetNonblock(fd, true) != nil {
		return false
	}
	l.epoll, l.file = fd, os.NewFile(uintptr(fd), "epoll")
	l.conns, l.done = make(map[int]*conn), make(chan struct{})
	go l.wait()
	return true
}

// wait rouses connections until the lot is closed.
func (l *lot) wait() {
	defer close(l.done)
	raw, err := l.file.SyscallConn()
	events := make([]syscall.EpollEvent, 128)
	for err == nil {
		var n int
		err = raw.Read(func(fd uintptr) bool {
			n, _ = syscall.EpollWait(int(fd), events, 0) // -1 when interrupted
			return n != 0
		})
		l.mu.Lock()
		for _, e := range events[:max(n, 0)] {
			if c := l.conns[int(e.Fd)]; c != nil { // or one that has got its descriptor: it waits again
				c.rouse()
			}
		}
		l.mu.Unlock()
	}
}

// forget makes the lot let go of a connection that has ended. The watch ended with its socket.
func (l *lot) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns[c.fd] == c { // another one may have the descriptor now
		delete(l.conns, c.fd)
	}
}

// close ends the waiting, and returns when it has ended. No connection is parked any more.
func (l *lot) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	if l.file != nil {
		_ = l.file.Close()
		<-l.done
	}
}
