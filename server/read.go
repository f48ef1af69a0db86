package server

import (
	"errors"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

const (
	// slowest is the rate, in bytes a second, at which an unfinished command must arrive once the
	// first LogonTimeout has passed. A modem of 1999 is as fast.
	slowest = 4 << 10
	// largeRead is the size of the read buffers that connections share. A socket needs no buffer
	// while it waits for data. A connection that is not a socket waits with a buffer of smallRead
	// bytes, which a usual command fits into; when it comes back full, there is more to read.
	smallRead = 512
	largeRead = 32 << 10
)

var (
	errLate  = errors.New("the client took too long")
	errCrash = errors.New("internal error")
	// Nothing that a client may send before its logon has a payload. From a client that is logged
	// on the server accepts messages of up to 1 MB, which bounds a connection's buffer.
	errGreedy = errors.New("the client sent a payload before its logon")
)

// readLoop reads and serves the client's commands. The error says why it stopped; it is io.EOF when
// the client closed its side, and errParked when the connection was parked.
func (c *conn) readLoop() error {
	var small []byte
	if c.raw == nil {
		small = make([]byte, smallRead)
	}
	var limit time.Time
	var rest time.Time // when to park the connection
	rested := true     // whether nothing has come since rest was set
	for full := false; ; {
		until, ask := c.until(), c.unfinishedAt()
		asks := !ask.IsZero() && (until.IsZero() || ask.Before(until))
		rests := until.IsZero() && !asks && c.parks()
		switch {
		case asks:
			until = ask
		case rests: // not a deadline for each read, which would cost a tenth of it
			if now := time.Now(); rested || !now.Before(rest) {
				rest, rested = now.Add(c.s.rest), true
			}
			until = rest
		}
		if until != limit {
			// fails only on a closed connection, and then the read fails too
			_ = c.nc.SetReadDeadline(until)
			limit = until
		}
		if c.out.ending() { // checked after the deadline was set: see wake
			return errEnded
		}
		n, err := c.read(small, full)
		rested = rested && n == 0
		c.pace()
		full = n == smallRead || n == largeRead
		if c.out.ending() {
			return errEnded
		}
		switch {
		case err == nil:
		case asks && errors.Is(err, os.ErrDeadlineExceeded):
			c.sayUnfinished()
		case rests && errors.Is(err, os.ErrDeadlineExceeded):
			if rested && c.park() {
				return errParked
			}
		case errors.Is(err, os.ErrDeadlineExceeded):
			return errLate
		default:
			return err
		}
	}
}

// pace keeps a member of a session from sending faster than the others read. It waits for patience
// at most: a member that does not read at all loses its connection, and nobody waits for it.
func (c *conn) pace() {
	if c.seat.session == nil {
		return
	}
	taken := c.seat.session.much(c)
	if taken == nil || c.seat.waited { // a member that does not read is waited for only once
		c.seat.waited = taken != nil
		return
	}
	enough := time.NewTimer(patience)
	defer enough.Stop()
	for ; taken != nil; taken = c.seat.session.much(c) {
		select {
		case <-taken:
		case <-enough.C:
			c.seat.waited = true
			return
		case <-c.closed:
			return
		}
	}
}

// read does one Read, serves the commands in it, and returns how many bytes it read. buf and large
// are for a connection that is not a socket: its own buffer, and whether to use a shared one
// instead.
func (c *conn) read(buf []byte, large bool) (int, error) {
	if c.raw != nil {
		return readRaw(c.raw, c.batch)
	}
	return c.readSmall(buf, large)
}

// readSmall is read for a connection that is not a socket.
func (c *conn) readSmall(buf []byte, large bool) (int, error) {
	if large {
		shared := largeReads.Get().(*[]byte)
		defer largeReads.Put(shared)
		buf = *shared
	}
	n, err := c.nc.Read(buf)
	if n > 0 {
		if crash := c.batch(buf[:n]); crash != nil {
			return n, crash
		}
	}
	return n, err
}

var largeReads = sync.Pool{New: func() any { b := make([]byte, largeRead); return &b }}

// batch serves the commands that one read brought. What they make the server send is written after
// the last of them, to each connection in as few writes as possible, or earlier once it grows
// large.
func (c *conn) batch(b []byte) (err error) {
	c.begin()
	defer c.end()
	defer func() {
		if p := recover(); p != nil { // a bug of the server costs only the connection that met it
			c.log().Error("internal error", "panic", p, "stack", string(debug.Stack()))
			c.sendError(c.s.set.answers()[internalError].code, "")
			err = errCrash
		}
	}()
	if c.in == nil {
		c.in = readers.Get().(*decode.Reader)
	}
	if !c.begged.IsZero() {
		c.waited += time.Since(c.begged)
	}
	c.in.Borrow(b)
	c.s.counts.received.Add(uint64(len(b)))
	w := works.Get().(*work)
	defer func() {
		w.count(&c.s.counts)
		works.Put(w)
	}()
	defer c.relay()
	w.m.Why, w.table = decode.NotOpaque, nil
	// VER changes the grammar: see speak
	for c.in.Grammar = c.table; !c.out.ending() && c.in.Next(&w.m); {
		c.serve(w)
		c.waited, c.told = 0, false
		c.breathe()
	}
	c.in.Return()
	pending := len(c.in.Pending())
	switch {
	case c.stranger() && pending > decode.MaxLine && !c.out.ending():
		c.fail(&request{m: new(decode.Message)}, unframed)
		return errGreedy
	case (pending > spareBytes || c.large) && !c.keep(pending):
		return errHoard
	case pending == 0 && !w.m.Opaque(): // the reader is in step and holds nothing
		readers.Put(c.in)
		c.in = nil
	}
	return nil
}

// keep counts the pending bytes of an unfinished command and reports whether the budgets allow
// them. Where they do not, it answers the client and drops the bytes.
func (c *conn) keep(pending int) bool {
	c.large = pending > spareBytes
	for !c.out.keep(pending) {
		if !c.s.reap(c, c.out.wants(pending)) {
			c.fail(&request{m: new(decode.Message)}, hoarding)
			c.in = nil
			return false
		}
	}
	return true
}

// work is the scratch space for serving one batch. It comes from a pool and goes back when the
// batch is done.
type work struct {
	m decode.Message
	r request

	// What was looked up for the last command, since the next is often the same: the verb, known to
	// the server, and its dialect; the row and its handler.
	verb  decode.Verb
	table *dialect.Table // nil where verb is not set
	row   *dialect.Row
	h     handler
	// run is how many commands of that row, sent to that role, are not counted yet.
	run  uint64
	role dialect.Role
}

var (
	works   = sync.Pool{New: func() any { return new(work) }}
	readers = sync.Pool{New: func() any { return decode.NewReader(decode.FromClient, dialect.MSNP2) }}
)

// until returns the deadline of the next read, the zero time for none. For a command that has
// begun, the time allowed in all grows only with what has arrived of it, so that a client cannot
// prolong it by sending a byte now and then.
func (c *conn) until() time.Time {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.begged = time.Time{}
	switch idle := c.s.set.IdleTimeout; {
	case c.stranger(), c.user.referred:
		return c.due
	case c.in != nil && len(c.in.Pending()) > 0:
		c.begged = time.Now()
		came := time.Duration(len(c.in.Pending())) * time.Second / slowest
		return c.begged.Add(c.s.o.LogonTimeout + came - c.waited)
	case c.role == dialect.SB && idle > 0:
		return time.Now().Add(idle)
	}
	return time.Time{}
}
