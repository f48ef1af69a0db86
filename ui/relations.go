package ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/ui/model"
)

// The most events that the detail pane names of those that a request led to: a list has hundreds of
// answers.
const (
	maxAnswers      = 3
	maxConsequences = 8
)

// known is what is known of an event's relations. The detail pane is rebuilt when it changes.
type known struct {
	ok, pending           bool
	outcome               session.Outcome
	request, cause        uint64
	replies, consequences int
	chunks                int // events among which the other chunks of its message may be
	findings              int
}

func (a *App) knownOf(e *session.Event) known {
	x, ok := a.model.Transaction(e.N)
	k := known{
		ok: ok, outcome: x.Outcome, request: x.Request, cause: x.Cause, replies: len(x.Replies),
		consequences: len(x.Consequences),
	}
	k.findings = len(a.model.Findings(e.N))
	k.pending = !ok && a.model.Pending()
	if e.In.Payload() != nil {
		k.chunks = min(a.o.Log.Len(), int(e.N)+model.ChunksWithin)
	}
	return k
}

// relations adds what the event answers, what answers it, what caused it and what it caused.
func (a *App) relations(s *sheet, e *session.Event, indent int) {
	x, ok := a.model.Transaction(e.N)
	asked, cause := e.ReplyTo, x.Cause
	switch {
	case !ok || x.Request == e.N || x.Outcome == session.Orphaned:
	case slices.Contains(x.Replies, e.N):
		asked, cause = x.Request, 0
	default:
		cause = x.Request
	}
	switch {
	case asked != 0:
		a.asked(s, e, asked, indent)
	case x.Outcome == session.Orphaned:
		s.pair(indent, "answers", "nothing that was asked", seg{style: s.t.mark}, "")
	case e.Dir == decode.FromClient && e.Row != nil && len(e.Row.Replies) > 0:
		a.answers(s, e, x, ok, indent)
	}
	if cause != 0 {
		s.pair(indent, "caused by", a.elsewhere(e, cause), seg{style: s.t.plain}, "")
	}
	if x.Request == e.N {
		a.caused(s, e, x.Consequences, indent)
	}
}

// asked adds the request that the event answers.
func (a *App) asked(s *sheet, e *session.Event, request uint64, indent int) {
	value, after := fmt.Sprintf("#%d", request), e.RTT
	if r := a.model.Event(request); r != nil {
		value += " " + called(r) + " " + says(r)
		after = e.Time.Sub(r.Time)
	}
	s.pair(indent, "answers", value, seg{style: s.t.plain}, s.t.g.reply+" "+short(after))
}

// answers adds the answers to a request, or that there is none yet.
func (a *App) answers(s *sheet, e *session.Event, x session.Transaction, ok bool, indent int) {
	none := func(text string) { s.pair(indent, "answer", text, seg{style: s.t.dim}, "") }
	switch {
	case !ok && a.model.Pending():
		none("the log is not read up to here yet")
	case !ok:
		none("no longer known: it is too long ago")
	case x.Outcome == session.Unanswered:
		s.pair(indent, "answer", "no answer came", seg{style: s.t.fail}, "the connection ended")
	case x.Outcome == session.OneWay && len(x.Replies) == 0:
		none("none is due; may be " + strings.Join(e.Row.Replies, ", "))
	case len(x.Replies) == 0:
		none("none so far; may be " + strings.Join(e.Row.Replies, ", "))
	}
	name := "answer"
	for _, n := range x.Replies[:min(maxAnswers, len(x.Replies))] {
		r := a.model.Event(n)
		if r == nil {
			continue
		}
		style := s.t.plain
		if r.Flags&session.Error != 0 {
			style = s.t.fail
		}
		value := fmt.Sprintf("#%d %s %s", n, called(r), cut(says(r), s.width-28, s.t.g.ellipsis))
		s.pair(indent, name, value, seg{style: style}, s.t.g.reply+" "+short(r.Time.Sub(e.Time)))
		name = ""
	}
	if more := len(x.Replies) - maxAnswers; more > 0 {
		last := x.Replies[len(x.Replies)-1]
		text := fmt.Sprintf("and %s more, the last one #%d", thousands(more), last)
		if r := a.model.Event(last); r != nil {
			text += " " + called(r)
		}
		s.pair(indent, "", text, seg{style: s.t.plain}, "")
	}
}

// caused adds what the event led to besides its answers.
func (a *App) caused(s *sheet, e *session.Event, consequences []uint64, indent int) {
	if len(consequences) == 0 {
		return
	}
	var all []string
	for _, n := range consequences[:min(maxConsequences, len(consequences))] {
		all = append(all, a.elsewhere(e, n))
	}
	if more := len(consequences) - maxConsequences; more > 0 {
		all = append(all, fmt.Sprintf("and %s more", thousands(more)))
	}
	s.pair(indent, "caused", strings.Join(all, ", "), seg{style: s.t.plain}, "")
}

// elsewhere names the event with number n and its connection, as in "#74 RNG at NS#4 bob"; the user
// is left out where it is that of e.
func (a *App) elsewhere(e *session.Event, n uint64) string {
	r := a.model.Event(n)
	if r == nil {
		return fmt.Sprintf("#%d", n)
	}
	text := fmt.Sprintf("#%d %s at %s", n, called(r), connName(r))
	if r.User != "" && !strings.EqualFold(r.User, e.User) {
		user, _, _ := strings.Cut(printable(r.User), "@")
		text += " " + user
	}
	return text
}

// called returns an event's name in one word.
func called(e *session.Event) string { return model.Called(e) }
