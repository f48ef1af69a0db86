package ui

import (
	"fmt"
	"slices"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/lesson"
	"github.com/msnscope/msnscope/ui/model"
)

// Teaching is a lesson that the inspector plays beside its recording, which is Options.Log.
type Teaching struct {
	// Lesson is bound to the recording.
	Lesson *lesson.Lesson
	// Page is where to begin: 0 for the introduction, n for step n.
	Page int
	// Solved says of each step whether it has been solved.
	Solved []bool
	// Keep stores the page and what is solved whenever one of them changes; nil stores nothing.
	Keep func(page int, solved []bool) error
	// Practise begins an exercise; nil where exercises cannot be done.
	Practise func(x *lesson.Exercise) (Practice, error)
	// Next is the title of the lesson that follows, "" for none. Onward reports, after Run, that
	// the learner wants it.
	Next   string
	Onward bool
}

// Practice is a live server with an exercise's users.
type Practice interface {
	// Log is the traffic.
	Log() model.Log
	// Send says a line for the learner, on the connection to a server of the role, which it opens
	// if necessary; 0 is that of the line before. It does not wait for an answer.
	Send(on dialect.Role, raw []byte) error
	// Close ends all connections.
	Close()
}

// course is a lesson that is being played.
type course struct {
	*Teaching
	page     int
	hints    int    // how many hints were given on this page
	says     string // about the latest answer, "" for none
	right    bool   // whether that answer was right
	shown    bool   // the answer was shown
	revision int    // grows with each change of the page
	moved    bool   // the page was turned: it is shown from its beginning
	told     bool   // something was said: the end of the page is shown
	typed    []string

	practice Practice // nil while none goes on
	attempt  *lesson.Attempt
	watched  int // how many events of the practice have been observed
	log      model.Log
	save     func(Saving) (int, error)
}

// teach begins the lesson of the options, if there is one.
func (a *App) teach() {
	t := a.o.Teaching
	if t == nil {
		return
	}
	a.course = &course{Teaching: t, log: a.o.Log, save: a.o.Save}
	if steps := len(t.Lesson.Steps); len(t.Solved) != steps {
		t.Solved = append(t.Solved, make([]bool, steps)...)[:steps]
	}
	a.tab, a.focus, a.face = lessonTab, detailPane, ladderFace
	a.openPage(max(0, min(t.Page, a.course.last())))
}

// last returns the last page, the one after all steps.
func (c *course) last() int { return len(c.Lesson.Steps) + 1 }

// step returns the step of the page, nil for the first and the last page.
func (c *course) step() *lesson.Step {
	if c.page < 1 || c.page > len(c.Lesson.Steps) {
		return nil
	}
	return &c.Lesson.Steps[c.page-1]
}

// waits reports whether the page waits for something to be solved.
func (c *course) waits() bool {
	s := c.step()
	return s != nil && s.Asks() && !c.Solved[c.page-1] && !c.shown
}

// openPage shows a page: the rows are those up to the commands that it shows, of which the last is
// selected.
func (a *App) openPage(page int) {
	c := a.course
	a.endPractice()
	c.page, c.hints, c.says, c.shown, c.moved = page, 0, "", false, true
	c.revision++
	a.playing = nil
	s := c.step()
	if page == 0 {
		s = &c.Lesson.Steps[0]
	}
	if s == nil || s.Last() == 0 {
		a.model.SetHorizon(-1)
	} else {
		last := slices.MaxFunc(s.Shows, func(x, y lesson.Shown) int { return x.Index() - y.Index() })
		a.model.SetHorizon(last.Index() + 1)
		a.model.Goto(last.N)
	}
	a.keepCourse()
}

func (a *App) keepCourse() {
	if c := a.course; c.Keep != nil {
		a.report(c.Keep(c.page, c.Solved))
	}
}

// turn goes to another page.
func (a *App) turn(by int) {
	c := a.course
	switch {
	case c == nil:
		a.say("no lesson is played: msnscope learn plays one")
		return
	case c.page+by < 0:
		a.say("this is the first page")
		return
	case c.page+by > c.last():
		a.finish()
		return
	}
	a.to(detailPane)
	a.tab = lessonTab
	a.openPage(c.page + by)
}

// finish leaves the lesson after its last page, for the next one if there is one.
func (a *App) finish() {
	if a.course.Next == "" {
		a.say("that was the last lesson: q quits")
		return
	}
	a.course.Onward, a.quit = true, true
}

// goOn does what comes next on a page: scroll where there is more of it, ask for an answer, or turn
// the page.
func (a *App) goOn() {
	c := a.course
	if c.moved {
		return // nobody has seen the page yet: the key was meant for the one before
	}
	if p := &a.detail; p.top+p.height < p.len() {
		p.scroll(max(1, p.height-1))
		return
	}
	if !c.waits() {
		a.turn(1)
		return
	}
	if c.practice != nil && c.attempt.Broken() != "" {
		a.endPractice()
	}
	if c.step().Exercise != nil && c.practice == nil && !a.beginPractice() {
		return
	}
	a.askLesson("")
}

// askLesson opens the line for an answer, or for a line of an exercise.
func (a *App) askLesson(text string) {
	c := a.course
	label := "Answer: "
	if c.practice != nil {
		label = "You say: "
	}
	c.told = true
	c.revision++
	a.prompt = a.newPrompt(lessonPrompt, label, text)
	a.prompt.note = "Enter sends it; an empty line asks for a hint; Esc: back to the page"
}

// answerLesson takes what was typed. An empty line asks for a hint; after the last one it shows the
// answer.
func (a *App) answerLesson(text string) {
	c, s := a.course, a.course.step()
	c.says, c.told = "", true
	c.revision++
	switch {
	case text == "":
		a.prompt = nil
		a.giveHint()
	case s.Exercise != nil:
		remember(&c.typed, text)
		if err := a.sayLine(text); err != nil {
			c.says = sentenceOf(err)
			return
		}
		a.askLesson("")
	default:
		remember(&c.typed, text)
		v := s.Question.Judge(text)
		if c.says, c.right = v.Says, v.Right; v.Right {
			a.prompt = nil
			a.solved()
		}
	}
}

// solved notes that the step is solved.
func (a *App) solved() {
	a.course.Solved[a.course.page-1] = true
	a.keepCourse()
}

// giveHint shows one more hint and opens the line again; if there is none left, it shows the
// answer.
func (a *App) giveHint() {
	c := a.course
	hints := c.allHints()
	if c.hints < len(hints) {
		c.hints++
		a.askLesson("")
		return
	}
	if c.shown = true; c.practice != nil {
		a.askLesson("") // the solution can be typed
	}
}

func (c *course) allHints() []string {
	switch s := c.step(); {
	case s == nil:
	case s.Question != nil:
		return s.Question.Hints
	case s.Exercise != nil:
		return s.Exercise.Hints
	}
	return nil
}

// beginPractice starts the server of an exercise, and shows its traffic in place of the recording.
func (a *App) beginPractice() bool {
	c := a.course
	if c.Practise == nil {
		a.say("exercises cannot be done here")
		return false
	}
	x := c.step().Exercise
	p, err := c.Practise(x)
	if err != nil {
		c.says, c.told = sentenceOf(err), true
		c.revision++
		return false
	}
	c.practice, c.attempt, c.watched, c.says = p, x.Try(), p.Log().Len(), ""
	a.o.Save = nil // what is on the screen is not the recording
	a.look(p.Log(), true)
	a.face = ladderFace
	c.revision++
	return true
}

// endPractice ends an exercise, if one goes on, and shows the recording again.
func (a *App) endPractice() {
	c := a.course
	if c == nil || c.practice == nil {
		return
	}
	c.practice.Close()
	c.practice, c.attempt, a.prompt = nil, nil, nil
	a.o.Save = c.save
	a.look(c.log, false)
}

// sayLine sends a line of an exercise.
func (a *App) sayLine(text string) error {
	c := a.course
	l, err := c.attempt.Line(text)
	if err != nil {
		return err
	}
	return c.practice.Send(l.On, l.Raw)
}

// watchPractice observes the traffic of an exercise, and reports whether it has changed anything on
// the page.
func (a *App) watchPractice() (changed bool) {
	c := a.course
	if c == nil || c.practice == nil {
		return false
	}
	log := c.practice.Log()
	for ; c.watched < log.Len(); c.watched++ {
		if c.attempt.Observe(log.At(c.watched)) {
			changed, c.told = true, true
			c.revision++
		}
	}
	if changed && c.attempt.Broken() != "" {
		a.prompt = nil
		a.to(detailPane)
	}
	if changed && c.attempt.Done() && !c.Solved[c.page-1] {
		c.right, a.prompt = true, nil
		a.to(detailPane)
		a.solved()
	}
	return changed
}

// sentenceOf returns an error as a sentence.
func sentenceOf(err error) string { return fmt.Sprintf("That was not sent: %s.", oneLine(err.Error())) }
