package web_test

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/internal/lesson"
	"github.com/msnscope/msnscope/ui/model"
	"github.com/msnscope/msnscope/ui/web"
)

// shipped returns a lesson that comes with the program, and the model of its recording.
func shipped(t *testing.T, name string) (*lesson.Lesson, *model.Model) {
	t.Helper()
	text, err := samples.FS.ReadFile(name + ".md")
	if err != nil {
		t.Fatal(err)
	}
	l, err := lesson.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	all := load(t, l.Recording)
	if err := lesson.Bind(l, all); err != nil {
		t.Fatal(err)
	}
	return l, learned(all)
}

func writeLesson(t interface{ Fatal(...any) }, l *lesson.Lesson, m *model.Model) []byte {
	var b bytes.Buffer
	if err := (&web.Page{Model: m, Title: l.Title, Made: "Made by a test.", Lesson: l}).Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readLesson(t interface{ Fatal(...any) }, src []byte) page {
	p := read(t, src)
	p.wrong = slices.DeleteFunc(p.wrong, func(s string) bool {
		return slices.Contains([]string{"an element pre", "an element code", "an element h2"}, s)
	})
	return p
}

// words returns a text with one blank between words and without the marks of Markdown, which a page
// may show as code and bold.
func words(text string) string { return strings.Join(strings.Fields(lesson.Plain(text)), " ") }

// TestLessonsAsPages: the page of each shipped lesson has all its texts, those of each step before
// the commands that the step shows, and answers only where they are folded away.
func TestLessonsAsPages(t *testing.T) {
	for _, name := range samples.Lessons {
		t.Run(name, func(t *testing.T) {
			l, m := shipped(t, name)
			src := writeLesson(t, l, m)
			if len(src) >= 1<<20 {
				t.Errorf("the page has %d bytes", len(src))
			}
			p := readLesson(t, src)
			if len(p.wrong) > 0 {
				t.Errorf("the page has %q", p.wrong)
			}
			if len(p.rows) != m.Rows() {
				t.Errorf("the page has %d rows of %d", len(p.rows), m.Rows())
			}
			root, err := html.Parse(bytes.NewReader(src))
			if err != nil {
				t.Fatal(err)
			}
			order, open, folded := map[string]int{}, "", []string{}
			at := 0
			for n := range root.Descendants() {
				at++
				if id := attribute(n, "id"); id != "" {
					order[id] = at
				}
				switch {
				case n.Type == html.ElementNode && attribute(n, "class") == "answer" && n.Data == "details":
					folded = append(folded, words(textOf(n)))
				case n.Type == html.TextNode && !inside(n, "details", "script", "style"):
					open += n.Data
				}
			}
			open = words(open)
			has := func(where, what string) {
				t.Helper()
				if !strings.Contains(where, words(what)) {
					t.Errorf("the page does not have %q", what)
				}
			}
			texts := l.Intro
			for i := range l.Steps {
				s := &l.Steps[i]
				texts = slices.Concat(texts, s.Text)
				has(open, s.Title)
				id := "step" + itoa(uint64(i+1))
				if order[id] == 0 {
					t.Errorf("step %d is missing", i+1)
				}
				for _, c := range s.Shows {
					if order[id] > order["n"+itoa(c.N)] {
						t.Errorf("step %d stands behind #%d", i+1, c.N)
					}
				}
				if !s.Asks() {
					continue
				}
				if len(folded) == 0 {
					t.Fatalf("step %d has no answer that is folded away", i+1)
				}
				if s.Question != nil {
					has(folded[0], s.Question.Solution())
				} else {
					has(folded[0], strings.Join(s.Exercise.Solution, "\n"))
					for _, g := range s.Exercise.Goals {
						has(open, g.Says)
					}
				}
				folded = folded[1:]
			}
			for _, text := range texts {
				if text.Label != lesson.LabelInspector {
					has(open, text.Text)
				} else if strings.Contains(words(open), words(text.Text)) {
					t.Errorf("the page tells of keys that it does not have: %q", text.Text)
				}
			}
			if len(folded) > 0 {
				t.Errorf("the page has answers to nothing: %q", folded)
			}
		})
	}
}

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func inside(n *html.Node, names ...string) bool {
	for p := range n.Ancestors() {
		if slices.Contains(names, p.Data) {
			return true
		}
	}
	return false
}

func TestTextOfLessonsIsNeverMarkup(t *testing.T) {
	conv, m := shipped(t, "conversation")
	plain := readLesson(t, writeLesson(t, conv, m)).elements
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.SampledFrom([]string{
			"<script>alert(1)</script>", "</script>", "<!--", "-->", "</title><img>", "<img src=x onerror=alert(1)>",
			"\"onclick=alert(1)", "'", "{{.}}", "&lt;b&gt;", "\x00", "\xff\xfe", "</style>", "</pre></details><h1>",
			"[a](javascript:alert(1))", "![](http://example.org/x.png)", "</ol></section>",
		}), rapid.StringMatching(`[<>&"'/=a-z!-]{1,12}`))
		w := func() string { return word.Draw(t, "word") }
		l := *conv
		l.Title = w()
		l.Intro = []lesson.Paragraph{{Text: w()}, {Text: w(), Code: true}, {Label: w(), Text: w(), Item: true}}
		l.Steps = slices.Clone(l.Steps)
		for i := range l.Steps {
			s := &l.Steps[i]
			s.Title = w()
			s.Text = []lesson.Paragraph{{Text: "`" + w() + "` **" + w() + "**" + w()}, {Label: "Question", Text: w()}}
			if s.Question != nil {
				s.Question = &lesson.Question{Answers: []lesson.Answer{{Words: []string{w()}}}, Hints: []string{w()}}
			}
			if s.Exercise != nil {
				s.Exercise = &lesson.Exercise{
					You: w(), With: []string{w()}, Hints: []string{w()}, Solution: []string{w()},
					Goals: []lesson.Goal{{Says: w()}}, Never: []lesson.Goal{{Says: w()}},
				}
			}
		}
		p := readLesson(t, writeLesson(t, &l, m))
		if len(p.wrong) > 0 {
			t.Fatalf("the page has %q", p.wrong)
		}
		for name, n := range p.elements {
			if few := strings.Contains(" p b code pre ", " "+name+" "); n != plain[name] && !few {
				t.Fatalf("the page has %d elements %s, and %d for other words", n, name, plain[name])
			}
		}
		dataOf(t, p)
	})
}

// TestStepsInAnyOrder: a lesson whose steps go back in its recording, or show nothing, has them in
// their order.
func TestStepsInAnyOrder(t *testing.T) {
	l, m := shipped(t, "conversation")
	l.Steps = slices.Clone(l.Steps)
	slices.Reverse(l.Steps)
	src, last := writeLesson(t, l, m), 0
	for i := range l.Steps {
		at := bytes.Index(src, []byte(`id="step`+itoa(uint64(i+1))+`"`))
		if at < last {
			t.Errorf("step %d is at %d, behind %d", i+1, at, last)
		}
		last = at
	}
}
