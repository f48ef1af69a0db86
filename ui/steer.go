package ui

import (
	"errors"
	"fmt"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/steer"
	"github.com/msnscope/msnscope/ui/model"
)

// steering returns what steers the traffic; where nothing does it says so and returns nil.
func (a *App) steering() model.Steering {
	if a.o.Steering == nil {
		a.say("only live traffic can be held or changed")
	}
	return a.o.Steering
}

// waiting returns the held command that keys act on.
func (a *App) waiting() (steer.Held, bool) {
	if a.o.Steering == nil {
		return steer.Held{}, false
	}
	conn := 0
	if e := a.selectedEvent(); e != nil {
		conn = e.Conn
	}
	return steer.Waiting(a.o.Steering.Held(), conn)
}

func (a *App) selectedEvent() *session.Event {
	_, e := a.model.Selected()
	return e
}

// withHeld does something to the held command that keys act on.
func (a *App) withHeld(do func(s model.Steering, h steer.Held) error) {
	s := a.steering()
	if s == nil {
		return
	}
	h, ok := a.waiting()
	if !ok {
		a.say("nothing is held: i says what shall be")
		return
	}
	a.report(do(s, h))
}

// report shows what went wrong.
func (a *App) report(err error) {
	if err != nil {
		a.message = seg{oneLine(err.Error()), a.theme.fail}
	}
}

func (a *App) release() {
	a.withHeld(func(s model.Steering, h steer.Held) error { return s.Release(h.ID) })
}

func (a *App) releaseAll() {
	s := a.steering()
	if s == nil {
		return
	}
	held := s.Held()
	for _, h := range held {
		if err := s.Release(h.ID); err != nil && !errors.Is(err, steer.ErrGone) {
			a.report(err)
			return
		}
	}
	a.say("%d released", len(held))
}

func (a *App) drop() {
	a.withHeld(func(s model.Steering, h steer.Held) error { return s.Replace(h.ID) })
}

func (a *App) duplicate() {
	a.withHeld(func(s model.Steering, h steer.Held) error {
		raw := h.Event.Sent().Raw
		return s.Replace(h.ID, raw, raw)
	})
}

func (a *App) kill() {
	s, e := a.steering(), a.selectedEvent()
	if s == nil || e == nil {
		return
	}
	if err := s.Kill(e.Conn); err != nil {
		a.report(fmt.Errorf("connection %d: %w", e.Conn, err))
		return
	}
	a.say("connection %d ends", e.Conn)
}

func (a *App) editIntercept() {
	if s := a.steering(); s != nil {
		text := s.Intercepting()
		if text == "" {
			text = a.intercept
		}
		a.prompt = a.newPrompt(interceptPrompt, "Hold: ", text)
		a.check()
	}
}

// toggleIntercept stops holding, or holds again what was held last.
func (a *App) toggleIntercept() {
	s := a.steering()
	if s == nil {
		return
	}
	expr := s.Intercepting()
	switch {
	case expr != "":
		a.intercept, expr = expr, ""
	case a.intercept == "":
		a.editIntercept()
		return
	default:
		expr = a.intercept
	}
	a.setIntercept(expr)
}

// setIntercept holds what the expression matches from now on.
func (a *App) setIntercept(expr string) {
	if err := a.o.Steering.Intercept(expr); err != nil {
		a.report(err)
		return
	}
	if expr == "" {
		a.say("nothing more is held")
		return
	}
	a.intercept = expr
	a.say("held from now on: %s", expr)
}

// compose asks for a command to send on the connection of the selected event.
func (a *App) compose() {
	s, e := a.steering(), a.selectedEvent()
	if s == nil {
		return
	}
	if e == nil || e.Conn == 0 {
		a.say("select a command of the connection first")
		return
	}
	a.composing = steer.Injection{Conn: e.Conn, Dir: decode.FromClient}
	a.prompt = a.newPrompt(injectPrompt, "Send: ", "> ")
}

// inject sends what was typed: "> " to the server, "< " to the client, a "!" at the end of that insists.
func (a *App) inject(text string) {
	in := a.composing
	sign, rest, _ := strings.Cut(text, " ")
	switch strings.TrimSuffix(sign, "!") {
	case ">":
		in.Dir = decode.FromClient
	case "<":
		in.Dir = decode.FromServer
	default:
		a.report(errors.New(`begin with "> " for the server or "< " for the client, as in: > CHG {trid} BSY`))
		return
	}
	in.Anyway, in.Text = strings.HasSuffix(sign, "!"), rest
	err := a.o.Steering.Inject(in)
	var not *steer.NotAllowedError
	if errors.As(err, &not) {
		err = fmt.Errorf("%w; %s! sends it all the same", err, strings.TrimSuffix(sign, "!"))
	}
	if err == nil {
		a.prompt = nil
		a.say("sent on connection %d", in.Conn)
		return
	}
	a.report(err)
}

// heldLine says in the footer what waits, and what can be done about it.
func (a *App) heldLine() line {
	h, ok := a.waiting()
	if !ok {
		return nil
	}
	t := &a.theme
	text := fmt.Sprintf("%s held %.1fs", h.Event.In.Verb, a.o.Now().Sub(h.Since).Seconds())
	if h.Event.In.Opaque() {
		text = fmt.Sprintf("%d bytes held %.1fs", len(h.Event.In.Raw), a.o.Now().Sub(h.Since).Seconds())
	}
	if h.Gone {
		text += ", and the " + map[decode.Dir]string{decode.FromClient: "client", decode.FromServer: "server"}[h.Event.Dir] + " has hung up"
	}
	if n := len(a.o.Steering.Held()); n > 1 {
		text += fmt.Sprintf(", %d more", n-1)
	}
	return line{{" " + t.g.held + " " + text + ": ", t.mark}, {"a", t.key}, {" go on ", t.plain}, {"e", t.key}, {" edit ", t.plain}, {"x", t.key}, {" drop ", t.plain}}
}
