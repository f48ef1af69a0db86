package proxy

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// flow carries one direction: the commands of one read go out in one write, a command that came in pieces is kept until it is
// whole or has waited long enough. It is for one goroutine.
type flow struct {
	c     *Conn
	dir   decode.Dir
	src   net.Conn
	in    *decode.Reader
	count int       // commands that left
	early int       // bytes of the unfinished command that were sent already
	since time.Time // when the unfinished command began to wait, zero if nothing waits
	timed bool      // src has a deadline
	ahead *ahead    // to be read before src; nil for nothing

	// What was taken from the reader and has not left yet.
	now    time.Time      // when it was read
	buf    []byte         // what the reader held when the relaying began
	mark   int            // buf[mark:at()] leaves as it came, after out
	told   int            // buf[told:at()] is not among the items
	out    []byte         // what leaves before that
	items  []passed       // what the story is told with the write
	cuts   []uint32       // of items, and of the commands after told
	from   int            // the first cut after told
	m      decode.Message // the command that is taken
	event  session.Event
	reply  []passed // to the sender, after the write
	err    error    // the first of writing
	warned bool     // of a line without end
}

// fill reads once, and not longer than the unfinished command may wait. It reports whether bytes came; false with a nil
// error means that the wait is over.
func (f *flow) fill() (bool, error) {
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
	if timed := !deadline.IsZero(); timed || f.timed {
		if err := f.src.SetReadDeadline(deadline); err != nil {
			return false, err
		}
		f.timed = timed
	}
	n, err := f.in.Fill(f.src)
	if isTimeout(err) && !deadline.IsZero() && n == 0 {
		return false, nil
	}
	return n > 0, err
}

// mustWait reports whether the unfinished command must not be sent in part: a line from the server that may hold an
// address. Lines are bounded, so this is too. Nor may one that an interceptor has to see first.
func (f *flow) mustWait(pending []byte) bool {
	if f.early == 0 && f.c.p.hook.Load() != nil && mayBegin(pending) {
		return true
	}
	return f.dir == decode.FromServer && referral.MayHold(pending)
}

// mayBegin reports whether bytes may be the beginning of a command: its first word has three letters or digits.
func mayBegin(b []byte) bool {
	b = bytes.TrimLeft(b, " \t")
	for _, c := range b[:min(3, len(b))] {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(b) < 4 || bytes.IndexByte([]byte(" \t\r\n"), b[3]) >= 0
}

// sendEarly sends on what waits although the command is not finished.
func (f *flow) sendEarly() error {
	n, err := f.c.sink(f.dir).sendPart(f.in.Pending()[f.early:])
	f.early += n
	f.since = time.Time{}
	return f.fail(err)
}

// begin notes where the relaying of what was read begins: behind what was sent early.
func (f *flow) begin(now time.Time) { f.now, f.buf, f.mark, f.told = now, f.in.Pending(), f.early, 0 }

// at returns how much of buf has been taken.
func (f *flow) at() int { return len(f.buf) - len(f.in.Pending()) }

// relay takes all whole commands that were read, and writes them.
func (f *flow) relay() error {
	for f.skim(); f.next(&f.m); f.skim() {
		if err := f.take(&f.m); err != nil {
			return err
		}
	}
	return f.flush()
}

// skim takes commands that pass without being looked at, as far as there are such.
func (f *flow) skim() {
	if f.c.settled.Load() && f.c.p.hook.Load() == nil && !f.c.p.opts.OnePerWrite {
		f.cuts = f.in.Skim(&careful[side(f.dir)], f.cuts)
	}
}

// take takes one command: the usual one passes without any more ado.
func (f *flow) take(m *decode.Message) error {
	h := f.c.p.hook.Load()
	if h == nil && f.plain(m) {
		f.cuts = append(f.cuts, cutOf(m))
	} else {
		f.decide(h, m)
	}
	f.since = time.Time{}
	if f.c.p.opts.OnePerWrite {
		return f.flush()
	}
	return f.err
}

// plain reports whether a command neither changes what the proxy decides by nor may be changed itself.
func (f *flow) plain(m *decode.Message) bool {
	switch {
	case !f.c.settled.Load():
		return false
	case m.Opaque():
		f.warn(m)
		return true
	case f.dir == decode.FromServer && referral.MayHoldInside(m):
		return false
	}
	return !matters[side(f.dir)].Has(m.Verb)
}

// warn says once a direction that a line has no end.
func (f *flow) warn(m *decode.Message) {
	if m.Why == decode.LineTooLong && !f.warned {
		f.warned = true
		f.c.p.log.Warn("a line is longer than any command; it goes on as it is", "from", f.dir, "client", f.c.from, "bytes", decode.MaxLine)
	}
}

// next returns the next whole command, framed by the table of the dialect as known by now; a command that was sent in part
// stays framed as it began.
func (f *flow) next(m *decode.Message) bool {
	if f.mark <= f.at() {
		f.in.Grammar = f.c.grammar()
	}
	return f.in.Next(m)
}

// decide takes a command that matters: it is learnt from, its addresses are replaced, and an interceptor may do with it what
// it likes.
func (f *flow) decide(h *hook, m *decode.Message) {
	end := f.at()
	start := end - len(m.Raw)
	f.warn(m)
	e := &f.event
	e.In = *m
	f.c.p.mu.Lock()
	f.c.learn(e, f.dir, f.now)
	out := f.c.rewrite(e, f.now)
	f.c.p.mu.Unlock()

	one := passed{at: f.now, dir: f.dir, raw: m.Raw, out: out}
	if out != nil {
		one.flags = session.Rewritten
	}
	if f.mark > start { // it was sent in part: there is nothing to change any more
		h, one.out, one.flags = nil, nil, 0
	}
	if h == nil {
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
	f.intercept(h, one)
}

// intercept lets the interceptor decide about a command, of which nothing is with the items yet.
func (f *flow) intercept(h *hook, one passed) {
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

// edit notes what is sent if it is not what would have been.
func (f *flow) edit(one *passed, was, out []byte) {
	if !bytes.Equal(was, out) {
		one.out = append([]byte{}, out...)
		one.flags |= session.Edited
	}
}

// inject puts commands that did not come from the other end with those that leave.
func (f *flow) inject(commands []byte, rule string) {
	for _, one := range f.c.injected(f.dir, commands, rule) {
		f.add(one, one.raw)
	}
}

// settle puts the commands before end that pass as they came with the items.
func (f *flow) settle(end int) {
	f.tell(end)
	if end > f.mark {
		f.out = append(f.out, f.buf[f.mark:end]...)
		f.mark = end
	}
}

// tell puts the commands before end with the items.
func (f *flow) tell(end int) {
	if end > f.told {
		f.items = append(f.items, passed{at: f.now, dir: f.dir, raw: f.buf[f.told:end], cuts: f.cuts[f.from:len(f.cuts):len(f.cuts)]})
		f.from, f.told = len(f.cuts), end
	}
}

// skip leaves out what was taken up to end: it was told, and sent, in another way.
func (f *flow) skip(end int) { f.told, f.mark = end, max(f.mark, end) }

// add puts one command with the items, and its bytes with those that leave.
func (f *flow) add(one passed, out []byte) {
	if one.cuts == nil {
		f.cuts = append(f.cuts, cutOf(&f.event.In))
		one.cuts = f.cuts[len(f.cuts)-1 : len(f.cuts) : len(f.cuts)]
		f.from = len(f.cuts)
	}
	f.items = append(f.items, one)
	f.out = append(f.out, out...)
}

// flush writes what was taken.
func (f *flow) flush() error {
	f.write(f.at(), nil)
	return f.err
}

// write writes what was taken up to end; how says in which way, nil for one write.
func (f *flow) write(end int, how func(io.Writer, []byte) error) {
	f.tell(end)
	out := f.buf[min(f.mark, end):end]
	if len(f.out) > 0 {
		f.out = append(f.out, out...)
		out = f.out
	}
	f.count += len(f.cuts)
	f.early = max(0, f.mark-end)
	f.mark = max(f.mark, end)
	if len(f.items) > 0 {
		_ = f.fail(f.c.sink(f.dir).send(f.items, out, how, f.early > 0))
	}
	for _, r := range f.reply {
		_ = f.c.Inject(f.dir.Reverse(), r.raw, r.text) // or the sender is gone
	}
	clear(f.reply)
	clear(f.items)
	f.reply, f.items, f.cuts, f.from, f.out = f.reply[:0], f.items[:0], f.cuts[:0], 0, f.out[:0]
}

// fail keeps the first error of writing, in words.
func (f *flow) fail(err error) error {
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("write to the %s: %w", map[decode.Dir]string{decode.FromClient: "server", decode.FromServer: "client"}[f.dir], err)
	}
	return f.err
}
