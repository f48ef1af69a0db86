package replay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
)

// double is a connection to another server, which answers what the recording has no answer for. It
// is one of
//
//   - a stranger's, whom the recording does not know: all that the client says and hears,
//   - that of a guest at a dispatch server, on which its first commands are repeated,
//   - that of a guest at a switchboard, in a session with those who are called there,
//   - that of a user, signed in, for the user's guest at a notification server and for cookies.
//
// Its goroutine takes words from said and passes what the server says to host.inbox:
//
//	guest -- hear --> host -- said ---> double --> server
//	guest <- write -- host <- inbox --- double <-- server
type double struct {
	user   string
	guest  *guest // nil for a user's
	over   bool   // it says nothing any more
	said   chan words
	done   <-chan struct{} // closed when it ends
	cancel context.CancelFunc

	// What follows belongs to its goroutine.
	player *player
	conn   *liveConn
	asks   []chan<- string // who waits for a cookie
}

// words are what a double is to say for a guest, or the wish of another double for a cookie.
type words struct {
	from    *guest
	request *session.Event
	// cookie gets a switchboard's address and a cookie, with a blank between, "" if there is none.
	cookie chan<- string
}

const (
	// doubleTime is how long a double waits for a connect, for a write, and for each answer of a
	// logon.
	doubleTime = 5 * time.Second
	// maxSaying is how many commands wait for a double; further ones are refused.
	maxSaying = 256
)

var errNoCookie = errors.New("there is no cookie for a switchboard")

// newDouble starts a double, whose connection begin makes ready.
func (h *host) newDouble(g *guest, plan *connPlan, begin func(context.Context, *double) error) *double {
	ctx, cancel := context.WithCancel(h.ctx)
	o := Options{To: h.o.To, Dial: h.o.Dial, Password: h.o.Password, Timeout: doubleTime}
	d := &double{
		user: plan.user, guest: g, said: make(chan words, maxSaying), done: ctx.Done(), cancel: cancel,
		player: newPlayer(newRun(emptyPlan(nil), o), &circle{}), conn: &liveConn{plan: plan},
	}
	d.player.conns[0] = d.conn
	h.readers.Go(func() {
		err := begin(ctx, d)
		for err == nil && !d.conn.closed {
			err = h.converse(ctx, d)
		}
		cancel()
		d.player.close()
		h.pass(arrival{double: d})
	})
	return d
}

// converse says the next words of a double, or passes on what its server said.
func (h *host) converse(ctx context.Context, d *double) error {
	select {
	case w := <-d.said:
		if w.cookie == nil {
			return d.say(w.request.In.Raw)
		}
		d.asks = append(d.asks, w.cookie)
		return d.say([]byte(askCookie))
	case in := <-d.player.inbox:
		d.player.take(in)
	case <-ctx.Done():
		return ctx.Err()
	}
	for len(d.conn.pending) > 0 {
		e := d.conn.remove(0).event
		if e.In.HasTrID && e.In.TrID >= firstOwnTrID {
			d.takeCookie(e)
			continue
		}
		h.pass(arrival{double: d, answer: e})
	}
	return nil
}

// pass hands an arrival to the host, unless that has ended.
func (h *host) pass(a arrival) {
	a.at = time.Now()
	select {
	case h.inbox <- a:
	case <-h.ended:
	}
}

// takeCookie gives the cookie of an answer to who has waited longest for one.
func (d *double) takeCookie(e *session.Event) {
	if len(d.asks) == 0 {
		return
	}
	cookie := ""
	if e.Row != nil {
		if to, ok := referral.Normalize(string(e.Row.Find(&e.In, dialect.HostPort))); ok {
			cookie = to + " " + string(e.Row.Find(&e.In, dialect.Cookie))
		}
	}
	d.asks[0] <- cookie
	d.asks = d.asks[1:]
}

// dial connects the double.
func (d *double) dial(ctx context.Context, address string) error {
	conn, err := d.player.o.dial(ctx, address)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", address, err)
	}
	d.player.begin(ctx, d.conn, conn, address)
	return nil
}

// say sends a command to the server.
func (d *double) say(raw []byte) error {
	m := decode.Parse(raw, decode.FromClient, d.conn.sess.Framing())
	now := time.Now()
	d.player.track(d.conn, decode.FromClient, &m, now)
	if err := d.conn.conn.SetWriteDeadline(now.Add(doubleTime)); err != nil {
		return err
	}
	_, err := d.conn.conn.Write(raw)
	return err
}

// repeating begins a double at an address, and repeats there what its guest has said before. The
// answers, which the guest has, are dropped.
func repeating(address string, said []*session.Event) func(context.Context, *double) error {
	return func(ctx context.Context, d *double) error {
		if err := d.dial(ctx, address); err != nil {
			return err
		}
		for _, e := range said {
			if err := d.say(e.In.Raw); err != nil {
				return err
			}
			if !e.In.HasTrID {
				continue
			}
			if _, err := d.player.answer(ctx, d.conn, e.In.TrIDText()); err != nil && d.conn.closed {
				return err
			}
		}
		return nil
	}
}

// signingIn begins the double of a user.
func signingIn(ctx context.Context, d *double) error {
	if err := d.dial(ctx, d.player.entry()); err != nil {
		return err
	}
	return d.player.signIn(ctx, d.conn)
}

// entering begins a double at a switchboard, in a session of its own, with a cookie that the user's
// double gets.
func entering(user *double) func(context.Context, *double) error {
	return func(ctx context.Context, d *double) error {
		got, to := make(chan string, 1), ""
		select {
		case user.said <- words{cookie: got}:
		case <-user.done:
			return errNoCookie
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case to = <-got:
		case <-user.done:
		case <-ctx.Done():
		}
		address, cookie, ok := strings.Cut(to, " ")
		if !ok {
			return errNoCookie
		}
		if err := d.dial(ctx, address); err != nil {
			return err
		}
		if err := d.say(fmt.Appendf(nil, enter, d.user, cookie)); err != nil {
			return err
		}
		_, err := d.player.answer(ctx, d.conn, []byte(enterTrID))
		return err
	}
}
