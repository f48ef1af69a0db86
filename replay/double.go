package replay

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// double is the user of a live client, signed in at another server, which answers what the
// recording has no answer for. The mutex guards it: one command is asked at a time.
type double struct {
	mu     sync.Mutex
	player *player
	conn   *liveConn
}

// How long a double waits for an answer, and after it for commands that belong to it.
const (
	doubleTime  = 5 * time.Second
	doubleQuiet = 50 * time.Millisecond
)

// ask has another server answer a command of the connection's user. It refuses commands on
// connections whose user is unknown or cannot sign in there.
func (h *host) ask(g *guest, e *session.Event) {
	if h.o.Dial == nil || g.part == nil || g.part.plan.role != dialect.NS || g.part.plan.user == "" {
		h.refuse(g, e)
		return
	}
	if g.double == nil {
		g.double = &double{}
	}
	raw, trid := bytes.Clone(e.In.Raw), bytes.Clone(e.In.TrIDText())
	user := g.part.plan.user
	d, plan := g.double, &connPlan{role: dialect.NS, user: user, logon: user, dialect: e.Dialect}
	h.readers.Go(func() {
		answers := d.answer(h.ctx, h.o, plan, raw, trid)
		select {
		case h.inbox <- arrival{guest: g, answers: answers, request: e, at: time.Now()}:
		case <-h.ended:
		}
	})
}

// answer sends the command and returns what the server answers, nothing if it does not answer.
func (d *double) answer(ctx context.Context, o ServeOptions, plan *connPlan, raw, trid []byte) (all [][]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, doubleTime)
	defer cancel()
	if d.conn == nil && !d.signIn(ctx, o, plan) || d.conn.closed {
		return nil
	}
	if _, err := d.conn.conn.Write(raw); err != nil {
		return nil
	}
	until := time.Now().Add(doubleTime)
	for time.Now().Before(until) && !d.conn.closed {
		if d.player.receive(ctx, until) != nil {
			return all
		}
		for len(d.conn.pending) > 0 {
			if got := d.conn.remove(0).event; bytes.Equal(got.In.TrIDText(), trid) {
				all, until = append(all, got.In.Raw), time.Now().Add(doubleQuiet)
			}
		}
	}
	return all
}

// signIn signs the double in.
func (d *double) signIn(ctx context.Context, o ServeOptions, plan *connPlan) bool {
	r := newRun(emptyPlan(nil), Options{To: o.To, Dial: o.Dial, Password: o.Password, Timeout: doubleTime})
	d.player, d.conn = newPlayer(r, &circle{}), &liveConn{plan: plan}
	d.player.conns[0] = d.conn
	conn, err := r.o.dial(ctx, r.entry())
	if err != nil {
		d.conn.end(err.Error())
		return false
	}
	// The connection lives longer than one command does.
	d.player.begin(context.WithoutCancel(ctx), d.conn, conn, r.entry())
	if err := d.player.signIn(ctx, d.conn); err != nil {
		d.conn.end(err.Error())
		return false
	}
	return true
}

// close ends the double.
func (d *double) close() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.player != nil {
		d.player.close()
		d.player = nil
	}
}

// relay sends the client what another server answered, or an error if it answered nothing.
func (h *host) relay(g *guest, request *session.Event, answers [][]byte) {
	if len(answers) == 0 {
		h.refuse(g, request)
	}
	for _, raw := range answers {
		h.write(g, raw)
	}
}
