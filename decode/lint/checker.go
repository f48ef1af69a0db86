package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// Options choose the rules of a Checker. The zero value takes all.
type Options struct {
	Preset Preset   // "" is Draft
	Skip   []string // IDs of rules that are left out as well
}

// In reports whether the options select the rule.
func (r *Rule) In(o Options) bool {
	return (o.Preset != Observed || r.Habit == "") && !slices.Contains(o.Skip, r.ID)
}

// Checker checks the events of one log. It remembers what the rules need to know of earlier events,
// within limits: see the constants in memory.go. It is not safe for concurrent use.
type Checker struct {
	rules  []*Rule
	byRow  [][]choice // by the row's ID, empty while it was not needed
	all    []*Rule    // for a command without a row
	others [atClose + 1][]*Rule

	state session.State
	conns map[int]*conn
	memory
	look look
}

// New returns a Checker for the events of a log from its first one.
func New(o Options) *Checker {
	k := &Checker{conns: map[int]*conn{}, state: *session.NewState(), memory: newMemory()}
	for _, r := range Rules() {
		if !r.In(o) {
			continue
		}
		k.rules = append(k.rules, r)
		switch {
		case r.on.moment != atCommand:
			k.others[r.on.moment] = append(k.others[r.on.moment], r)
		case r.on.verbs == "":
			k.all = append(k.all, r)
		}
	}
	k.look.k = k
	return k
}

// Check returns what is wrong with the next event of the log; nil for nothing. What shows only
// later, such as a request that nobody answered, is found in the event that shows it. The result is
// the caller's. Check keeps nothing of e.
func (k *Checker) Check(e *session.Event) []session.Finding {
	if e.Conn == 0 {
		k.missed(e)
		return nil
	}
	l := &k.look
	l.begin(e, k.conn(e))
	if e.Role == dialect.FT && l.c.file == nil {
		l.c.file = new(carried)
	}
	switch {
	case e.Kind == session.Command && e.In.Opaque():
		l.runSome(k.others[atOpaque])
	case e.Kind == session.Command:
		l.command()
	case e.Kind == session.Close:
		l.runSome(k.others[atClose])
	}
	k.learn(l)
	k.state.Apply(e)
	return l.found
}

// choice holds the rules for commands of a row at a place.
type choice struct {
	at    place
	rules []*Rule
}

// of returns the rules for commands of a row at a place.
func (k *Checker) of(row *dialect.Row, at place) []*Rule {
	id := row.ID()
	if id >= len(k.byRow) {
		k.byRow = append(k.byRow, make([][]choice, id+1-len(k.byRow))...)
	}
	for i := range k.byRow[id] {
		if c := &k.byRow[id][i]; c.at == at {
			return c.rules
		}
	}
	c := choice{at: at}
	for _, r := range k.rules {
		if r.on.covers(row) && r.applies(row.Dir, at) {
			c.rules = append(c.rules, r)
		}
	}
	k.byRow[id] = append(k.byRow[id], c)
	return c.rules
}

// look is the view that rules have of one event.
type look struct {
	k       *Checker
	c       *conn
	e       *session.Event
	m       *decode.Message
	row     *dialect.Row // nil for an unknown command
	asked   *request     // the request that the command answers, nil for none that is known
	number  int          // of the dialect
	classes class        // of all bytes of the line
	rule    *Rule        // that is being checked
	found   []session.Finding

	parsed bool
	body   body.Body
	sought bool
	step   *body.Invite // once it was sought
}

func (l *look) begin(e *session.Event, c *conn) {
	*l = look{k: l.k, c: c, e: e, m: &e.In, row: e.Row, number: numberOf(e.Dialect)}
	if e.Kind != session.Command {
		l.row = nil
		return
	}
	if e.ReplyTo != 0 {
		l.asked = c.request(e.ReplyTo)
	}
	l.classes = classesOf(l.m.Line())
}

// numberOf returns the number of a dialect; that of the draft while the dialect is unknown.
func numberOf(name string) int {
	if name == "" {
		return dialect.MSNP2.Number()
	}
	return session.Table(name).Number()
}

// command runs the rules for a command.
func (l *look) command() {
	if l.row == nil {
		l.runSome(l.k.all)
		return
	}
	for _, r := range l.k.of(l.row, l.place()) {
		l.rule = r
		r.check(l)
	}
}

// runSome runs those of the rules that apply.
func (l *look) runSome(rules []*Rule) {
	at := l.place()
	for _, r := range rules {
		if r.applies(l.e.Dir, at) {
			l.rule = r
			r.check(l)
		}
	}
}

func (l *look) place() place { return place{l.e.Role, l.number, l.m.Block()} }

// maxFindings is how many findings one event can have: what breaks more rules is not this protocol.
const maxFindings = 32

// say adds a finding of the current rule. Arguments may be text from the wire: see [quote].
func (l *look) say(text string, args ...any) {
	if len(l.found) == maxFindings {
		return
	}
	for i := range args {
		switch a := args[i].(type) {
		case []byte:
			args[i] = quote(string(a))
		case string:
			args[i] = quote(a)
		}
	}
	l.found = append(l.found, session.Finding{
		Rule: l.rule.ID, Severity: string(l.rule.Severity), Section: l.rule.Section,
		Message: fmt.Sprintf(text, args...),
	})
}

// maxQuoted is how many bytes of the wire a message quotes.
const maxQuoted = 60

// quote returns text from the wire as one short line in quotation marks, with everything escaped
// that is not plain ASCII.
func quote(s string) string {
	more := ""
	if len(s) > maxQuoted {
		s, more = s[:maxQuoted], "…"
	}
	return fmt.Sprintf("%+q%s", s, more)
}

// payload returns the body of the command, parsed once.
func (l *look) payload() *body.Body {
	if !l.parsed {
		l.parsed, l.body = true, l.k.header.body(l.m)
	}
	return &l.body
}

// arg returns the first argument whose name in the row is one of the names, nil if there is none.
func (l *look) arg(names ...string) []byte { return argOf(l.row, l.m, names...) }

func argOf(row *dialect.Row, m *decode.Message, names ...string) []byte {
	if row == nil {
		return nil
	}
	for i := range row.Args {
		if slices.Contains(names, row.Args[i].Name) {
			if i >= m.NumArgs() {
				return nil
			}
			return row.Args[i].Value(m.Arg(i))
		}
	}
	return nil
}

// each calls do with the value of each argument whose kind is in the set.
func (l *look) each(kinds dialect.Kinds, do func(value []byte)) {
	if l.row == nil || l.row.Kinds()&kinds == 0 {
		return
	}
	for i := range min(len(l.row.Args), l.m.NumArgs()) {
		if a := &l.row.Args[i]; kinds&dialect.KindsOf(a.Kind) != 0 {
			do(a.Value(l.m.Arg(i)))
		}
	}
}

// user returns what is known of the user of the connection, nil for nothing.
func (l *look) user() *session.User {
	if l.e.User == "" {
		return nil
	}
	return l.k.state.User(l.e.User)
}

// handle returns the other user whom the command is about, nil for none.
func (l *look) handle() []byte {
	if l.row == nil {
		return nil
	}
	return l.row.Find(l.m, dialect.Handle)
}

func same[T, U string | []byte](a T, b U) bool { return strings.EqualFold(string(a), string(b)) }
