package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
)

// flow carries what one direction has read and not sent: the messages of one read go out in one write, a command that
// came in pieces is kept until it is whole or has waited long enough.
type flow struct {
	c     *conn
	dir   decode.Dir
	src   net.Conn
	in    *decode.Reader
	out   []byte
	count int       // commands that were whole
	early int       // bytes of the unfinished command that were sent already
	since time.Time // when the unfinished command began to wait, zero if nothing waits
}

// fill reads once, and not longer than the unfinished command may wait. It reports whether bytes came; false with a nil
// error means that the wait is over.
func (f *flow) fill() (bool, error) {
	var deadline time.Time
	switch pending := f.in.Pending(); {
	case len(pending) == f.early || f.mustWait(pending):
		f.since = time.Time{}
	case len(pending) > holdBytes:
		return false, nil
	case f.since.IsZero():
		f.since = time.Now()
		fallthrough
	default:
		deadline = f.since.Add(holdTime)
	}
	if err := f.src.SetReadDeadline(deadline); err != nil {
		return false, err
	}
	n, err := f.in.Fill(f.src)
	if isTimeout(err) && !deadline.IsZero() && n == 0 {
		return false, nil
	}
	return n > 0, err
}

// mustWait reports whether the unfinished command must not be sent in part: a line from the server that may hold an
// address. Lines are bounded, so this is too.
func (f *flow) mustWait(pending []byte) bool {
	return f.dir == decode.FromServer && referral.MayHold(pending)
}

// sendEarly sends on what waits although the command is not finished.
func (f *flow) sendEarly(dst io.Writer) error {
	pending := f.in.Pending()
	n, err := dst.Write(pending[f.early:])
	f.early += n
	f.since = time.Time{}
	return err
}

// add puts the bytes of a whole command with those that leave in the next write. Of a command that was sent in part, only
// the rest.
func (f *flow) add(raw []byte) {
	sent := min(f.early, len(raw))
	f.out = append(f.out, raw[sent:]...)
	f.count++
	f.early, f.since = f.early-sent, time.Time{}
}

// flush writes what was added.
func (f *flow) flush(dst io.Writer) error {
	if len(f.out) == 0 {
		return nil
	}
	_, err := dst.Write(f.out)
	f.out = f.out[:0]
	if err != nil {
		return fmt.Errorf("write to the %s: %w", map[decode.Dir]string{decode.FromClient: "server", decode.FromServer: "client"}[f.dir], err)
	}
	return nil
}

// relay observes all whole commands that were read and writes them.
func (f *flow) relay(dst io.Writer, now time.Time) error {
	var m decode.Message
	for f.next(&m) {
		f.add(f.c.observe(f.dir, &m, now))
		if f.c.p.opts.OnePerWrite {
			if err := f.flush(dst); err != nil {
				return err
			}
		}
	}
	return f.flush(dst)
}

// next returns the next whole command, framed by the table of the dialect as known by now; a command that was sent in part
// stays framed as it began.
func (f *flow) next(m *decode.Message) bool {
	if f.early == 0 {
		f.in.Grammar = f.c.grammar()
	}
	return f.in.Next(m)
}

// finish observes and sends what is left when the source has ended.
func (f *flow) finish(dst io.Writer, now time.Time) error {
	var m decode.Message
	for f.next(&m) || f.in.Flush(&m) {
		f.add(f.c.observe(f.dir, &m, now))
	}
	return f.flush(dst)
}

// clientPump carries what the client says, and first finds out where it wants to go.
func (c *conn) clientPump(ctx context.Context) {
	f := &flow{c: c, dir: decode.FromClient, src: c.client, in: c.in}
	if !c.begin(ctx, f) {
		return
	}
	for {
		if err := c.sayAll(ctx, f); err != nil {
			// What the server said before it stopped listening still reaches the client.
			c.end(err.Error())
			c.linger()
			return
		}
		got, err := f.fill()
		if err == nil && !got {
			err = f.sendEarly(c.upstream())
		}
		if err != nil && !got {
			c.end(why("client", err))
			_ = f.finish(c.upstream(), c.p.opts.Now())
			halfClose(c.upstream().Conn)
			c.linger()
			return
		}
	}
}

// begin reads until the client's destination is clear and connects there: to the configured upstream when the rest of the
// first line does not come in time. False: there is nothing to relay.
func (c *conn) begin(ctx context.Context, f *flow) bool {
	began := false
	for {
		_, err := c.in.Fill(c.client)
		v := read(c.in.Pending())
		if !began && err == nil {
			began = true
			err = c.client.SetReadDeadline(time.Now().Add(firstLineTime))
		}
		if v.kind == undecided && err == nil {
			continue
		}
		if len(c.in.Pending()) == 0 {
			c.end(why("client", err))
			return false
		}
		if failed := c.connect(ctx, v); failed != nil {
			c.end(failed.Error())
			c.refuse(f)
			return false
		}
		return true
	}
}

// refuse publishes what the client said to a server that cannot be reached: nothing that was received is lost.
func (c *conn) refuse(f *flow) {
	var m decode.Message
	now := c.p.opts.Now()
	for f.next(&m) || f.in.Flush(&m) {
		c.observe(decode.FromClient, &m, now)
	}
}

// sayAll relays what was read; on a connection whose user is not known yet, command by command, since the one that names
// the user may belong to another upstream.
func (c *conn) sayAll(ctx context.Context, f *flow) error {
	now := c.p.opts.Now()
	var m decode.Message
	for c.logon && f.next(&m) {
		row := dialect.MSNP2.Match(decode.FromClient, dialect.DS|dialect.NS, &m)
		if row != nil && row.Find(&m, dialect.Self) != nil {
			if err := f.flush(c.upstream()); err != nil {
				return err
			}
			old := c.upstream()
			if err := c.rehome(ctx, string(row.Find(&m, dialect.Self))); err != nil {
				c.observe(decode.FromClient, &m, now)
				c.refuse(f)
				return err
			}
			if c.upstream() != old {
				f.early = 0 // what was sent early went to the other one
			}
		} else if c.prelude = append(c.prelude, m.Raw...); len(c.prelude) > decode.MaxLine {
			c.logon = false // too much to say again: the client stays where it is
		}
		f.add(c.observe(decode.FromClient, &m, now))
		if c.p.opts.OnePerWrite {
			if err := f.flush(c.upstream()); err != nil {
				return err
			}
		}
	}
	return f.relay(c.upstream(), now)
}

// serverPump carries what an upstream says to the client. It ends when the upstream does, or is retired.
func (c *conn) serverPump(up *upstream) {
	defer close(up.done)
	f := &flow{c: c, dir: decode.FromServer, src: up, in: decode.NewReader(decode.FromServer, dialect.MSNP2)}
	for {
		got, err := f.fill()
		if isRetired(up) {
			return
		}
		now := c.p.opts.Now()
		if err == nil && !got {
			err = f.sendEarly(c.client)
		}
		if got {
			if werr := c.hear(up, f, now); werr != nil {
				c.end(werr.Error())
				c.closeBoth()
				return
			}
		}
		if err != nil {
			c.end(why("server", err))
			_ = f.finish(c.client, now)
			halfClose(c.client)
			c.linger()
			return
		}
	}
}

// hear relays what the upstream said; the first answers of one that repeats what the client heard from another are kept.
func (c *conn) hear(up *upstream, f *flow, now time.Time) error {
	var m decode.Message
	for ; up.skip > 0; up.skip-- {
		if !f.next(&m) {
			return nil
		}
		f.count++
	}
	err := f.relay(c.client, now)
	up.passed = f.count
	return err
}
