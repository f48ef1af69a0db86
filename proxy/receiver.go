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

// maxInjected bounds what waits to be injected into one direction: a command of the greatest size
// fits, a flood does not.
const maxInjected = 2 << 20

// receiver is where one direction of a connection goes: the direction's pump writes to it, and so
// do goroutines that inject commands.
type receiver struct {
	c   *Conn
	dir decode.Dir

	// write is held while commands are added to the journal and written, so that both have one
	// order. The pump holds it for as long as the receiver does not read.
	write sync.Mutex
	to    net.Conn // nil while nobody knows where it goes, and after its end
	part  bool     // a command was sent in part: nothing may come between

	mu      sync.Mutex // guards what follows; may be taken with write held
	waiting []passed   // injected and not sent yet
	size    int
	kept    []func() ([]byte, io.Writer) // see Conn.SendKept
	any     atomic.Bool                  // there is something in waiting or kept
	closed  bool
}

var errEnded = errors.New("the connection has ended")

// ErrWaiting is the error of [Conn.Inject] while too many bytes wait to be injected already. What
// was refused may be tried again later.
var ErrWaiting = errors.New("the receiver does not read, and much waits to be injected already")

// aim makes to the connection that is written to; nil for none.
func (s *receiver) aim(to net.Conn) {
	s.write.Lock()
	s.to = to
	s.write.Unlock()
}

// send adds the items to the journal and writes out: by how, or in one write if how is nil. part
// says that the last command is unfinished. The error says that the receiver is gone.
func (s *receiver) send(items []passed, out []byte, how func(io.Writer, []byte) error, part bool) error {
	s.write.Lock()
	err := errEnded
	switch {
	case s.to == nil:
	case s.paced() != nil:
		err = s.sendPaced(items, func(each []byte) error {
			if len(items) == 1 {
				each = out // without what was sent early
			}
			return s.writeLocked(each, how)
		})
	default:
		s.c.p.journal.add(s.c, items)
		err = s.writeLocked(out, how)
	}
	s.part = part
	s.drainLocked()
	s.write.Unlock()
	s.drain()
	s.c.p.journal.help()
	return err
}

func (s *receiver) writeLocked(out []byte, how func(io.Writer, []byte) error) (err error) {
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
func (s *receiver) sendPart(out []byte) (int, error) {
	s.write.Lock()
	defer s.write.Unlock()
	if s.to == nil {
		return 0, errEnded
	}
	if !s.part {
		s.paced().wait(s.c.ctx)
	}
	s.part = true
	return s.to.Write(out)
}

// inject queues whole commands and sends them, unless the pump is writing: then the pump sends them
// afterwards. most is how many bytes may wait then.
func (s *receiver) inject(commands []byte, rule string, most int) error {
	if len(commands) > most {
		return fmt.Errorf("%d bytes are too many: at most %d can be injected at a time", len(commands), most)
	}
	items := s.c.injected(s.dir, commands, rule)
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return errEnded
	case s.size+len(commands) > most:
		err := fmt.Errorf("%w: %d bytes", ErrWaiting, s.size)
		s.mu.Unlock()
		return err
	}
	s.waiting = append(s.waiting, items...)
	s.size += len(commands)
	s.any.Store(true)
	s.mu.Unlock()
	s.drain()
	s.c.p.journal.help()
	return nil
}

// keep queues what [Conn.SendKept] sends.
func (s *receiver) keep(kept func() ([]byte, io.Writer)) {
	s.mu.Lock()
	if !s.closed {
		s.kept = append(s.kept, kept)
		s.any.Store(true)
	}
	s.mu.Unlock()
	s.drain()
}

// sendKeptLocked sends what was kept back, in its turn. s.write is held.
func (s *receiver) sendKeptLocked(kept func() ([]byte, io.Writer)) {
	s.paced().wait(s.c.ctx)
	out, to := kept()
	if len(out) == 0 {
		return
	}
	if s.paced() != nil {
		s.c.sendsPaced(out)
	}
	_, _ = to.Write(out) // the next command finds out that the receiver is gone
	s.paced().sent()
}

// drain sends what waits, unless another goroutine is writing, which does it then. It never waits:
// commands that have to be paced are sent by a goroutine of its own, which ends with the
// connection.
func (s *receiver) drain() {
	if s.any.Load() && s.paced() != nil {
		go s.drainAll()
		return
	}
	s.drainAll()
}

func (s *receiver) drainAll() {
	for s.any.Load() && s.write.TryLock() {
		again := s.drainLocked()
		s.write.Unlock()
		if !again {
			return
		}
	}
}

// finish sends what waits, and returns when that is done, or the receiver is gone.
func (s *receiver) finish() {
	s.write.Lock()
	for s.drainLocked() {
	}
	s.write.Unlock()
	s.c.p.journal.help()
}

// drainLocked sends what waits, unless a command is unfinished, and reports whether it did. s.write
// is held.
func (s *receiver) drainLocked() bool {
	if !s.any.Load() || s.part || s.to == nil {
		return false
	}
	s.mu.Lock()
	items, kept := s.waiting, s.kept
	s.waiting, s.kept, s.size = nil, nil, 0
	s.any.Store(false)
	s.mu.Unlock()
	for _, k := range kept {
		s.sendKeptLocked(k)
	}
	write := func(out []byte) error {
		_, err := s.to.Write(out)
		return err
	}
	if s.paced() != nil {
		_ = s.sendPaced(items, write) // the direction finds the receiver gone too
		return true
	}
	s.c.p.journal.add(s.c, items)
	for i := range items {
		if write(items[i].sent()) != nil {
			break
		}
	}
	return true
}

// end closes this direction, and adds a half-close event if halfClosed. Later injections are
// refused, so no event of this direction follows its end.
func (s *receiver) end(halfClosed bool) {
	s.close()
	s.write.Lock()
	if halfClosed {
		s.c.p.journal.halfClose(s.c, s.c.p.opts.Now(), s.dir)
	}
	if s.to != nil {
		halfClose(s.to)
	}
	s.to = nil
	s.write.Unlock()
	s.c.p.journal.help()
}

// close refuses further injections, and forgets those that wait.
func (s *receiver) close() {
	s.mu.Lock()
	s.closed, s.waiting, s.kept, s.size = true, nil, nil, 0
	s.any.Store(false)
	s.mu.Unlock()
}

// injected splits commands that the other end did not send into items for the journal, naming the
// rule. Addresses to which they send the client are rewritten.
func (c *Conn) injected(dir decode.Dir, commands []byte, rule string) []passed {
	r := decode.NewReader(dir, c.grammar())
	r.Feed(commands)
	var items []passed
	var m decode.Message
	for r.Next(&m) || r.Flush(&m) {
		it := passed{
			at: c.p.opts.Now(), dir: dir, raw: append([]byte(nil), m.Raw...), cuts: []uint32{cutOf(&m)},
			flags: session.Injected, text: rule, hidden: m.Block() && !c.records(&m),
		}
		if dir == decode.FromServer {
			var to *sentOn
			if to, it.out = c.referAgain(nil, it.raw, it.at); it.out != nil {
				it.flags |= session.Rewritten
			}
			c.sends(to, it.at)
		}
		items = append(items, it)
	}
	return items
}
