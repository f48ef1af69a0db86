package model

import (
	"slices"

	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
)

// Caps of what is kept of findings. Beyond maxFindings, which take 16 MB, they are only counted;
// only the first maxTexts have their own text, some 10 MB, and the others that of their rule.
const (
	maxFindings = 1 << 21
	maxTexts    = 1 << 16
)

// lints checks the events behind the learning, and remembers what it found.
type lints struct {
	options *lint.Options // nil while nothing is checked
	checker *lint.Checker
	rules   []*lint.Rule
	numbers map[string]uint16 // of the rules, by ID
	done    int               // how many events have been checked
	found   []finding         // in the order of the events
	texts   map[int]string    // by index in found
	counts  []int             // by rule
	total   int
}

// finding is what a rule found: the position of the event in the log, and the number of the rule.
type finding struct {
	at   uint32
	rule uint16
}

// SetLint has the events checked in the background by the rules that the options choose; nil checks
// nothing. What was found before is forgotten.
func (m *Model) SetLint(o *lint.Options) {
	m.lints = lints{options: o}
	if o != nil {
		m.lints.checker, m.lints.rules = lint.New(*o), lint.Rules()
		m.lints.numbers, m.lints.texts = map[string]uint16{}, map[int]string{}
		m.lints.counts = make([]int, len(m.lints.rules))
		for i, r := range m.lints.rules {
			m.lints.numbers[r.ID] = uint16(i)
		}
	}
	for _, c := range m.tree.conns {
		c.Findings = 0
	}
	m.tree.stale = true
	if m.byLint {
		m.rewind(0)
	}
}

// LintOptions returns the options with which events are checked, nil while none are.
func (m *Model) LintOptions() *lint.Options { return m.lints.options }

// Linting reports whether there are events to be checked.
func (m *Model) Linting() bool { return m.lints.options != nil && m.lints.done < m.learned }

// readsLint reports whether a filter depends on findings.
func readsLint(f Filter) bool {
	compiled, ok := f.(*filter.Filter)
	return ok && compiled.ReadsLint()
}

// lintOne checks the next event, and reports whether there was one.
func (m *Model) lintOne() bool {
	l := &m.lints
	if !m.Linting() {
		return false
	}
	at := l.done
	l.done++
	e := m.read(at)
	if e == nil {
		return true
	}
	for _, f := range l.checker.Check(e) {
		l.add(at, &f)
		if c := m.tree.conns[e.Conn]; c != nil {
			c.Findings++
			m.tree.stale = true
		}
	}
	return true
}

func (l *lints) add(at int, f *session.Finding) {
	rule := l.numbers[f.Rule]
	l.total++
	l.counts[rule]++
	if len(l.found) == maxFindings {
		return
	}
	if len(l.texts) < maxTexts {
		l.texts[len(l.found)] = f.Message
	}
	l.found = append(l.found, finding{uint32(at), rule})
}

// of returns the findings in the event at a position.
func (l *lints) of(position int) (all []session.Finding) {
	i, _ := slices.BinarySearchFunc(l.found, uint32(position), func(f finding, at uint32) int {
		return int(f.at) - int(at)
	})
	for ; i < len(l.found) && l.found[i].at == uint32(position); i++ {
		r := l.rules[l.found[i].rule]
		text, ok := l.texts[i]
		if !ok {
			text = r.Means
		}
		all = append(all, session.Finding{Rule: r.ID, Severity: string(r.Severity), Section: r.Section, Message: text})
	}
	return all
}

// Findings returns what lint has found so far in the event with number n, nil for nothing.
func (m *Model) Findings(n uint64) []session.Finding {
	if n == 0 || len(m.lints.found) == 0 {
		return nil
	}
	return m.lints.of(m.numbered(n))
}

// Lint is how often a rule was broken.
type Lint struct {
	Rule  *lint.Rule
	Count int
}

// Lints returns the rules that were broken, in their order, and how many findings there are.
func (m *Model) Lints() (all []Lint, total int) {
	for i, n := range m.lints.counts {
		if n > 0 {
			all = append(all, Lint{m.lints.rules[i], n})
		}
	}
	return all, m.lints.total
}

// checked returns the event with what lint has found in it, for a filter that reads that.
func (m *Model) checked(e *session.Event, position int) *session.Event {
	c := *e
	c.Found(m.lints.of(position))
	return &c
}

// CheckedRow returns the event of row i with what lint has found in it, nil where there is none.
func (m *Model) CheckedRow(i int) *session.Event {
	e := m.Row(i)
	if e == nil || m.lints.options == nil {
		return e
	}
	return m.checked(e, m.position(i))
}
