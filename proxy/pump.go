package proxy

import (
	"net"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// finish sends what is left when the source has ended.
func (f *flow) finish() error {
	f.begin(f.c.p.opts.Now())
	for f.next(&f.m) || f.in.Flush(&f.m) {
		if err := f.take(&f.m); err != nil {
			return err
		}
	}
	err := f.flush()
	f.c.p.ended(f.c, f.dir)
	return err
}

// saysStill waits, if an interceptor has what the client said in hand, until all of that has gone to the server: a client that cannot be told
// anything any more may have said it before. It reports whether it waited.
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

// clientPump carries what the client says, and first finds out where it wants to go.
func (c *Conn) clientPump() {
	f := &flow{c: c, dir: decode.FromClient, src: c.client, in: c.in}
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
			c.linger()
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
			c.leave(c.upstream().Conn, err)
			return
		}
	}
}

// leave carries the end of one side over to the other: as its end, or as a reset.
func (c *Conn) leave(other net.Conn, err error) {
	if isReset(err) {
		c.abort(other)
		c.closeBoth()
		return
	}
	halfClose(other)
	c.linger()
}

// begin reads until the client's destination is clear and connects there: to the configured upstream when the rest of the
// first line does not come in time. False: there is nothing to relay.
func (c *Conn) begin(f *flow) bool {
	began := false
	for {
		_, err := c.in.Fill(c.client)
		v := read(c.in.Pending())
		if !began && err == nil {
			began = true
			f.timed = true
			err = c.client.SetReadDeadline(time.Now().Add(firstLineTime))
		}
		if v.kind == undecided && err == nil {
			continue
		}
		if len(c.in.Pending()) == 0 {
			c.end(why("client", err))
			return false
		}
		if name := foreign(c.in.Pending()); name != "" {
			c.p.log.Warn("a client does not speak MSN; what it says goes on as it is", "client", c.from, "speaks", name)
			c.p.story.note(c, c.p.opts.Now(), "this client speaks "+name+", not MSN")
		}
		if failed := c.connect(v); failed != nil {
			c.end(failed.Error())
			c.refuse(f)
			return false
		}
		return true
	}
}

// refuse tells what the client said to a server that cannot be reached, nothing that was received is lost, and lets the client
// find its connection broken, as it would have found it refused.
func (c *Conn) refuse(f *flow) {
	c.sink(decode.FromClient).aim(nowhere{c.client})
	_ = f.finish()
	c.abort(c.client)
}

// nowhere is a server that cannot be reached.
type nowhere struct{ net.Conn }

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

// sayAll relays what was read; on a connection whose user is not known yet, command by command, since the one that names
// the user may belong to another upstream.
func (c *Conn) sayAll(f *flow) error {
	f.begin(c.p.opts.Now())
	for m := &f.m; c.logon && f.next(m); {
		row := dialect.MSNP2.Match(decode.FromClient, dialect.DS|dialect.NS, m)
		if row != nil && row.Find(m, dialect.Self) != nil {
			if err := c.sayHome(f, m, string(row.Find(m, dialect.Self))); err != nil {
				return err
			}
		} else if c.prelude = append(c.prelude, m.Raw...); len(c.prelude) > decode.MaxLine {
			c.logon = false // too much to say again: the client stays where it is
		}
		if err := f.take(m); err != nil {
			return err
		}
	}
	return f.relay()
}

// sayHome sends what came before the command m, which names the user, and finds the user's home.
func (c *Conn) sayHome(f *flow, m *decode.Message, user string) error {
	f.write(f.at()-len(m.Raw), nil)
	if f.err != nil {
		return f.err
	}
	old := c.upstream()
	if err := c.rehome(user); err != nil {
		c.sink(decode.FromClient).aim(nowhere{c.client})
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

// serverPump carries what an upstream says to the client. It ends when the upstream does, or is retired.
func (c *Conn) serverPump(up *upstream) {
	defer close(up.done)
	f := &flow{c: c, dir: decode.FromServer, src: up, in: decode.NewReader(decode.FromServer, dialect.MSNP2)}
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
			c.leave(c.client, err)
			return
		}
	}
}

// hear relays what the upstream said; the first answers of one that repeats what the client heard from another are kept.
func (c *Conn) hear(up *upstream, f *flow) error {
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
