package proxy

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync/atomic"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// Interceptor sees each command before it is sent on, and may change what becomes of it. Install one with [Proxy.Intercept].
//
//  1. Intercept gets the commands of one direction of one connection one at a time, in their order; those of other
//     directions and connections meanwhile, from other goroutines.
//  2. It may wait: the direction waits with it, and what its sender says next stays with the sender, but for what
//     [Exchange.Watch] reads. It MUST call [Exchange.Flush] before it waits, and MUST return soon after ctx ends: the connection
//     has ended, or the proxy.
//  3. A panic inside is logged once an interceptor, and the command goes on as it came.
//
// An Interceptor that also has one of the methods Opened(*Conn) and Closed(*Conn) is told when connections begin and end; one that
// has Ended(*Conn, decode.Dir), when the sender of that direction has said its last command, and the receiver not heard of it yet:
// what was kept back can be sent.
type Interceptor interface {
	Intercept(ctx context.Context, x *Exchange)
}

// Exchange is one command on its way. What it says before and after [Interceptor.Intercept] ran is the difference that the
// interceptor made; its zero difference sends the command on as it is. It is valid during the call only.
type Exchange struct {
	// Conn is the connection.
	Conn *Conn
	// In is the command as it came, frozen, with all that is known of it: direction, row, role, user, session. It has no number
	// yet, and ReplyTo says no more than that the proxy saw a request that it answers, RTT that request's age.
	In *session.Event
	// Out is what will be sent on: the bytes of In, or those with other addresses. Set it to send something else; do not
	// change the bytes themselves. The event shows both.
	Out []byte
	// Drop keeps the command from its receiver.
	Drop bool
	// Before and After are commands that are sent to the same receiver right before it and after it, each an event of its
	// own that is flagged as injected.
	Before, After [][]byte
	// Reply are commands to its sender, likewise, that are sent once the command is on its way or dropped: what answers a
	// request comes after it. At other times there is [Conn.Inject].
	Reply [][]byte
	// Flags are added to those of the event: [session.Held], [session.Fault]. Those for what the fields above say (Edited,
	// Dropped, Injected) are set without asking.
	Flags session.Flag
	// Rule names, in words, what made the difference; it becomes the event's Text.
	Rule string
	// Send, if not nil, writes Out to the receiver instead of the usual single write: in pieces, slowly.
	Send func(w io.Writer, out []byte) error

	f *flow
}

// By adds a rule to those that [Exchange.Rule] names.
func (x *Exchange) By(rule string) {
	if x.Rule != "" {
		rule = x.Rule + "; " + rule
	}
	x.Rule = rule
}

// Flush sends what was decided before this command and has not left yet: what one read brought leaves in one write, and must
// not wait for an interceptor.
func (x *Exchange) Flush() {
	_ = x.f.flush() // the error sticks and shows with this command
}

// hook is an installed interceptor.
type hook struct {
	Interceptor
	panicked atomic.Bool
}

// Intercept installs the interceptor for commands that come from now on, in place of the one before; nil for none. Without
// one, commands pass without any cost of this.
func (p *Proxy) Intercept(i Interceptor) {
	if i == nil {
		p.hook.Store(nil)
		return
	}
	p.hook.Store(&hook{Interceptor: i})
}

// run calls the interceptor. What it did before a panic does not count.
func (h *hook) run(ctx context.Context, x *Exchange) {
	as := *x
	defer h.contain(x.Conn.p, func() { *x = as })
	h.Intercept(ctx, x)
}

// contain ends a panic of the interceptor's.
func (h *hook) contain(p *Proxy, undo func()) {
	why := recover()
	if why == nil {
		return
	}
	undo()
	if h.panicked.CompareAndSwap(false, true) {
		p.log.Error("an interceptor panicked, commands go on as they come", "interceptor", fmt.Sprintf("%T", h.Interceptor),
			"panic", fmt.Sprint(why), "stack", string(debug.Stack()))
	}
}

// opened tells the interceptor of a connection.
func (p *Proxy) opened(c *Conn) {
	if h := p.hook.Load(); h != nil {
		if o, ok := h.Interceptor.(interface{ Opened(*Conn) }); ok {
			defer h.contain(p, func() {})
			o.Opened(c)
		}
	}
}

// closed tells the interceptor of a connection's end.
func (p *Proxy) closed(c *Conn) {
	if h := p.hook.Load(); h != nil {
		if o, ok := h.Interceptor.(interface{ Closed(*Conn) }); ok {
			defer h.contain(p, func() {})
			o.Closed(c)
		}
	}
}

// ended tells the interceptor that no more comes from one side.
func (p *Proxy) ended(c *Conn, dir decode.Dir) {
	if h := p.hook.Load(); h != nil {
		if o, ok := h.Interceptor.(interface{ Ended(*Conn, decode.Dir) }); ok {
			defer h.contain(p, func() {})
			o.Ended(c, dir)
		}
	}
}

// Inject sends whole commands in the direction dir, as if their sender had said them, as soon as no other command is in the
// middle; each is an event flagged as injected, with the rule for its text. It does not wait for the receiver: what it cannot
// send at once is sent by the connection's own goroutine. What the receiver answers is for the interceptor to drop, which finds
// it by a number of [Conn.NewTrID]. While it is not known yet where the client goes, commands wait. The error says that the
// connection has ended, or that too much waits already.
func (c *Conn) Inject(dir decode.Dir, commands []byte, rule string) error {
	return c.sink(dir).inject(commands, rule)
}

// firstTrID is where the numbers of NewTrID begin. Real clients count from 0 or 1; one takes ten digits, at random below 2^31.
const firstTrID = 0xf0000000

// NewTrID returns a TrID for an injected request, that no client has on this connection (§5.6).
func (c *Conn) NewTrID() uint32 { return firstTrID + c.trids.Add(1) }
