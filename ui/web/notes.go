package web

import (
	"regexp"
	"strings"

	"github.com/msnscope/msnscope/internal/lesson"
)

// lessonView is what a page shows above the ladder if it is that of a lesson.
type lessonView struct {
	Intro []paragraphView
	Steps []noteView // as a list of links
}

// noteView stands between rows: a step of a lesson, or what that step asks.
type noteView struct {
	Step     int    // from 1
	Title    string // "" for what the step asks
	Shows    []uint64
	Text     []paragraphView
	Exercise *lesson.Exercise
	Hints    []string
	Answer   []string // lines, nil for none
}

// paragraphView is a paragraph of a lesson. Code is lines to be shown as they are.
type paragraphView struct {
	Label, Code string
	Item        bool
	Spans       []spanView
}

// spanView is a part of a paragraph: Code and Bold are "" unless it is one of them.
type spanView struct{ Text, Code, Bold string }

// marks finds code and bold text. Other marks of Markdown stay text.
var marks = regexp.MustCompile("`([^`]+)`|\\*\\*([^*]+)\\*\\*")

func spansOf(text string) (all []spanView) {
	for {
		m := marks.FindStringSubmatchIndex(text)
		if m == nil {
			return append(all, spanView{Text: text})
		}
		s := spanView{Text: text[:m[0]]}
		if m[2] >= 0 {
			s.Code = text[m[2]:m[3]]
		} else {
			s.Bold = text[m[4]:m[5]]
		}
		all, text = append(all, s), text[m[1]:]
	}
}

func paragraphsOf(all []lesson.Paragraph) (views []paragraphView) {
	for _, p := range all {
		if p.Label == lesson.LabelInspector {
			continue
		}
		v := paragraphView{Label: p.Label, Item: p.Item}
		if p.Code {
			v.Code = p.Text
		} else {
			v.Spans = spansOf(p.Text)
		}
		views = append(views, v)
	}
	return views
}

// notesOf returns the notes of a bound lesson by the row that they stand before. A step stands
// before the first row that it shows, and what it asks after the last one, but before the next
// step.
func notesOf(l *lesson.Lesson, rows int) map[int][]noteView {
	first, end := make([]int, len(l.Steps)+1), make([]int, len(l.Steps))
	at, after := 0, 0
	for i := range l.Steps {
		shows := l.Steps[i].Shows
		if len(shows) == 0 {
			at = max(at, after)
		} else {
			from := shows[0].Index()
			for _, s := range shows {
				from, after = min(from, s.Index()), max(after, s.Index()+1)
			}
			at = max(at, from)
		}
		first[i], end[i] = at, max(at, after)
	}
	first[len(l.Steps)] = rows
	notes := map[int][]noteView{}
	put := func(row int, n noteView) { notes[min(row, rows)] = append(notes[min(row, rows)], n) }
	for i := range l.Steps {
		s := &l.Steps[i]
		n, asks := noteView{Step: i + 1, Title: s.Title}, noteView{Step: i + 1}
		for _, c := range s.Shows {
			n.Shows = append(n.Shows, c.N)
		}
		for _, p := range paragraphsOf(s.Text) {
			if s.Question != nil && p.Label == questionLabel {
				asks.Text = append(asks.Text, p)
			} else {
				n.Text = append(n.Text, p)
			}
		}
		if q := s.Question; q != nil {
			asks.Hints, asks.Answer = q.Hints, []string{q.Solution()}
		}
		if x := s.Exercise; x != nil {
			asks.Exercise, asks.Hints, asks.Answer = x, x.Hints, x.Solution
		}
		put(first[i], n)
		if s.Asks() {
			put(min(end[i], first[i+1]), asks)
		}
	}
	return notes
}

// questionLabel is the label of a paragraph that asks.
var questionLabel = lesson.Labels()[len(lesson.Labels())-1]

// begins says in a sentence how an exercise begins.
func begins(x *lesson.Exercise) string {
	says := "You are " + x.You + ", at a server of your own, and not connected yet."
	if x.Begin.String() == "NS" {
		says = "You are " + x.You + ", signed in and online at a server of your own."
	}
	if len(x.With) > 0 {
		says += " Signed in too: " + strings.Join(x.With, ", ") + "."
	}
	return says
}
