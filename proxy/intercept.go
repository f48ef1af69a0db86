package proxy

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime/debug"
	"strings"
	"sync/atomic"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// Interceptor sees each command before it is sent on, and may change what becomes of it. Install
// one with [Proxy.Intercept].
//
//  1. Intercept gets the commands of one direction of one connection one at a time, in their order;
//     those of other directions and connections meanwhile, from other goroutines.
//  2. It may wait: the direction waits with it, and what its sender says next stays with the
//     sender, but for what [Exchange.Watch] reads. It MUST call [Exchange.Flush] before it waits,
//     and MUST return soon after ctx ends: the connection has ended, or the proxy.
//  3. A panic inside is logged once an interceptor, and the command goes on as it came.
//
// An Interceptor that also has one of the methods Opened(*Conn) and Closed(*Conn) is called when
// connections begin and end; one that has Ended(*Conn, decode.Dir), when the sender of that
// direction has ended and its receiver has not been told yet: commands that were kept back can
// still be sent. One that has Wants(decode.Dir) *decode.Verbs is asked once, when it is installed,
// which commands it may do something about, nil for all: the others pass unseen, at full speed.
type Interceptor interface {
	Intercept(ctx context.Context, x *Exchange)
}

// Exchange is one command on its way, which the interceptor may change: left as it is, the command
// is sent on as it came. It is valid during the call only.
type Exchange struct {
	// Conn is the connection.
	Conn *Conn
	// In is the command as it came, with all that is known of it: direction, row, role, user,
	// session. It must not be changed. It has no number yet; ReplyTo is only whether the proxy saw
	// the request that it answers, and RTT that request's age.
	In *session.Event
	// Out is what will be sent on: the bytes of In, or those with rewritten addresses. To send
	// something else, set it to another slice; do not change the bytes themselves. The event has
	// both.
	Out []byte
	// Drop keeps the command from its receiver.
	Drop bool
	// Before and After are commands that are sent to the same receiver right before and after this
	// one, each an event of its own that is flagged as injected.
	Before, After [][]byte
	// Reply are commands to its sender, flagged likewise, that are sent once this one has been sent
	// or dropped: an answer comes after its request. At other times there is [Conn.Inject].
	Reply [][]byte
	// Flags are added to those of the event: [session.Held], [session.Fault]. Those that follow
	// from the fields above (Edited, Dropped, Injected) are set automatically.
	Flags session.Flag
	// Rule names, in words, what made the difference; it becomes the event's Text.
	Rule string
	// Send, if not nil, writes Out to the receiver instead of the usual single write: in pieces,
	// slowly. What it keeps back, [Conn.SendKept] sends.
	Send func(w io.Writer, out []byte) error

	f *direction
}

// maxRule bounds the text of the rules that changed a command: its event keeps it.
const maxRule = 4 << 10

// By appends rule to those that [Exchange.Rule] names, as far as there is room; "; ..." at its end
// says that there are more.
func (x *Exchange) By(rule string) {
	const more = "; ..."
	switch {
	case x.Rule == "":
		x.Rule = rule[:min(len(rule), maxRule)]
	case len(x.Rule)+len(rule) <= maxRule:
		x.Rule += "; " + rule
	case !strings.HasSuffix(x.Rule, more):
		x.Rule += more
	}
}

// Flush sends the commands before this one that have not left yet. What one read brought leaves in
// one write, and must not wait for an interceptor.
func (x *Exchange) Flush() {
	_ = x.f.flush() // the error sticks and shows with this command
}

// hook is an installed interceptor, with the commands of either side that it wants to see, nil for
// all; those and the careful ones; and whether a panic of its has been logged.
type hook struct {
	Interceptor
	wants, careful [2]*decode.Verbs
	panicked       atomic.Bool
}

// newHook returns the hook for an interceptor.
func newHook(i Interceptor) *hook {
	h := &hook{Interceptor: i}
	chooser, ok := i.(interface {
		Wants(decode.Dir) *decode.Verbs
	})
	if !ok {
		return h
	}
	for _, dir := range [...]decode.Dir{decode.FromClient, decode.FromServer} {
		if wants := chooser.Wants(dir); wants != nil {
			both := careful[side(dir)]
			both.AddAll(wants)
			h.wants[side(dir)], h.careful[side(dir)] = wants, &both
		}
	}
	return h
}

// sees reports whether the interceptor wants to see a command from dir.
func (h *hook) sees(dir decode.Dir, m *decode.Message) bool {
	wants := h.wants[side(dir)]
	return wants == nil || wants.Has(m.Verb)
}

// Intercept installs i for commands that come from now on, in place of the interceptor before; nil
// installs none, and commands pass without its cost.
func (p *Proxy) Intercept(i Interceptor) {
	if i == nil {
		p.hook.Store(nil)
		return
	}
	p.hook.Store(newHook(i))
}

// run calls the interceptor. Changes that it made before a panic are undone.
func (h *hook) run(ctx context.Context, x *Exchange) {
	as := *x
	defer h.contain(x.Conn.p, func() { *x = as })
	h.Intercept(ctx, x)
}

// contain recovers from a panic of the interceptor, and logs the first. It must be deferred.
func (h *hook) contain(p *Proxy, undo func()) {
	why := recover()
	if why == nil {
		return
	}
	undo()
	if h.panicked.CompareAndSwap(false, true) {
		p.log.Error("an interceptor panicked: commands are forwarded unchanged", "interceptor",
			fmt.Sprintf("%T", h.Interceptor),
			"panic", fmt.Sprint(why), "stack", string(debug.Stack()))
	}
}

// opened calls the interceptor's Opened, if it has one.
func (p *Proxy) opened(c *Conn) {
	if h := p.hook.Load(); h != nil {
		if o, ok := h.Interceptor.(interface{ Opened(*Conn) }); ok {
			defer h.contain(p, func() {})
			o.Opened(c)
		}
	}
}

// closed calls the interceptor's Closed, if it has one.
func (p *Proxy) closed(c *Conn) {
	if h := p.hook.Load(); h != nil {
		if o, ok := h.Interceptor.(interface{ Closed(*Conn) }); ok {
			defer h.contain(p, func() {})
			o.Closed(c)
		}
	}
}

// ended calls the interceptor's Ended, if it has one.
func (p *Proxy) ended(c *Conn, dir decode.Dir) {
	if h := p.hook.Load(); h != nil {
		if o, ok := h.Interceptor.(interface{ Ended(*Conn, decode.Dir) }); ok {
			defer h.contain(p, func() {})
			o.Ended(c, dir)
		}
	}
}

// Inject sends whole commands in the direction dir, as if their sender had said them, as soon as no
// other command is unfinished; each is an event flagged as injected, with rule for its text. It
// does not wait for the receiver: what cannot be sent at once is sent later by the connection's own
// goroutine, and while the upstream is not known yet, commands wait. The interceptor drops the
// receiver's answers, which it knows by a TrID of [Conn.NewTrID]. The error says that the
// connection has ended, or is ErrWaiting. Inject keeps no part of commands.
func (c *Conn) Inject(dir decode.Dir, commands []byte, rule string) error {
	return c.receiver(dir).inject(commands, rule, maxInjected)
}

// Waits reports whether something that was injected in the direction dir has not been sent yet. It
// sends it if nobody else is writing.
func (c *Conn) Waits(dir decode.Dir) bool {
	s := c.receiver(dir)
	s.drain()
	if s.any.Load() || !s.write.TryLock() {
		return true
	}
	s.write.Unlock()
	return false
}

// InjectLast is Inject for commands that were kept back until the end of their direction: it takes
// them however much waits, since there will be no later. Whoever kept them has bounded them.
func (c *Conn) InjectLast(dir decode.Dir, commands []byte, rule string) error {
	return c.receiver(dir).inject(commands, rule, math.MaxInt)
}

// SendKept sends what [Exchange.Send] kept back of commands, which have their events already, as
// soon as no other command of the direction is being written or unfinished. Then kept is called: it
// returns the bytes, none if they have been sent meanwhile, and the writer through which they go,
// the one that Send had. It must neither block nor call the proxy. SendKept does not wait for that.
func (c *Conn) SendKept(dir decode.Dir, kept func() (out []byte, to io.Writer)) {
	c.receiver(dir).keep(kept)
}

// firstTrID is where the numbers of NewTrID begin. Real clients count from 0 or 1; one takes ten
// digits, at random below 2^31.
const firstTrID = 0xf0000000

// NewTrID returns a TrID for an injected request that no client uses on this connection (§5.6).
func (c *Conn) NewTrID() uint32 { return firstTrID + c.trids.Add(1) }
