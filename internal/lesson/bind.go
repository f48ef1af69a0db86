package lesson

import (
	"fmt"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/notation"
)

// Log is the recording of a lesson. At takes 0 ≤ i < Len.
type Log interface {
	Len() int
	At(i int) *session.Event
}

// Bind finds the commands of the lesson in its recording. It returns a *notation.Error about the
// first line of the lesson that names something else than is there: then the lesson was written for
// another recording. Bind may be called once, with the whole recording.
func Bind(l *Lesson, log Log) error {
	found := l.wanted()
	missing, at := len(found), map[uint64]int{}
	for i := 0; i < log.Len() && missing > 0; i++ {
		e := log.At(i)
		if was, ok := found[e.N]; ok && was == nil {
			found[e.N], at[e.N] = e, i
			missing--
		}
	}
	for i := range l.Steps {
		s := &l.Steps[i]
		for k := range s.Shows {
			if err := s.Shows[k].bind(l, found[s.Shows[k].N]); err != nil {
				return err
			}
			s.Shows[k].index = at[s.Shows[k].N]
		}
		if s.Question == nil {
			continue
		}
		if err := s.Question.bind(l, found); err != nil {
			return err
		}
	}
	return nil
}

// wanted returns a map with a key for each number of the recording that the lesson names.
func (l *Lesson) wanted() map[uint64]*session.Event {
	found := map[uint64]*session.Event{}
	for i := range l.Steps {
		for _, c := range l.Steps[i].Shows {
			found[c.N] = nil
		}
		if q := l.Steps[i].Question; q != nil {
			for _, a := range q.Answers {
				found[a.n] = nil
			}
			for _, w := range q.Wrong {
				found[w.n] = nil
			}
		}
	}
	delete(found, 0)
	return found
}

func (s *Shown) bind(l *Lesson, e *session.Event) error {
	says := strings.TrimRight(Says(e), " ") // blanks at the end of a line do not survive editors
	want := s.Text
	if s.Dir != 0 {
		want = string(s.Dir) + ": " + s.Text
	}
	switch {
	case e == nil:
		return l.other(s.Line, "it has no #%d", s.N)
	case says != want:
		return l.other(s.Line, "#%d there is %q", s.N, short(says))
	}
	s.event = e
	return nil
}

// other returns the error of a lesson that does not fit its recording.
func (l *Lesson) other(line int, format string, args ...any) error {
	return &notation.Error{Line: line, Column: 1, Msg: fmt.Sprintf(
		"%s is not the recording that this lesson was written for: ", l.Recording) + fmt.Sprintf(format, args...)}
}

// Says returns an event as a lesson shows it: C: or S: and the line of a command, the name of its
// kind for what is no command, "" for nil.
func Says(e *session.Event) string {
	switch {
	case e == nil:
		return ""
	case e.Kind != session.Command:
		return e.Kind.String()
	}
	return string(e.Dir) + ": " + decode.Quote(e.In.Line())
}

// bind fills in the answers that are commands of the recording.
func (q *Question) bind(l *Lesson, found map[uint64]*session.Event) error {
	bind := func(a *Answer) error {
		e := found[a.n]
		switch {
		case a.n == 0:
			return nil
		case e == nil:
			return l.other(a.Line, "it has no #%d", a.n)
		case e.Kind != session.Command || e.Row == nil:
			return l.other(a.Line, "#%d is no command that can be an answer", a.n)
		}
		a.dir, a.text, a.by = e.Dir, decode.Quote(e.In.Line()), commandOf(e)
		return (&parser{}).checkExact(a, a.Line)
	}
	for i := range q.Answers {
		if err := bind(&q.Answers[i]); err != nil {
			return err
		}
	}
	for i := range q.Wrong {
		if err := bind(&q.Wrong[i].Answer); err != nil {
			return err
		}
	}
	return nil
}
