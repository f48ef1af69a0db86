package lesson

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/filter"
)

// Exercise is a task at a live server. The learner speaks for one user, line by line; what the
// server and the others do about it is checked by filters.
//
//	```exercise
//	you: alice at NS
//	with: bob
//	goal: FILTER => what it shows
//	never: FILTER => why that is no solution
//	hint: TEXT
//	solution: LINE
//	```
//
// All users exist, have passwords such as alicepw, and have each other on their forward and allow
// lists; those after with are signed in. The learner begins without a connection (DS), or signed
// in, synchronized and online (NS).
type Exercise struct {
	Line     int
	You      string // the handle
	Begin    dialect.Role
	With     []string // handles
	Goals    []Goal
	Never    []Goal
	Hints    []string
	Solution []string // lines to type
}

// Goal is a filter for the event that shows that a goal is reached.
type Goal struct {
	filter *filter.Filter
	Says   string
}

// Users lists the users whom an exercise may have, by the name before the @.
func Users() []string { return []string{"alice", "bob", "carol", "dave"} }

// Handle returns the handle of a user of an exercise.
func Handle(name string) string { return name + "@hotmail.com" }

// exerciseLine reads a line of an exercise block.
func (p *parser) exerciseLine(line string) error {
	x := p.step().Exercise
	if strings.TrimSpace(line) == "" {
		return nil
	}
	key, value, ok := strings.Cut(line, ": ")
	if value = strings.TrimSpace(value); !ok || value == "" {
		return p.wrong(1, "%q: valid are you:, with:, goal:, never:, hint: and solution:, each with a "+
			"text", short(line))
	}
	column := len(key) + 3
	switch key {
	case "you":
		name, role, ok := strings.Cut(value, " at ")
		x.Begin = dialect.ParseRole(role)
		if !ok || !slices.Contains(Users(), name) || x.Begin != dialect.DS && x.Begin != dialect.NS {
			return p.wrong(column, "%q: valid is NAME at DS, without a connection, or NAME at NS, signed in; the "+
				"names are %s",
				short(value), strings.Join(Users(), ", "))
		}
		x.You = Handle(name)
	case "with":
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); !slices.Contains(Users(), name) {
				return p.wrong(column, "%q is no user: they are %s", short(name), strings.Join(Users(), ", "))
			}
			x.With = append(x.With, Handle(name))
		}
	case "goal", "never":
		g, err := p.goal(value, column)
		if err != nil {
			return err
		}
		if key == "goal" {
			x.Goals = append(x.Goals, g)
		} else {
			x.Never = append(x.Never, g)
		}
	case "hint":
		x.Hints = append(x.Hints, value)
	case "solution":
		x.Solution = append(x.Solution, value)
	default:
		return p.wrong(1, "%q: valid are you:, with:, goal:, never:, hint: and solution:", short(key))
	}
	return nil
}

// goal reads a filter and what it shows.
func (p *parser) goal(text string, column int) (Goal, error) {
	expr, says, ok := strings.Cut(text, " => ")
	if !ok {
		return Goal{}, p.wrong(column, "after the filter stands => and what it shows")
	}
	f, err := filter.Compile(expr)
	var bad *filter.Error
	if errors.As(err, &bad) {
		msg := bad.Msg
		if bad.Hint != "" {
			msg += ": " + bad.Hint
		}
		return Goal{}, p.wrong(column+bad.Offset, "in the filter: %s", msg)
	}
	if err != nil {
		return Goal{}, p.wrong(column, "in the filter: %v", err)
	}
	return Goal{f, strings.TrimSpace(says)}, nil
}

func (p *parser) checkExercise(x *Exercise) error {
	switch {
	case x.You == "":
		return p.wrong(1, "the exercise does not say who the learner is: you: alice at NS")
	case len(x.Goals) == 0:
		return p.wrong(1, "the exercise has no goal: goal: FILTER => what it shows")
	case len(x.Solution) == 0:
		return p.wrong(1, "the exercise has no solution: solution: with a line to type, by which it is tested")
	case slices.Contains(x.With, x.You):
		return p.wrong(1, "%s is the learner, and is in with: too", x.You)
	}
	return nil
}

// Attempt is one try at an exercise. It is for one goroutine.
type Attempt struct {
	x       *Exercise
	reached []bool
	broken  string
	values  map[dialect.Kind]string
	trid    int
}

// Try begins an attempt.
func (x *Exercise) Try() *Attempt {
	return &Attempt{x: x, reached: make([]bool, len(x.Goals)), values: map[dialect.Kind]string{}, trid: 100}
}

// Observe takes the next event of the traffic, and reports whether it brought the learner further,
// or broke the attempt.
func (a *Attempt) Observe(e *session.Event) (news bool) {
	a.learn(e)
	for i := range a.x.Goals {
		if !a.reached[i] && a.x.Goals[i].filter.Match(e) {
			a.reached[i], news = true, true
		}
	}
	for i := range a.x.Never {
		if a.broken == "" && a.x.Never[i].filter.Match(e) {
			a.broken, news = a.x.Never[i].Says, true
		}
	}
	return news
}

// learn keeps what the server told the learner and lines may need: the challenge, the cookie, the
// session.
func (a *Attempt) learn(e *session.Event) {
	if e.Kind != session.Command || e.Dir != decode.FromServer || e.Row == nil || e.User != "" && e.User != a.x.You {
		return
	}
	m := e.Sent()
	for _, k := range placeholders {
		if v := e.Row.Find(&m, k); len(v) > 0 {
			a.values[k] = string(v)
		}
	}
}

// Reached returns which goals are reached.
func (a *Attempt) Reached() []bool { return a.reached }

// Done reports whether all goals are reached, and nothing was done that must not be.
func (a *Attempt) Done() bool { return a.broken == "" && !slices.Contains(a.reached, false) }

// Broken returns why the attempt can no longer succeed, "" if it can.
func (a *Attempt) Broken() string { return a.broken }

// placeholders names the values that stand in braces in a line.
var placeholders = map[string]dialect.Kind{
	"cookie": dialect.Cookie, "session": dialect.Session, "challenge": dialect.Secret,
}

var (
	bracesForm = regexp.MustCompile(`\{(cookie|session|challenge|trid)\}`)
	md5Form    = regexp.MustCompile(`\{md5 ([^{} ]+) *\+? *([^{} ]*)\}`)
	onForm     = regexp.MustCompile(`^(?i:(ds|ns|sb)> *)?(.*)$`)
)

// Line is a line that the learner typed, ready to be sent.
type Line struct {
	// On is the kind of server to which the line goes: DS means that of the first connection; 0 is
	// where the line before went.
	On  dialect.Role
	Raw []byte // with a line end
}

// Line reads a line that was typed. ds>, ns> or sb> before it chooses the connection. {cookie},
// {session} and {challenge} stand for the latest that the server sent, {md5 A B} for the MD5 of A
// and B, one after the other, in hexadecimal digits, {trid} for a number that was not used; \r\n
// and the like are escapes.
func (a *Attempt) Line(typed string) (Line, error) {
	m := onForm.FindStringSubmatch(strings.TrimSpace(typed))
	if m == nil || len(typed) > maxTyped {
		return Line{}, errors.New("a command is one line")
	}
	l := Line{On: dialect.ParseRole(strings.ToUpper(m[1]))}
	var wrong error
	text := bracesForm.ReplaceAllStringFunc(m[2], func(word string) string {
		name := word[1 : len(word)-1]
		if name == "trid" {
			a.trid++
			return fmt.Sprint(a.trid)
		}
		v, ok := a.values[placeholders[name]]
		if !ok {
			wrong = fmt.Errorf("the server has not sent a %s yet", name)
		}
		return v
	})
	text = md5Form.ReplaceAllStringFunc(text, func(word string) string {
		parts := md5Form.FindStringSubmatch(word)
		return decode.MD5Response(parts[1], parts[2])
	})
	if wrong == nil && text == "" {
		wrong = errors.New("there is nothing to send")
	}
	if wrong == nil {
		l.Raw, wrong = edit.Typed(text)
	}
	return l, wrong
}
