package lesson

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/msnscope/msnscope/internal/explain"
)

// Text returns the lesson as text, in lines of at most width columns where words allow it, with the
// answers if they are wanted. Characters that are not printable were refused or are quoted: a
// terminal can show it.
func Text(l *Lesson, width int, answers bool) string {
	w := &writer{width: max(40, width)}
	w.line(l.Title)
	w.line(strings.Repeat("=", utf8.RuneCountInString(l.Title)))
	w.paragraphs(l.Intro)
	for i := range l.Steps {
		s := &l.Steps[i]
		w.line("")
		title := fmt.Sprintf("%d. %s", i+1, s.Title)
		w.line(title)
		w.line(strings.Repeat("-", utf8.RuneCountInString(title)))
		if len(s.Shows) > 0 {
			w.line("")
		}
		for _, c := range s.Shows {
			w.line("    " + c.String())
		}
		w.paragraphs(s.Text)
		if s.Exercise != nil {
			w.exercise(s.Exercise, answers)
		}
		if s.Question != nil && answers {
			w.wrapped("Answer: ", "        ", s.Question.Solution())
		}
	}
	return w.b.String()
}

// String returns the line of the lesson that shows the command.
func (s Shown) String() string {
	if s.Dir == 0 {
		return fmt.Sprintf("#%-4d -- %s", s.N, s.Text)
	}
	return fmt.Sprintf("#%-4d %c: %s", s.N, s.Dir, s.Text)
}

type writer struct {
	b     strings.Builder
	width int
}

func (w *writer) line(s string) { w.b.WriteString(strings.TrimRight(s, " ") + "\n") }

func (w *writer) paragraphs(all []Paragraph) {
	for i, p := range all {
		if !p.Item || i == 0 || !all[i-1].Item {
			w.line("")
		}
		text := Plain(p.Text)
		switch {
		case p.Code:
			for l := range strings.SplitSeq(p.Text, "\n") {
				w.line("    " + l)
			}
		case p.Item:
			w.wrapped("  - ", "    ", text)
		case p.Label != "":
			w.wrapped("", "", p.Label+": "+text)
		default:
			w.wrapped("", "", text)
		}
	}
}

func (w *writer) exercise(x *Exercise, answers bool) {
	w.line("")
	w.wrapped("", "", "Goals of the exercise, which needs a terminal:")
	for _, g := range x.Goals {
		w.wrapped("  - ", "    ", g.Says)
	}
	if !answers {
		return
	}
	w.line("One solution:")
	for _, l := range x.Solution {
		w.line("    " + l)
	}
}

// wrapped writes a wrapped text: first begins the first line, hang every further one.
func (w *writer) wrapped(first, hang, text string) {
	for _, l := range explain.Wrap(w.width, first, hang, text) {
		w.line(l)
	}
}

// Plain returns the text of a paragraph without its marks.
func Plain(text string) string { return strings.NewReplacer("**", "", "`", "").Replace(text) }
