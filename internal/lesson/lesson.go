package lesson

import (
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// Lesson is a recording with explanations of its commands.
type Lesson struct {
	Name  string // that of the file, without .md
	Title string
	// Recording is the name of the recording's file, which lies beside that of the lesson.
	Recording string
	Intro     []Paragraph
	Steps     []Step
}

// Step is one page of a lesson.
type Step struct {
	Line     int // of its title in the file, from 1
	Title    string
	Shows    []Shown // at least one, unless there is an exercise
	Text     []Paragraph
	Question *Question // nil for none
	Exercise *Exercise // nil for none
}

// Asks reports whether the step wants something from the learner.
func (s *Step) Asks() bool { return s.Question != nil || s.Exercise != nil }

// Last returns the number of the last command that the step shows, 0 for none.
func (s *Step) Last() (n uint64) {
	for _, c := range s.Shows {
		n = max(n, c.N)
	}
	return n
}

// Shown is a command of the recording, or the beginning or end of a connection.
type Shown struct {
	Line int // in the file
	N    uint64
	Dir  decode.Dir // 0 for what is no command
	// Text is the command as its line stands in the recording, or the name of the kind of event,
	// such as "close".
	Text string

	event *session.Event // once bound
	index int
}

// Event returns the event of the recording, nil before [Bind].
func (s *Shown) Event() *session.Event { return s.event }

// Index returns the position of the event in the recording, from 0.
func (s *Shown) Index() int { return s.index }

// Paragraph is a paragraph of text.
type Paragraph struct {
	// Label is one of [Labels], "" for none.
	Label string
	// Text is one line of words with *, ** and ` as in Markdown; if Code is set, it is lines to be
	// shown as they are.
	Text string
	Code bool
	// Item reports whether it is an item of a list.
	Item bool
}

// Labels returns the labels that a paragraph may begin with. A question has the last of them.
func Labels() []string {
	return []string{"Why", "Look at", "What would go wrong", LabelInspector, labelQuestion}
}

// LabelInspector begins a paragraph about keys of the inspector, which is of no use elsewhere.
const LabelInspector = "In the inspector"

const labelQuestion = "Question"
