package ui

import (
	"fmt"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/uniseg"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/lesson"
)

// showLesson makes the page of the lesson anew for a width.
func (a *App) showLesson(width int) {
	c := a.course
	s := &sheet{width: max(20, width), t: &a.theme}
	a.lessonPage(s)
	a.detail.src, a.fields, a.field = s.lines, nil, -1
	switch {
	case c.moved:
		a.detail.show(s.lines)
	case c.told:
		a.detail.scroll(len(s.lines))
	}
	c.moved, c.told = false, false
}

// lessonPage adds the page of the lesson.
func (a *App) lessonPage(s *sheet) {
	c, t := a.course, s.t
	l := c.Lesson
	switch step := c.step(); {
	case c.page == 0:
		s.add(seg{" " + l.Title, t.title})
		a.paragraphs(s, l.Intro)
	case step == nil:
		a.lastPage(s)
	default:
		s.add(seg{" " + step.Title, t.title})
		s.add(seg{fmt.Sprintf(" %s, step %d of %d", l.Title, c.page, len(l.Steps)), t.dim})
		for i, shown := range step.Shows {
			if i == 0 {
				s.blank()
			}
			a.shownCommand(s, shown)
		}
		a.paragraphs(s, step.Text)
		if step.Exercise != nil {
			a.goals(s, step.Exercise)
		}
		a.outcome(s, step)
	}
	s.blank()
	s.add(a.wayOn()...)
}

// shownCommand adds the line of a command that the page is about.
func (a *App) shownCommand(s *sheet, shown lesson.Shown) {
	style := s.t.dim
	switch shown.Dir {
	case decode.FromClient:
		style = s.t.client
	case decode.FromServer:
		style = s.t.server
	}
	const indent = "         "
	text := printable(shown.String())
	parts := wrap(text, s.width-2)
	if len(parts) > 1 {
		parts = wrap(text, s.width-2-len(indent))
	}
	for i, part := range parts {
		if i > 0 {
			part = indent + part
		}
		s.add(seg{" " + part, style})
	}
}

func (a *App) paragraphs(s *sheet, all []lesson.Paragraph) {
	for i, p := range all {
		if !p.Item || i == 0 || !all[i-1].Item {
			s.blank()
		}
		switch {
		case p.Code:
			for l := range strings.SplitSeq(p.Text, "\n") {
				s.add(seg{"   " + printable(l), s.t.bold})
			}
		case p.Item:
			s.prose("- ", s.t.plain, "  ", p.Text)
		case p.Label != "":
			s.prose(p.Label+": ", s.t.label, "", p.Text)
		default:
			s.prose("", s.t.plain, "", p.Text)
		}
	}
}

// goals adds what an exercise wants, and what of it is reached.
func (a *App) goals(s *sheet, x *lesson.Exercise) {
	c := a.course
	s.blank()
	for i, g := range x.Goals {
		sign, style := "[ ] ", s.t.bold
		if c.Solved[c.page-1] || c.attempt != nil && c.attempt.Reached()[i] {
			sign, style = "[x] ", s.t.good
		}
		s.prose(sign, style, "    ", g.Says)
	}
	if c.practice == nil {
		return
	}
	s.blank()
	s.prose("", s.t.plain, "", fmt.Sprintf("What you type is sent as `%s`, as it is. `ns>` or `sb>` before a line "+
		"chooses the connection.", x.You))
	if why := c.attempt.Broken(); why != "" {
		s.blank()
		s.prose("", s.t.fail, "", printable(why))
	}
}

// outcome adds the hints that were given and what is to say about the latest answer.
func (a *App) outcome(s *sheet, step *lesson.Step) {
	c := a.course
	for _, h := range c.allHints()[:c.hints] {
		s.blank()
		s.prose("Hint: ", s.t.mark, "", h)
	}
	switch {
	case c.says != "":
		s.blank()
		s.prose("", s.t.fail, "", printable(c.says))
	case c.shown && !c.Solved[c.page-1]:
		s.blank()
		s.add(seg{" One answer", s.t.mark})
		for _, l := range solutions(step) {
			s.text(printable(l), func(t *theme) seg { return seg{style: t.bold} })
		}
	case step.Asks() && c.Solved[c.page-1]:
		s.blank()
		s.add(seg{" Right.", s.t.good})
		if step.Question != nil {
			s.text(printable(step.Question.Solution()), func(t *theme) seg { return seg{style: t.bold} })
		}
	}
}

func solutions(step *lesson.Step) []string {
	if step.Exercise != nil {
		return step.Exercise.Solution
	}
	return []string{step.Question.Solution()}
}

// lastPage adds what comes after the last step.
func (a *App) lastPage(s *sheet) {
	c := a.course
	asked, solved := 0, 0
	for i := range c.Lesson.Steps {
		if c.Lesson.Steps[i].Asks() {
			asked++
			if c.Solved[i] {
				solved++
			}
		}
	}
	s.add(seg{" The end of this lesson", s.t.title})
	s.blank()
	s.prose("", s.t.plain, "", c.Lesson.Title+".")
	s.blank()
	s.prose("", s.t.plain, "", fmt.Sprintf("You solved %d of its %d questions and exercises. The whole recording is "+
		"shown now: `/` filters it, `K` explains a command, `F4` shows who is where.", solved, asked))
	if c.Next != "" {
		s.blank()
		s.prose("", s.t.plain, "", "The next lesson: "+c.Next)
	}
}

// wayOn returns the last line of a page: what Enter does.
func (a *App) wayOn() line {
	c, t := a.course, &a.theme
	does := "goes on"
	switch s := c.step(); {
	case c.page == c.last() && c.Next == "":
		return line{{" q", t.key}, {" quits", t.plain}}
	case c.page == c.last():
		does = "begins it"
	case c.waits() && s.Exercise != nil && c.practice == nil:
		does = "begins the exercise"
	case c.practice != nil && c.attempt.Broken() != "":
		does = "begins the exercise again"
	case c.practice != nil && c.waits():
		does = "lets you type"
	case c.waits():
		does = "answers"
	}
	l := line{{" Enter", t.key}, {" " + does + "   ", t.plain}}
	if c.waits() {
		l = append(l, seg{"]", t.key}, seg{" skips it   ", t.plain})
	}
	return append(l, seg{"[", t.key}, seg{" goes back", t.plain})
}

// prose adds a paragraph with ** and ` as in Markdown: head, in a style, begins its first line,
// hang the others.
func (s *sheet) prose(head string, style tcell.Style, hang, text string) {
	lines := line{{" " + head, style}}
	used, base := 1+uniseg.StringWidth(head), s.t.plain
	if head == "" {
		base = style
	}
	look := base
	add := func() {
		s.add(lines...)
		lines, used = line{{" " + hang, s.t.plain}}, 1+len(hang)
	}
	fresh := true
	for word := range strings.FieldsSeq(text) {
		plain := lesson.Plain(word)
		w := uniseg.StringWidth(plain)
		if !fresh && used+1+w > s.width-1 {
			add()
			fresh = true
		}
		if !fresh {
			lines = append(lines, seg{" ", base})
			used++
		}
		for len(word) > 0 {
			i := strings.IndexAny(word, "`*")
			switch {
			case i < 0:
				lines, word = append(lines, seg{printable(word), look}), ""
			case word[i] == '*' && !strings.HasPrefix(word[i:], "**"):
				lines, word = append(lines, seg{printable(word[:i+1]), look}), word[i+1:]
			default:
				if i > 0 {
					lines = append(lines, seg{printable(word[:i]), look})
				}
				mark := 1
				if word[i] == '*' {
					mark = 2
				}
				if look == base {
					look = s.t.bold
				} else {
					look = base
				}
				word = word[i+mark:]
			}
		}
		used, fresh = used+w, false
	}
	s.add(lines...)
}
