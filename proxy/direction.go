package proxy

import (
	"bytes"
	"net"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// direction is the state of the pump of one direction: commands that one read brought leave in one
// write, and a command that came in pieces is kept until it is whole or has waited for holdTime.
// Only the goroutine of the pump uses it.
type direction struct {
	c     *Conn
	dir   decode.Dir
	src   net.Conn
	sock  *socket // reads from src; nil if it is no TCP connection
	in    *decode.Reader
	count int       // commands that have left
	early int       // bytes of the unfinished command that were sent already
	since time.Time // when the unfinished command began to wait, zero if nothing waits
	timed bool      // src has a deadline
	rest  func()    // called before it reads with nothing on its way, nil for nobody
	stall stall
	ahead *ahead // to be read before src; nil for nothing

	// What has been taken from the reader and not been written yet.
	now    time.Time      // when it was read
	buf    []byte         // what the reader held when begin was called
	mark   int            // buf[mark:at()] leaves as it came, after out
	listed int            // buf[listed:at()] is not among the items
	out    []byte         // bytes that leave before those
	items  []passed       // what is added to the journal with the write
	cuts   []uint32       // of items, and of the commands after listed
	from   int            // the first cut after listed
	m      decode.Message // the command at hand
	event  session.Event
	reply  []passed // what the sender is sent after the write
	err    error    // the first error of writing
	secret bool     // the block at hand gets no event
	warned bool     // a line without end has been logged
	over   bool     // the source has ended: what is found after an unfinished command is a guess
}

// fill reads once, at most until the unfinished command has waited for holdTime. It reports whether
// bytes came; false with a nil error means that this wait is over. After waitTime it tells of the
// wait and goes on.
func (f *direction) fill() (bool, error) {
	f.slim()
	if f.ahead != nil && (len(f.ahead.data) > 0 || f.ahead.err != nil) {
		return f.fillAhead()
	}
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
	hold := !deadline.IsZero()
	if tell := f.tellAt(); !tell.IsZero() && (!hold || tell.Before(deadline)) {
		hold, deadline = false, tell
	}
	if timed := !deadline.IsZero(); timed || f.timed {
		if err := f.src.SetReadDeadline(deadline); err != nil {
			return false, err
		}
		f.timed = timed
	}
	if f.rest != nil && !hold {
		f.rest()
	}
	n, err := f.read()
	switch {
	case !isTimeout(err) || deadline.IsZero() || n > 0:
		return n > 0, err
	case hold:
		return false, nil
	}
	f.tell()
	return f.fill()
}

// read reads once from the source.
func (f *direction) read() (int, error) {
	if f.sock != nil {
		return f.sock.fill()
	}
	return f.in.Fill(f.src)
}

// slim frees the memory that a large command took, before the wait for the next read: a sender that
// is silent from then on must cost no more than others (law 11). The reader does likewise.
func (f *direction) slim() {
	if cap(f.buf) > 4*holdBytes { // more than a busy connection uses
		f.buf = nil
		f.m = decode.Message{}
		f.event = session.Event{}
	}
	if cap(f.out) > 4*holdBytes {
		f.out = nil
	}
	if cap(f.items) > keptItems {
		f.items, f.cuts = nil, nil
	}
}

// mustWait reports whether no part of the unfinished command may be sent yet: from the server,
// because the line may hold an address to rewrite, and in either direction, because an interceptor
// has to see it first. Lines are bounded, so the wait is too.
func (f *direction) mustWait(pending []byte) bool {
	switch {
	case f.in.InParts():
		return false
	case f.c.cargo != nil && len(pending) > 0 && pending[0] > 1: // lines of file transfers leave whole
		return true
	case f.early == 0 && f.c.p.hook.Load() != nil && mayBegin(pending):
		return true
	}
	return f.dir == decode.FromServer && referral.MayHold(pending)
}

// mayBegin reports whether b may be the beginning of a command, whose first word is three letters
// or digits.
func mayBegin(b []byte) bool {
	b = bytes.TrimLeft(b, " \t")
	for _, c := range b[:min(3, len(b))] {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(b) < 4 || bytes.IndexByte([]byte(" \t\r\n"), b[3]) >= 0
}

// sendEarly sends the part that has come of an unfinished command.
func (f *direction) sendEarly() error {
	n, err := f.c.receiver(f.dir).sendPart(f.in.Pending()[f.early:])
	f.early += n
	f.since = time.Time{}
	return f.fail(err)
}

// begin makes what the reader holds the bytes to relay, read at now, but for the part that was sent
// early.
func (f *direction) begin(now time.Time) {
	f.now, f.buf, f.mark, f.listed = now, f.in.Pending(), f.early, 0
}

// at returns how much of buf has been taken.
func (f *direction) at() int { return len(f.buf) - len(f.in.Pending()) }

// relay takes all whole commands from the reader and writes them. It returns the first error of
// writing.
func (f *direction) relay() error {
	for f.skim(); f.next(&f.m); f.skim() {
		if err := f.take(&f.m); err != nil {
			return err
		}
	}
	err := f.flush()
	if f.c.cargo != nil {
		f.c.cargo.pass()
	}
	return err
}

// skim takes the leading commands that nobody needs to look at. Each command of a file transfer is
// looked at: none but VER may pass before its receiver is known.
func (f *direction) skim() {
	if !f.c.settled.Load() || f.c.pace != nil || f.c.cargo != nil {
		return
	}
	except := &careful[side(f.dir)]
	if h := f.c.p.hook.Load(); h != nil {
		except = h.careful[side(f.dir)]
	}
	if except != nil {
		f.cuts = f.in.Skim(except, f.cuts)
	}
}

// take handles one command. Most are plain and pass as they came; the others are decided about.
func (f *direction) take(m *decode.Message) error {
	h := f.c.p.hook.Load()
	if h != nil && !h.sees(f.dir, m) {
		h = nil
	}
	if f.c.cargo != nil {
		return f.carries(h, m)
	}
	if h == nil && f.plain(m) {
		f.cuts = append(f.cuts, cutOf(m))
	} else {
		f.decide(h, m)
	}
	f.since = time.Time{}
	if f.c.pace != nil && f.dir == decode.FromClient || f.full() {
		return f.flush()
	}
	return f.err
}

// Caps of what is taken before it is written. What one read brought fits, even commands of four
// bytes each; what an interceptor adds to each of them, such as a hundred copies, does not.
const (
	maxTaken      = 16 << 10 // commands
	maxTakenBytes = 1 << 20
	// keptItems is how many items keep their memory, 160 KB, for the next read.
	keptItems = 1 << 10
)

// full reports whether so much has been taken that it must be written before the read is done.
func (f *direction) full() bool { return len(f.items) >= maxTaken || len(f.out) >= maxTakenBytes }

// plain reports whether m passes unseen: it neither changes what the proxy decides by nor may be
// changed by the proxy.
func (f *direction) plain(m *decode.Message) bool {
	switch {
	case !f.c.settled.Load():
		return false
	case m.Opaque():
		f.warn(m)
		return true
	case f.dir == decode.FromServer && referral.MayHoldInside(m), mayInvite(m):
		return false
	}
	return !matters[side(f.dir)].Has(m.Verb)
}

// warn logs, once for each direction, that a line has no end.
func (f *direction) warn(m *decode.Message) {
	if m.Why == decode.LineTooLong && !f.warned {
		f.warned = true
		f.c.p.log.Warn("a line is longer than any command: it is forwarded unchanged", "from", f.dir, "client",
			f.c.from,
			"bytes", decode.MaxLine)
	}
}

// next returns the next whole command, framed by the table of the dialect as known by now; a
// command that was sent in part stays framed as it began.
func (f *direction) next(m *decode.Message) bool {
	if f.mark <= f.at() {
		f.in.Grammar = f.c.grammar()
	}
	found := f.in.Next(m)
	if found && f.dir == decode.FromServer {
		f.c.pace.heard(m)
	}
	return found
}

// decide handles a command that matters: the connection learns from it, its addresses are
// rewritten, and the interceptor h, if not nil, decides what becomes of it.
func (f *direction) decide(h *hook, m *decode.Message) {
	end := f.at()
	start := end - len(m.Raw)
	f.warn(m)
	e := &f.event
	e.In = *m
	f.c.p.mu.Lock()
	f.c.learn(e, f.dir, f.now)
	if f.dir == decode.FromClient && !f.over {
		f.c.follows(e, f.now)
	}
	f.c.p.mu.Unlock()
	var to *sentOn
	one := passed{at: f.now, dir: f.dir, raw: m.Raw}
	if f.dir == decode.FromServer && !f.over {
		to, one.out = f.c.refer(e, f.now)
	}
	if one.out == nil && !f.over {
		one.out = f.c.invite(e, f.now)
	}
	if one.out != nil {
		one.flags = session.Rewritten
	}
	if f.mark > start { // it was sent in part: there is nothing to change any more
		h, one.out, one.flags = nil, nil, 0
	}
	if h == nil {
		f.c.sends(to, f.now)
		if one.out != nil {
			f.settle(start)
			f.add(one, one.out)
			f.skip(end)
		} else {
			f.cuts = append(f.cuts, cutOf(m))
		}
		return
	}
	f.settle(start)
	f.skip(end)
	f.intercept(h, one, to)
}

// intercept lets h decide about the command of f.event, which refers the client as to says. The
// command must not be among f.items yet.
func (f *direction) intercept(h *hook, one passed, to *sentOn) {
	e := &f.event
	e.N, e.Out = 0, one.out
	e.Flags |= one.flags
	x := Exchange{Conn: f.c, In: e, Out: one.out, f: f}
	if x.Out == nil {
		x.Out = one.raw
	}
	was := x.Out
	if f.dir == decode.FromClient {
		f.c.asked.Store(true)
	}
	h.run(f.c.ctx, &x)
	one.text = x.Rule
	one.flags |= x.Flags
	if f.dir == decode.FromServer && !f.over && !x.Drop && !bytes.Equal(was, x.Out) {
		var out []byte
		if to, out = f.c.referAgain(to, x.Out, f.now); out != nil {
			x.Out, one.out = out, out
			one.flags |= session.Edited | session.Rewritten
		}
	}
	if !x.Drop {
		f.c.sends(to, f.now)
	}
	for _, before := range x.Before {
		f.inject(before, x.Rule)
	}
	switch {
	case x.Drop:
		one.flags |= session.Dropped
		f.add(one, nil)
	case x.Send != nil:
		_ = f.flush()
		f.edit(&one, was, x.Out)
		f.add(one, x.Out)
		f.write(f.at(), x.Send)
	default:
		f.edit(&one, was, x.Out)
		f.add(one, x.Out)
	}
	for _, after := range x.After {
		f.inject(after, x.Rule)
	}
	for _, reply := range x.Reply {
		f.reply = append(f.reply, passed{raw: reply, text: x.Rule})
	}
}

// edit records in one that out is sent, flagged as edited, if it differs from what would have been
// sent.
func (f *direction) edit(one *passed, was, out []byte) {
	if !bytes.Equal(was, out) {
		one.out = append([]byte{}, out...)
		one.flags |= session.Edited
	}
}

// inject adds whole commands that nobody sent to those that leave. Their events name the rule.
func (f *direction) inject(commands []byte, rule string) {
	for _, one := range f.c.injected(f.dir, commands, rule) {
		f.add(one, one.sent())
	}
}
