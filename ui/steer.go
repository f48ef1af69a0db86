package ui

import (
	"fmt"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/ui/model"
)

// steering returns Options.Steering. If that is nil, the footer says that only live traffic can be
// changed.
func (a *App) steering() model.Steering {
	if a.o.Steering == nil {
		a.say("only live traffic can be held or changed")
	}
	return a.o.Steering
}

func (a *App) selectedEvent() *session.Event {
	_, e := a.model.Selected()
	return e
}

// withHeld calls do for the held command that is selected, and for no other.
func (a *App) withHeld(do func(s model.Steering, h edit.Held) error) {
	s := a.steering()
	if s == nil {
		return
	}
	h, ok := a.model.SelectedHeld()
	switch {
	case ok:
		a.report(do(s, h))
	case len(s.Held()) == 0:
		a.say("nothing is held: i says what shall be")
	default:
		a.showQueue()
		a.report(errNotSelected)
	}
}

// report shows an error in the footer.
func (a *App) report(err error) {
	if err != nil {
		a.message = seg{oneLine(err.Error()), a.theme.fail}
	}
}

func (a *App) release() {
	a.withHeld(func(s model.Steering, h edit.Held) error { return s.Release(h.ID) })
}

func (a *App) releaseAll() {
	s := a.steering()
	if s == nil {
		return
	}
	n, err := model.ReleaseAll(s)
	if err != nil {
		a.report(err)
		return
	}
	a.say("%d released", n)
}

func (a *App) drop() {
	a.withHeld(func(s model.Steering, h edit.Held) error { return s.Replace(h.ID) })
}

func (a *App) duplicate() {
	a.withHeld(model.Duplicate)
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

// holdExamples are filters of what people hold most, the one that Up brings first at the end.
var holdExamples = []string{`rewritten`, `dir == "S" && MSG`, `payload.type == "text/plain"`}

func (a *App) editIntercept() {
	if s := a.steering(); s != nil {
		text := s.Intercepting()
		if text == "" {
			text = a.intercept
		}
		a.prompt = a.newPrompt(interceptPrompt, "Hold: ", text)
		a.prompt.offer(holdExamples)
		a.check()
	}
}

// toggleIntercept stops holding commands, or holds again those of the last expression.
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

// setIntercept sets the expression of the commands that are held from now on.
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
	remember(&a.history, expr)
	a.say("held from now on: %s", expr)
}

// compose opens the composer for a command to be sent on the connection of the selected event.
func (a *App) compose() {
	s, e := a.steering(), a.selectedEvent()
	if s == nil {
		return
	}
	if e == nil || e.Conn == 0 {
		a.say("select a command of the connection first")
		return
	}
	a.composing, a.composingFor = e.Conn, e.N
	a.prompt = a.newPrompt(injectPrompt, "Send: ", "> ")
}

// inject sends the composed command.
func (a *App) inject(text string) {
	err := model.InjectTyped(a.o.Steering, a.composing, text)
	if err == nil {
		a.prompt = nil
		remember(&a.sent, text)
		a.say("sent on connection %d", a.composing)
		return
	}
	a.report(err)
}
