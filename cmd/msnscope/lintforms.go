package main

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/internal/junit"
)

// findings is where lint reports to: one of its forms.
type findings interface {
	// add reports the findings of an event, which is valid only during the call.
	add(*session.Event) error
	// end completes the report; count has the errors, the warnings and the information.
	end(count [3]int) error
}

// textFindings prints one line for each finding.
type textFindings struct{ out *bufio.Writer }

func (f *textFindings) add(e *session.Event) error {
	var err error
	for _, x := range e.Findings {
		_, err = fmt.Fprintf(f.out, "#%-5d c%-3d %-2s %-10s %s %-5s %-5s %s\n", e.N, e.Conn, e.Role.Name(),
			format.Printable(userOf(e)), x.Rule, x.Severity, section(x.Section), x.Message)
	}
	return err
}

func (f *textFindings) end([3]int) error { return nil }

// userOf returns the part of the handle of the connection's user before the @, "-" for none.
func userOf(e *session.Event) string {
	name, _, _ := strings.Cut(e.User, "@")
	if name == "" {
		return "-"
	}
	return name
}

// jsonFindings prints one JSON document.
type jsonFindings struct {
	out    *bufio.Writer
	preset string
	buf    []byte
	begun  bool
}

func (f *jsonFindings) begin() string {
	if f.begun {
		return ",\n"
	}
	f.begun = true
	return `{"preset":` + strconv.Quote(f.preset) + `,"findings":[` + "\n"
}

func (f *jsonFindings) add(e *session.Event) error {
	var err error
	for i := range e.Findings {
		f.buf = append(f.buf[:0], f.begin()...)
		f.buf = format.AppendFinding(f.buf, e, i)
		_, err = f.out.Write(f.buf)
	}
	return err
}

func (f *jsonFindings) end(count [3]int) error {
	head := ""
	if !f.begun {
		head = f.begin()
	}
	_, err := fmt.Fprintf(f.out, "%s\n],\"errors\":%d,\"warnings\":%d,\"information\":%d}\n", head, count[0], count[1],
		count[2])
	return err
}

// maxPerRule is how many findings of one rule a JUnit report names.
const maxPerRule = 100

// junitFindings collects a case for each rule, which fails if the rule finds an error.
type junitFindings struct {
	out   *bufio.Writer
	rules []*lint.Rule
	lines map[string][]string
	count map[string]int
}

func newJUnitFindings(out *bufio.Writer, o lint.Options) *junitFindings {
	f := &junitFindings{out: out, lines: map[string][]string{}, count: map[string]int{}}
	for _, r := range lint.Rules() {
		if r.In(o) {
			f.rules = append(f.rules, r)
		}
	}
	return f
}

func (f *junitFindings) add(e *session.Event) error {
	for _, x := range e.Findings {
		if f.count[x.Rule]++; f.count[x.Rule] <= maxPerRule {
			f.lines[x.Rule] = append(f.lines[x.Rule],
				fmt.Sprintf("event %d, connection %d: %s", e.N, e.Conn, x.Message))
		}
	}
	return nil
}

func (f *junitFindings) end([3]int) error {
	suite := junit.Suite{Name: "msnscope lint"}
	for _, r := range f.rules {
		c := junit.Case{Class: "lint." + string(r.Severity), Name: r.ID + " " + r.Means}
		if n := f.count[r.ID]; n > 0 && r.Severity == lint.Error {
			c.Failure = &junit.Problem{
				Kind: fmt.Sprintf("%d findings, %s", n, section(r.Section)), Text: strings.Join(f.lines[r.ID], "\n"),
			}
		}
		suite.Cases = append(suite.Cases, c)
	}
	return junit.Write(f.out, &suite)
}
