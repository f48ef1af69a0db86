package lesson

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/notation"
)

// MaxSize is how long the file of a lesson may be, in bytes: the longest shipped one has a tenth.
const MaxSize = 256 << 10

// Parse reads the file of a lesson; name is that of the file without .md. An error is a
// *notation.Error with line, column and what would be valid there.
func Parse(name string, source []byte) (*Lesson, error) {
	if len(source) > MaxSize {
		return nil, &notation.Error{Line: 1, Column: 1, Msg: fmt.Sprintf(
			"the file has %d bytes: a lesson has %d at most", len(source), MaxSize)}
	}
	if !utf8.Valid(source) || bytes.IndexByte(source, 0) >= 0 {
		return nil, &notation.Error{Line: 1, Column: 1, Msg: "this is not a text in UTF-8: a lesson is a Markdown file"}
	}
	if err := printable(source); err != nil {
		return nil, err
	}
	p := &parser{
		lines: strings.Split(strings.ReplaceAll(string(source), "\r\n", "\n"), "\n"),
		to:    &Lesson{Name: name, Recording: name + ".pcapng"},
	}
	if err := p.file(); err != nil {
		return nil, err
	}
	return p.to, nil
}

// printable returns an error about the first character that a terminal would not show, or that
// would change how it shows others.
func printable(source []byte) error {
	line, column := 1, 0
	for _, r := range string(source) {
		switch column++; {
		case r == '\n':
			line, column = line+1, 0
		case r != '\t' && r != '\r' && !unicode.IsPrint(r):
			return &notation.Error{Line: line, Column: column, Msg: fmt.Sprintf(
				"the character %U cannot be shown: a lesson has letters, signs, blanks and line ends", r)}
		}
	}
	return nil
}

// parser reads the lines of a file.
type parser struct {
	lines []string
	at    int // the index of the next line
	to    *Lesson
	asked bool // the step has a paragraph with the question
}

// wrong returns an error about the line that was read last, from a column on.
func (p *parser) wrong(column int, format string, args ...any) error {
	return &notation.Error{Line: p.at, Column: column, Msg: fmt.Sprintf(format, args...)}
}

// next returns the next line, and false at the end.
func (p *parser) next() (string, bool) {
	if p.at == len(p.lines) {
		return "", false
	}
	p.at++
	return strings.TrimRight(p.lines[p.at-1], " \t"), true
}

func (p *parser) file() error {
	for line, ok := p.next(); ok; line, ok = p.next() {
		if err := p.block(line); err != nil {
			return err
		}
	}
	switch {
	case p.to.Title == "":
		return p.wrong(1, "there is no title: a lesson begins with a line # TITLE")
	case len(p.to.Steps) == 0:
		return p.wrong(1, "there are no steps: each begins with a line ## TITLE")
	}
	return p.endStep()
}

// step returns the present step, nil before the first.
func (p *parser) step() *Step {
	if n := len(p.to.Steps); n > 0 {
		return &p.to.Steps[n-1]
	}
	return nil
}

// block reads what begins with a line.
func (p *parser) block(line string) error {
	if p.to.Title == "" && line != "" {
		title, ok := strings.CutPrefix(line, "# ")
		if p.to.Title = strings.TrimSpace(title); !ok || p.to.Title == "" {
			return p.wrong(1, "%q: a lesson begins with a line # TITLE", short(line))
		}
		return nil
	}
	if title, ok := strings.CutPrefix(line, "## "); ok {
		return p.begin(strings.TrimSpace(title))
	}
	switch {
	case line == "":
		return nil
	case strings.HasPrefix(line, "#"):
		return p.wrong(1, "%q: the only titles are # of the lesson, at the beginning, and ## of steps", short(line))
	case strings.HasPrefix(line, "```"):
		return p.fence(line)
	case strings.HasPrefix(line, "|"), strings.HasPrefix(line, "<"), strings.HasPrefix(line, "!["):
		return p.wrong(1, "%q: a lesson has no tables, pictures or HTML: it is shown in a terminal too. "+
			"Valid are paragraphs, items that begin with -, and ``` with msn, answer, exercise or text", short(line))
	}
	return p.paragraph(line)
}

// begin begins a step.
func (p *parser) begin(title string) error {
	if title == "" {
		return p.wrong(4, "a step has a title: ## TITLE")
	}
	if err := p.endStep(); err != nil {
		return err
	}
	p.to.Steps, p.asked = append(p.to.Steps, Step{Line: p.at, Title: title}), false
	return nil
}

// endStep returns what the present step lacks.
func (p *parser) endStep() error {
	s := p.step()
	if s == nil {
		return nil
	}
	lacks := ""
	switch {
	case len(s.Shows) == 0 && s.Exercise == nil:
		lacks = "it shows no command: a step has ```msn with lines such as #2 C: VER 0 MSNP2, or an ```exercise"
	case p.asked && s.Question == nil:
		lacks = "it has a question and no ```answer"
	case !p.asked && s.Question != nil:
		lacks = "it has an ```answer and no paragraph that begins with **Question:**"
	case s.Exercise != nil && s.Question != nil:
		lacks = "it has a question and an exercise: each has a step of its own"
	default:
		return nil
	}
	return &notation.Error{Line: s.Line, Column: 1, Msg: fmt.Sprintf("the step %q: %s", short(s.Title), lacks)}
}

// endsParagraph is a line that ends a paragraph although it is not empty.
var endsParagraph = regexp.MustCompile("^(```|- |#)")

var labelForm = regexp.MustCompile(`^\*\*([^*:]+):\*\* *`)

// paragraph reads a paragraph, or an item of a list, which begins with a line.
func (p *parser) paragraph(line string) error {
	var made Paragraph
	begin := p.at
	if m := labelForm.FindStringSubmatch(line); m != nil {
		if !slices.Contains(Labels(), m[1]) {
			return p.wrong(3, "%q is no label of a paragraph: they are "+
				"**%s:**", short(m[1]), strings.Join(Labels(), ":**, **"))
		}
		made.Label, line = m[1], line[len(m[0]):]
	}
	if rest, ok := strings.CutPrefix(line, "- "); ok {
		made.Item, line = true, rest
	}
	words := []string{strings.TrimSpace(line)}
	for p.at < len(p.lines) {
		more := strings.TrimSpace(p.lines[p.at])
		if more == "" || endsParagraph.MatchString(more) {
			break
		}
		words = append(words, more)
		p.at++
	}
	made.Text = plainLinks(strings.TrimSpace(strings.Join(words, " ")))
	s := p.step()
	if s == nil {
		return p.introduce(made)
	}
	if made.Label == labelQuestion {
		if p.asked {
			return &notation.Error{Line: begin, Column: 1, Msg: "a step has one question: begin another with ## TITLE"}
		}
		p.asked = true
	}
	s.Text = append(s.Text, made)
	return nil
}

// introduce adds a paragraph before the first step.
func (p *parser) introduce(made Paragraph) error {
	name, ok := strings.CutPrefix(made.Text, "Recording: ")
	switch {
	case !ok && made.Label != "":
		return p.wrong(1, "%s: belongs to a step, and the first begins with ## TITLE", made.Label)
	case !ok:
		p.to.Intro = append(p.to.Intro, made)
		return nil
	}
	if name = strings.Trim(name, "`"); name == "" || strings.ContainsAny(name, `/\:`) || strings.HasPrefix(name, ".") {
		return p.wrong(12, "%q is no name of a recording: it is that of a file beside the lesson, without a "+
			"folder", short(name))
	}
	p.to.Recording = name
	return nil
}

// linkForm is a link of Markdown, which is shown as its text.
var linkForm = regexp.MustCompile(`\[([^\][]*)\]\([^()]*\)`)

func plainLinks(text string) string { return linkForm.ReplaceAllString(text, "$1") }

// The words after ``` that say what follows.
const (
	fenceCommands = "msn"
	fenceAnswer   = "answer"
	fenceExercise = "exercise"
	fenceText     = "text"
)

// fence reads the lines up to the closing ```.
func (p *parser) fence(opening string) error {
	kind, begin := strings.TrimPrefix(opening, "```"), p.at
	if !slices.Contains([]string{fenceCommands, fenceAnswer, fenceExercise, fenceText, "console", "sh"}, kind) {
		return p.wrong(4, "```%s: after ``` stands msn (commands of the recording), answer, exercise, text, "+
			"console or sh",
			short(kind))
	}
	s := p.step()
	if s == nil && (kind == fenceCommands || kind == fenceAnswer || kind == fenceExercise) {
		return p.wrong(1, "```%s belongs to a step, and the first begins with ## TITLE", kind)
	}
	var code []string
	var add func(line string) error
	switch kind {
	case fenceCommands:
		add = p.shown
	case fenceAnswer:
		if s.Question != nil {
			return p.wrong(1, "a step has one ```answer: further answers are further lines in it")
		}
		s.Question = &Question{Line: begin}
		add = p.answerLine
	case fenceExercise:
		if s.Exercise != nil {
			return p.wrong(1, "a step has one exercise: begin another with ## TITLE")
		}
		s.Exercise = &Exercise{Line: begin}
		add = p.exerciseLine
	default:
		add = func(line string) error {
			code = append(code, line)
			return nil
		}
	}
	for {
		line, ok := p.next()
		switch {
		case !ok:
			return &notation.Error{Line: begin, Column: 1, Msg: opening + " is never closed: a line ``` ends it"}
		case line == "```":
			p.endFence(s, code)
			if s == nil {
				return nil
			}
			return p.checkFence(kind, s)
		}
		if err := add(line); err != nil {
			return err
		}
	}
}

func (p *parser) endFence(s *Step, code []string) {
	if code == nil {
		return
	}
	made := Paragraph{Text: strings.Join(code, "\n"), Code: true}
	if s == nil {
		p.to.Intro = append(p.to.Intro, made)
		return
	}
	s.Text = append(s.Text, made)
}

// checkFence returns what a fence that was read lacks.
func (p *parser) checkFence(kind string, s *Step) error {
	switch {
	case kind == fenceAnswer && len(s.Question.Answers) == 0:
		return p.wrong(1, "there is no answer: valid are #4 (a command of the recording), C: or S: with a "+
			"command, word: TEXT")
	case kind == fenceExercise:
		return p.checkExercise(s.Exercise)
	}
	return nil
}

var (
	shownForm = regexp.MustCompile(`^#([0-9]{1,18}) +(?:([CS]): (.*)|-- ([a-z-]+)).*$`)
	sideForm  = regexp.MustCompile(`^([CS]): ?(.*)$`)
)

// shown reads a line that shows a command.
func (p *parser) shown(line string) error {
	m := shownForm.FindStringSubmatch(line)
	if m == nil {
		return p.wrong(1, "%q shows no command: valid are #2 C: VER 0 MSNP2, with the number, the side and the "+
			"command "+
			"of the recording, and #8 -- close or #1 -- open", short(line))
	}
	n, err := strconv.ParseUint(m[1], 10, 64)
	if err != nil || n == 0 {
		return p.wrong(2, "commands are numbered from 1")
	}
	s := p.step()
	c := Shown{Line: p.at, N: n, Text: m[4]}
	if m[2] != "" {
		c.Dir, c.Text = decode.Dir(m[2][0]), m[3]
	}
	s.Shows = append(s.Shows, c)
	return nil
}

// short returns the beginning of a text, for messages.
func short(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
