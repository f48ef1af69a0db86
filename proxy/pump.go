package proxy

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// finish sends what is left once the source has ended.
func (f *direction) finish() error {
	f.begin(f.c.p.opts.Now())
	for f.next(&f.m) || f.flushReader(&f.m) {
		if err := f.take(&f.m); err != nil {
			return err
		}
	}
	err := f.flush()
	f.c.p.ended(f.c, f.dir)
	f.c.receiver(f.dir).finish()
	return err
}

// flushReader takes the rest of the reader's bytes, which no further byte will complete.
func (f *direction) flushReader(m *decode.Message) bool {
	f.over = true
	return f.in.Flush(m)
}

// saysStill waits, if an interceptor has commands of the client in hand, until all of them have
// gone to the server: a client to which nothing can be sent any more may have sent them before. It
// reports whether it waited.
func (c *Conn) saysStill(up *upstream) bool {
	if !c.asked.Load() {
		return false
	}
	select {
	case <-c.said:
	case <-up.retired:
	case <-c.ctx.Done():
	}
	return true
}

// clientPump relays what the client says, once it has found out where the client wants to go.
func (c *Conn) clientPump() {
	f := &direction{c: c, dir: decode.FromClient, src: c.client, in: c.in, rest: resting(c.client)}
	f.sock = socketOf(c.client, f.in)
	if !c.begin(f) {
		return
	}
	for {
		err := c.sayAll(f)
		c.asked.Store(false)
		if err != nil {
			close(c.said)
			// What the server said before it stopped listening still reaches the client.
			c.end(err.Error())
			c.linger(lingerTime)
			<-c.upstream().done
			c.abort(c.client)
			return
		}
		got, err := f.fill()
		c.alive()
		if err == nil && !got {
			err = f.sendEarly()
		}
		if err != nil && !got {
			c.end(why("client", err))
			_ = f.finish()
			close(c.said)
			c.leave(decode.FromClient, c.upstream().Conn, err)
			return
		}
	}
}

// leave passes on that the side which sends dir has ended with err: as an end, or as a reset.
func (c *Conn) leave(dir decode.Dir, other net.Conn, err error) {
	switch {
	case isReset(err):
		c.abort(other)
		c.closeBoth()
	case errors.Is(err, io.EOF):
		c.receiver(dir).end(c.firstHalf())
		c.linger(halfOpenTime)
	default:
		halfClose(other)
		c.linger(lingerTime)
	}
}

// firstHalf reports whether this is the first side to end. Its end has an event of its own, and is
// not why the connection ends: that is how the second side does.
func (c *Conn) firstHalf() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.half {
		return false
	}
	c.half, c.cause = true, ""
	return true
}

// begin reads until the client's destination is clear, and connects to it: to the configured
// upstream if the first line takes longer than firstLineTime. It reports whether there is anything
// to relay.
func (c *Conn) begin(f *direction) bool {
	began := false
	for {
		err := c.greet()
		if c.isHTTP() {
			c.end("HTTP after all: its sessions are connections of their own")
			return false
		}
		v := read(c.in.Pending())
		if !began && err == nil {
			began = true
			f.timed = true
			err = c.client.SetReadDeadline(time.Now().Add(firstLineTime))
		}
		if err == nil && (v.kind == undecided || v.kind == anywhere && c.mayBeHTTP()) {
			continue
		}
		if len(c.in.Pending()) == 0 {
			c.end(why("client", err))
			return false
		}
		if name := otherProtocol(c.in.Pending()); name != "" {
			c.p.log.Warn("a client does not speak MSN: its bytes are forwarded unchanged", "client", c.from, "speaks",
				name)
			text := "this client speaks " + name + ", not MSN"
			c.p.journal.note(c, c.p.opts.Now(), text)
			if name == "TLS" {
				c.p.countBypass(text)
			}
		}
		if v.kind == fileSender {
			return c.beginTransfer(f)
		}
		failed := c.waitTurn()
		if failed == nil {
			failed = c.connect(v)
		}
		if failed != nil {
			c.end(failed.Error())
			c.refuse(f)
			return false
		}
		return true
	}
}

// refuse records what the client said to a server that cannot be reached, so that no byte is
// missing among the events, and resets the client's connection, as a refused one would be.
func (c *Conn) refuse(f *direction) {
	c.receiver(decode.FromClient).aim(nowhere{c.client})
	_ = f.finish()
	c.abort(c.client)
}

// nowhere is a server that cannot be reached: writes to it are lost.
type nowhere struct{ net.Conn }

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

// sayAll relays what was read. Before the user is known it does so command by command, since the
// one that names the user may belong to another upstream.
func (c *Conn) sayAll(f *direction) error {
	f.begin(c.p.opts.Now())
	for m := &f.m; c.logon && f.next(m); {
		row := dialect.MSNP2.Match(decode.FromClient, dialect.DS|dialect.NS, m)
		if row != nil && row.Find(m, dialect.Self) != nil {
			if err := c.sayHome(f, m, string(row.Find(m, dialect.Self))); err != nil {
				return err
			}
		} else if len(c.prelude)+len(m.Raw) <= decode.MaxLine {
			c.prelude = append(c.prelude, m.Raw...)
		} else {
			c.logon, c.prelude = false, nil // too much to say again: the client stays where it is
		}
		if err := f.take(m); err != nil {
			return err
		}
	}
	return f.relay()
}

// sayHome sends what came before m, the command that names the user, and moves the connection to
// the user's upstream.
func (c *Conn) sayHome(f *direction, m *decode.Message, user string) error {
	f.write(f.at()-len(m.Raw), nil)
	if f.err != nil {
		return f.err
	}
	old := c.upstream()
	defer func() { c.prelude = nil }() // said for the last time
	if err := c.rehome(user); err != nil {
		c.receiver(decode.FromClient).aim(nowhere{c.client})
		if f.take(m) == nil && f.flush() == nil {
			c.refuse(f)
		}
		return err
	}
	if c.upstream() != old {
		f.mark = min(f.mark, f.at()-len(m.Raw)) // what was sent early went to the other one
	}
	return nil
}

// serverPump relays what an upstream says to the client, until the upstream ends or is retired.
func (c *Conn) serverPump(up *upstream) {
	defer close(up.done)
	f := &direction{
		c: c, dir: decode.FromServer, src: up, in: decode.NewReader(decode.FromServer, dialect.MSNP2),
		rest: resting(up.Conn),
	}
	f.sock = socketOf(up.Conn, f.in)
	for {
		got, err := f.fill()
		if isRetired(up) {
			return
		}
		c.alive()
		if err == nil && !got {
			err = f.sendEarly()
		}
		if got {
			c.endTurn()
			if werr := c.hear(up, f); werr != nil {
				c.end(werr.Error())
				if !c.saysStill(up) {
					c.abort(up.Conn)
				}
				c.closeBoth()
				return
			}
		}
		if err != nil {
			c.end(why("server", err))
			_ = f.finish()
			c.leave(decode.FromServer, c.client, err)
			return
		}
	}
}

// hear relays what the upstream said, but for the first up.skip answers: they repeat what the
// client has heard from another upstream.
func (c *Conn) hear(up *upstream, f *direction) error {
	f.begin(c.p.opts.Now())
	for ; up.skip > 0; up.skip-- {
		if !f.next(&f.m) {
			return nil
		}
		f.count++
		f.skip(f.at())
	}
	err := f.relay()
	up.passed = f.count
	return err
}
