package proxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// maxInjected bounds what waits to be injected into one direction: more than anybody types, less than a flood.
const maxInjected = 1 << 20

// sink is the receiver of one direction of a connection: its flow writes to it, and whoever injects commands.
type sink struct {
	c   *Conn
	dir decode.Dir

	// write is held while something is told to the story and written: both have one order. The flow holds it as long as the
	// receiver does not read.
	write sync.Mutex
	to    net.Conn // nil while nobody knows where it goes, and after its end
	part  bool     // a command was sent in part: nothing may come between

	mu      sync.Mutex // guards what follows; may be taken with write held
	waiting []passed   // injected and not sent yet
	size    int
	any     atomic.Bool // waiting is not empty
	closed  bool
}

var errEnded = errors.New("the connection has ended")

// aim makes to the receiver; nil: nobody.
func (s *sink) aim(to net.Conn) {
	s.write.Lock()
	s.to = to
	s.write.Unlock()
}

// send notes what passed and writes out, in one write unless how says another way. part: the last command is unfinished.
func (s *sink) send(items []passed, out []byte, how func(io.Writer, []byte) error, part bool) error {
	s.write.Lock()
	err := errEnded
	if s.to != nil {
		s.c.p.story.add(s.c, items)
		err = s.writeLocked(out, how)
	}
	s.part = part
	s.drainLocked()
	s.write.Unlock()
	s.drain()
	s.c.p.story.help()
	return err
}

func (s *sink) writeLocked(out []byte, how func(io.Writer, []byte) error) (err error) {
	switch {
	case len(out) == 0:
	case how != nil:
		err = how(s.to, out)
	default:
		_, err = s.to.Write(out)
	}
	return err
}

// sendPart writes a part of a command that is not finished, and returns how much was written.
func (s *sink) sendPart(out []byte) (int, error) {
	s.write.Lock()
	defer s.write.Unlock()
	if s.to == nil {
		return 0, errEnded
	}
	s.part = true
	return s.to.Write(out)
}

// inject queues commands and sends them, unless the flow is busy: then the flow will.
func (s *sink) inject(commands []byte, rule string) error {
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return errEnded
	case len(commands) > maxInjected:
		s.mu.Unlock()
		return fmt.Errorf("%d bytes are more than the %d that can be injected at a time", len(commands), maxInjected)
	case s.size+len(commands) > maxInjected:
		s.mu.Unlock()
		return fmt.Errorf("the receiver does not read: %d bytes wait to be injected already", s.size)
	}
	s.waiting = append(s.waiting, s.c.injected(s.dir, commands, rule)...)
	s.size += len(commands)
	s.any.Store(true)
	s.mu.Unlock()
	s.drain()
	s.c.p.story.help()
	return nil
}

// drain sends what waits, if nobody else is writing; who is does it then.
func (s *sink) drain() {
	for s.any.Load() && s.write.TryLock() {
		again := s.drainLocked()
		s.write.Unlock()
		if !again {
			return
		}
	}
}

// drainLocked sends what waits, unless a command is in the middle, and reports whether it did. s.write is held.
func (s *sink) drainLocked() bool {
	if !s.any.Load() || s.part || s.to == nil {
		return false
	}
	s.mu.Lock()
	items := s.waiting
	s.waiting, s.size = nil, 0
	s.any.Store(false)
	s.mu.Unlock()
	s.c.p.story.add(s.c, items)
	for i := range items {
		if _, err := s.to.Write(items[i].raw); err != nil {
			break // the flow finds the receiver gone too
		}
	}
	return true
}

// close ends injecting.
func (s *sink) close() {
	s.mu.Lock()
	s.closed, s.waiting, s.size = true, nil, 0
	s.any.Store(false)
	s.mu.Unlock()
}

// injected cuts commands that did not come from the other end into what is told of each.
func (c *Conn) injected(dir decode.Dir, commands []byte, rule string) []passed {
	r := decode.NewReader(dir, c.grammar())
	r.Feed(commands)
	var items []passed
	var m decode.Message
	for r.Next(&m) || r.Flush(&m) {
		items = append(items, passed{
			at: c.p.opts.Now(), dir: dir, raw: append([]byte(nil), m.Raw...), cuts: []uint32{cutOf(&m)},
			flags: session.Injected, text: rule,
		})
	}
	return items
}
