package proxy

import (
	"errors"
	"fmt"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// senderTime is how long the sender of a file may take to accept, for each of its addresses: the
// receiver waits, and does nothing else meanwhile.
const senderTime = 5 * time.Second

// errStranger is why a client that nobody invited to a file transfer is closed at once.
var errStranger = errors.New("nobody invited a client at this address to a file transfer through this proxy")

// beginTransfer connects a client that wants to receive a file with the client that sends it, and
// reports whether there is anything to relay.
//
// Receivers wait for the sender's VER before they say who they are. If only one invited user can be
// at the client's address, the sender is dialled at once. Otherwise the proxy answers VER itself
// and hears USR first: a wrong guess would use up the one connection that some senders accept, and
// so would a stranger's.
func (c *Conn) beginTransfer(f *direction) bool {
	now := c.p.opts.Now()
	c.p.mu.Lock()
	c.cargo = newCargo(c)
	c.aim(target{role: dialect.FT})
	all, sure := c.p.transfers.waiting(c.from.Addr(), now)
	c.p.mu.Unlock()
	var err error
	switch {
	case len(all) == 0:
		err = errStranger
	case sure:
		c.joining = all[0]
		err = c.dialSender(all[0], 0)
	default:
		err = c.askGuest(f)
	}
	if err != nil {
		c.stranger(f, err)
		return false
	}
	return true
}

// stranger closes a receiver's connection at once, with an event for what it said.
func (c *Conn) stranger(f *direction, err error) {
	c.joining = nil
	c.note(c.p.opts.Now(), "a file transfer was refused: %v", err)
	c.end(err.Error())
	c.refuse(f)
	c.closeBoth()
}

// dialSender connects to the sender of a file, at the first of its addresses where it accepts, and
// swallows its first skip answers.
func (c *Conn) dialSender(v *invitation, skip int) (err error) {
	for _, address := range v.targets {
		c.p.mu.Lock()
		c.aim(target{address: address, role: dialect.FT})
		c.p.mu.Unlock()
		if err = c.dial(address, skip, senderTime); err == nil || c.ctx.Err() != nil {
			return err
		}
	}
	return err
}

// askGuest answers the receiver's VER in the sender's place, waits for USR, and dials the sender of
// the file that it names.
func (c *Conn) askGuest(f *direction) error {
	sender := c.receiver(decode.FromClient)
	sender.aim(nowhere{c.client})
	f.begin(c.p.opts.Now())
	if !f.next(&f.m) {
		return errStranger
	}
	prelude := append([]byte{}, f.m.Raw...)
	ready := append(append([]byte{}, f.m.Line()...), "\r\n"...) // both ends say the same
	if err := f.take(&f.m); err != nil {
		return err
	}
	if err := f.flush(); err != nil {
		return err
	}
	sender.aim(nil)
	rule := "several users may be at this address: the sender is dialled once the receiver has named itself"
	if err := c.Inject(decode.FromServer, ready, rule); err != nil {
		return err
	}
	v, err := c.heardGuest()
	if err != nil {
		return err
	}
	if err := c.dialSender(v, 1); err != nil {
		return err
	}
	if _, err := c.upstream().Write(prelude); err != nil {
		return fmt.Errorf("write to %s: %w", c.upstream().address, err)
	}
	return nil
}

// heardGuest reads until the receiver has said who it is, and returns the invitation that it
// follows. USR stays with the reader.
func (c *Conn) heardGuest() (*invitation, error) {
	if err := c.client.SetReadDeadline(time.Now().Add(firstLineTime)); err != nil {
		return nil, err
	}
	for {
		r := decode.NewReader(decode.FromClient, dialect.MSNP2.At(dialect.FT))
		r.Feed(c.in.Pending())
		var m decode.Message
		if r.Next(&m) {
			return c.guest(&m)
		}
		if _, err := c.in.Fill(c.client); err != nil {
			return nil, errors.New(why("client", err))
		}
	}
}

// guest returns the invitation that the receiver names in m, its USR, and uses it up.
func (c *Conn) guest(m *decode.Message) (*invitation, error) {
	row := dialect.MSNP2.Match(decode.FromClient, dialect.FT, m)
	if row == nil || row.Find(m, dialect.Self) == nil || row.Find(m, dialect.Cookie) == nil {
		return nil, errors.New("the receiver does not say who it is")
	}
	user, cookie := string(row.Find(m, dialect.Self)), string(row.Find(m, dialect.Cookie))
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	v, g, err := c.p.transfers.find(cookie, user, c.p.opts.Now())
	switch {
	case err != nil:
		return nil, err
	case c.joining != nil && c.joining != v:
		return nil, fmt.Errorf("%s follows another invitation than the one that is open for its address", user)
	}
	g.came = true
	return v, nil
}

// mayPass checks what a receiver says before it is known who it is: only VER passes before its USR
// has been found right.
func (c *Conn) mayPass(m *decode.Message) error {
	if row := dialect.MSNP2.Match(decode.FromClient, dialect.FT, m); row != nil && row.Implies == dialect.FT {
		return nil
	}
	if _, err := c.guest(m); err != nil {
		return err
	}
	c.joining = nil
	return nil
}

// carries handles the command m of a file transfer, in either direction.
func (f *direction) carries(h *hook, m *decode.Message) error {
	if f.dir == decode.FromClient && f.c.joining != nil {
		if err := f.c.mayPass(m); err != nil {
			f.write(f.at()-len(m.Raw), nil)
			f.c.receiver(decode.FromClient).aim(nowhere{f.c.client})
			f.c.joining = nil
			f.cuts = append(f.cuts, cutOf(m))
			_ = f.flush()
			f.c.note(f.now, "a file transfer was refused: %v", err)
			f.c.end(err.Error())
			f.c.abort(f.c.client)
			f.c.closeBoth()
			return err
		}
	}
	var row *dialect.Row
	if !m.Opaque() {
		row = dialect.MSNP2.Match(f.dir, dialect.FT, m)
	}
	recorded, done := f.c.cargo.add(row, m)
	switch {
	case h == nil && !recorded:
		f.leaveOut()
	case h == nil && f.plain(m):
		f.cuts = append(f.cuts, cutOf(m))
	default:
		f.secret = !recorded
		f.decide(h, m)
		f.secret = false
	}
	f.since = time.Time{}
	if done {
		_ = f.flush()
		now := f.now
		f.c.p.conns.Go(func() { f.c.cargo.tell(now) })
	}
	if f.c.pace != nil && f.dir == decode.FromClient {
		return f.flush()
	}
	return f.err
}

// leaveOut lets the block that was just taken leave as it came, without an event.
func (f *direction) leaveOut() {
	end := f.at()
	f.list(end - len(f.m.Raw))
	f.listed = end
}

// fileText says what happened to the content of a transfer, for its gap.
func fileText(blocks int, bytes uint64, most int64) string {
	return fmt.Sprintf("%d blocks with %d bytes of the file are not recorded: at most %d bytes of each file are",
		blocks, bytes, most)
}

// said returns the note about the transfer as it stands, with what became of its copy.
func (k *cargo) said(kept string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.c.p.mu.Lock()
	file, user := k.c.sess.File(), k.c.sess.User()
	k.c.p.mu.Unlock()
	text := k.transfer.Summary(file, user, k.digest.sum)
	if kept != "" {
		text += ", " + kept
	}
	return text
}
