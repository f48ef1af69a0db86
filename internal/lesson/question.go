package lesson

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Question asks for a command, or for a word.
type Question struct {
	Line    int      // of its answers in the file
	Answers []Answer // any of them is right
	Wrong   []Mistake
	Hints   []string
}

// Mistake is a wrong answer that deserves an explanation of its own.
type Mistake struct {
	Answer
	Says string
}

// Answer is a command, or words of which one is the answer.
type Answer struct {
	Line  int
	Words []string // nil for a command

	n     uint64 // the number of the command in the recording, 0 for one that the lesson has itself
	dir   decode.Dir
	text  string // the command's line
	exact []string
	by    command
	any   bool // any TrID is right
}

// command is a command with what is needed to compare others with it.
type command struct {
	m     decode.Message
	row   *dialect.Row
	table *dialect.Table
	role  dialect.Role
}

// read returns the command that a line is, sent in a direction.
func read(line string, dir decode.Dir, table *dialect.Table, role dialect.Role) command {
	c := command{table: table, role: role}
	if c.role == 0 {
		c.role = dialect.Any
	}
	c.m = decode.Parse([]byte(line+"\r\n"), dir, table.At(role))
	c.row = table.Match(dir, c.role, &c.m)
	return c
}

// commandOf returns the command of an event.
func commandOf(e *session.Event) command {
	c := command{m: e.In, row: e.Row, table: session.Table(e.Dialect), role: e.Role}
	if c.role == 0 {
		c.role = dialect.Any
	}
	return c
}

// Solution returns an answer that is right, as the learner would type it.
func (q *Question) Solution() string {
	a := &q.Answers[0]
	switch {
	case a.Words != nil:
		return a.Words[0]
	case a.by.row == nil:
		return "#" + strconv.FormatUint(a.n, 10) // not bound yet
	}
	words := strings.Fields(a.text)
	for i, w := range words {
		switch {
		case w != "*":
		case i == 1 && a.any:
			words[i] = "1"
		default:
			words[i] = "any"
		}
	}
	return string(a.dir) + ": " + strings.Join(words, " ")
}

// answerLine reads a line of an answer block.
func (p *parser) answerLine(line string) error {
	q := p.step().Question
	if strings.TrimSpace(line) == "" {
		return nil
	}
	if hint, ok := strings.CutPrefix(line, "hint: "); ok {
		q.Hints = append(q.Hints, strings.TrimSpace(hint))
		return nil
	}
	if names, ok := strings.CutPrefix(line, "exact: "); ok {
		return p.exact(q, strings.Fields(names))
	}
	if rest, ok := strings.CutPrefix(line, "wrong: "); ok {
		answer, says, ok := strings.Cut(rest, " => ")
		if !ok {
			return p.wrong(8, "a wrong answer has its explanation after =>: wrong: C: OUT => why not")
		}
		a, err := p.oneAnswer(strings.TrimSpace(answer), len("wrong: ")+1)
		if err != nil {
			return err
		}
		q.Wrong = append(q.Wrong, Mistake{a, strings.TrimSpace(says)})
		return nil
	}
	a, err := p.oneAnswer(line, 1)
	if err != nil {
		return err
	}
	q.Answers = append(q.Answers, a)
	return nil
}

// oneAnswer reads an answer that begins at a column.
func (p *parser) oneAnswer(text string, column int) (Answer, error) {
	a := Answer{Line: p.at}
	if words, ok := strings.CutPrefix(text, "word: "); ok {
		for w := range strings.SplitSeq(words, ",") {
			if w = strings.TrimSpace(w); w != "" {
				a.Words = append(a.Words, w)
			}
		}
		if a.Words == nil {
			return a, p.wrong(column+6, "word: has one or several words, with commas between them")
		}
		return a, nil
	}
	if digits, ok := strings.CutPrefix(text, "#"); ok {
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || n == 0 {
			return a, p.wrong(column, "%q is no number of a command, such as #4", short(text))
		}
		a.n = n
		return a, nil
	}
	m := sideForm.FindStringSubmatch(text)
	if m == nil {
		return a, p.wrong(column, "%q is no answer: valid are #4 (a command of the recording), C: or S: with a "+
			"command, "+
			"word: with words, exact: with names of arguments, hint:, wrong:", short(text))
	}
	a.dir, a.text = decode.Dir(m[1][0]), m[2]
	if verb, rest, ok := strings.Cut(a.text, " *"); ok && len(verb) == 3 { // * may stand for the TrID
		a.by = read(verb+" 0"+rest, a.dir, session.Table(""), 0)
		a.any = a.by.row != nil && a.by.row.TrID != dialect.None
	}
	if !a.any {
		a.by = read(a.text, a.dir, session.Table(""), 0)
	}
	if a.by.row == nil {
		return a, p.wrong(column+3, "%q is no command that a %s sends", short(a.text), sides[a.dir])
	}
	return a, nil
}

// exact reads the names of arguments that must be as they are in the answer above.
func (p *parser) exact(q *Question, names []string) error {
	if len(q.Answers) == 0 {
		return p.wrong(1, "exact: stands below the answer that it is about")
	}
	last := &q.Answers[len(q.Answers)-1]
	last.exact = append(last.exact, names...)
	if last.by.row == nil {
		return nil // a command of the recording: see bind
	}
	return p.checkExact(last, p.at)
}

func (p *parser) checkExact(a *Answer, line int) error {
	known := []string{"TrID"}
	for _, arg := range a.by.row.Args {
		known = append(known, arg.Name)
	}
	for _, name := range a.exact {
		if !slices.Contains(known, name) {
			p.at = line
			return p.wrong(8, "%s has no argument %q: it has %s", a.by.row.Verb, short(name), strings.Join(known, ", "))
		}
	}
	return nil
}

var sides = map[decode.Dir]string{decode.FromClient: "client", decode.FromServer: "server"}

// volatile lists the kinds of arguments whose values are new in every session: any value is right.
var volatile = dialect.KindsOf(dialect.Cookie, dialect.Session, dialect.Secret, dialect.HostPort, dialect.Serial,
	dialect.Length, dialect.Name, dialect.Text)

// free reports whether any value of an argument is right.
func (a *Answer) free(arg *dialect.Arg, value []byte) bool {
	if string(value) == "*" {
		return true
	}
	return volatile&dialect.KindsOf(arg.Kind) != 0 && !slices.Contains(a.exact, arg.Name)
}

// same reports whether two values of an argument mean the same.
func same(arg *dialect.Arg, a, b []byte) bool {
	x, y := decode.AppendUnescaped(nil, a), decode.AppendUnescaped(nil, b)
	if arg.Kind == dialect.Handle || arg.Kind == dialect.Self || arg.Kind == dialect.Dialect {
		return bytes.EqualFold(x, y)
	}
	return bytes.Equal(x, y)
}
