package conformance

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/msnscope/msnscope/internal/notation"
)

// These are the presets: three ways for a server to behave where the draft and real servers differ.
const (
	Lenient  = "lenient"  // the draft, except where real clients fail with its letter
	Draft    = "draft"    // the draft to its letter
	Observed = "observed" // as real servers behaved
)

// Presets returns the names of the presets.
func Presets() []string { return []string{Lenient, Draft, Observed} }

// Case is one case of the suite. It never changes and is safe for concurrent use.
type Case struct {
	// Name is unique: the subject of the case, a dot, and what it wants.
	Name string
	// Sections are sections of the draft (7.8), or words for what the draft does not have, such as
	// "errors".
	Sections []string
	// Means is the sentence that says what is wanted.
	Means string
	// Why is the reason why the presets differ; "" where they do not.
	Why string
	// Presets are the presets in which the case holds, in the order of [Presets].
	Presets []string
	// Options are settings that the server must have, such as "ListLimit=3"; nil where they do not
	// matter.
	Options []string
	// Ours is the reason why the case is about the embedded server alone, such as a limit that
	// another server may choose differently; "" for a case that is about all servers.
	Ours string

	topic string // heading of the case's file
	steps []step
}

// step is one line of a script, with its payload.
type step struct {
	line    int // in the file of the cases
	source  string
	presets []string // nil for all
	conn    string   // "alice.ns", "all", "server" or "time"
	op      string   // > < >> << :
	text    string
	payload string
}

// in reports whether the step belongs to the preset.
func (s *step) in(preset string) bool {
	return s.presets == nil || slices.Contains(s.presets, preset)
}

// Differs reports whether the case wants something else in preset a than in b.
func (c *Case) Differs(a, b string) bool {
	return slices.ContainsFunc(c.steps, func(s step) bool { return s.in(a) != s.in(b) })
}

// Holds reports whether the case is played in the preset.
func (c *Case) Holds(preset string) bool { return slices.Contains(c.Presets, preset) }

// Special returns what the case needs that only a server in the same process can provide: settings,
// a clock that can be moved, a shutdown. It is "" for a case that any server can be asked to pass.
func (c *Case) Special() string {
	if c.Options != nil {
		return "the server must be set up with " + strings.Join(c.Options, ", ")
	}
	for i := range c.steps {
		switch s := &c.steps[i]; s.conn {
		case "time":
			return "it waits " + s.text + " of the server's time"
		case "server":
			return "the server must " + s.text
		}
	}
	return ""
}

// Skip returns why the case cannot, or should not, be played against the target, "" if it can:
// other servers need not do what only ours does, and special needs take a server in the same
// process.
func (c *Case) Skip(t Target) string {
	if c.Ours != "" {
		return "it is about our own server: " + c.Ours
	}
	if why := c.Special(); why != "" && (t.Wait == nil || t.Do == nil) {
		return "only a server in the same process can do it: " + why
	}
	if t.Dispatch == "" && slices.Contains(c.Roles(), "ds") {
		return "there is no dispatch server"
	}
	return ""
}

// signsIn reports whether the case leaves it to the player to sign a user in.
func (c *Case) signsIn() bool {
	return slices.ContainsFunc(c.steps, func(s step) bool {
		verb, _, _ := strings.Cut(s.text, " ")
		return s.op == ":" && (verb == "logon" || verb == "online")
	})
}

// users returns the names of the users who have connections in the case.
func (c *Case) users() (users []string) {
	for i := range c.steps {
		if s := &c.steps[i]; roleOf(s.conn) != "" && !slices.Contains(users, userOf(s.conn)) {
			users = append(users, userOf(s.conn))
		}
	}
	return users
}

// Roles returns the kinds of server to which the case has connections: "ds", "ns", "sb".
func (c *Case) Roles() []string {
	var roles []string
	for i := range c.steps {
		if role := roleOf(c.steps[i].conn); role != "" && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	return roles
}

//go:embed cases/*.txt
var files embed.FS

// Cases returns all cases, in the order of their files. The caller owns the slice.
func Cases() []Case { return slices.Clone(all()) }

var all = sync.OnceValue(func() []Case {
	var cases []Case
	names, err := fs.Glob(files, "cases/*.txt")
	for _, name := range names {
		var text []byte
		if text, err = files.ReadFile(name); err != nil {
			break
		}
		var some []Case
		if some, err = Parse(string(text)); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
			break
		}
		topic, _, _ := strings.Cut(strings.TrimPrefix(string(text), "# "), "\n")
		for i := range some {
			some[i].topic = strings.TrimSuffix(topic, ".")
		}
		cases = append(cases, some...)
	}
	if err != nil {
		panic(err) // the files are embedded, and a test parses them
	}
	return cases
})

// Parse parses cases in the notation of this package. An error names the line.
func Parse(text string) ([]Case, error) {
	var cases []Case
	var c *Case
	head := false
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		name, begins := strings.CutPrefix(line, "--- ")
		var err error
		switch {
		case begins:
			cases = append(cases, Case{Name: name, Presets: Presets()})
			c, head = &cases[len(cases)-1], true
		case strings.HasPrefix(line, "#"):
		case line == "":
			head = head && c.Means == ""
		case c == nil:
			err = fmt.Errorf("%q stands before the first case", line)
		case head:
			err = c.header(line)
		default:
			err = c.script(i+1, line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	for i := range cases {
		if err := cases[i].check(); err != nil {
			return nil, fmt.Errorf("case %s: %w", cases[i].Name, err)
		}
	}
	return cases, nil
}

// header parses a line between the name of the case and its script.
func (c *Case) header(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "§":
		for _, s := range strings.Split(rest, ";") {
			c.Sections = append(c.Sections, strings.TrimSpace(s))
		}
	case "why:":
		c.Why = rest
	case "ours:":
		c.Ours = rest
	case "options:":
		c.Options = strings.Fields(rest)
	case "presets:":
		c.Presets = strings.Fields(rest)
	default:
		c.Means = strings.TrimSpace(c.Means + " " + line)
	}
	return nil
}

var sectionForm = regexp.MustCompile(`^[3-8](\.\d+)?$`)

// beyond lists the words that stand in place of a section where the draft has none.
var beyond = []struct{ word, means string }{
	{"lines", "how lines and TrIDs were read and written in fact"},
	{"states", "which command is legal when"},
	{"causes", "what else an event causes: who sees whom, who is told"},
	{"errors", "which failure has which code, in the draft's spirit and on real servers"},
	{"gaps", "what the draft leaves open, and how servers and clients settled it"},
	{"extras", "what real clients send beyond the draft"},
	{"dialects", "what MSNP3 to MSNP7 changed"},
	{"clients", "habits of real clients, seen on the wire"},
}

// script parses a line of the script.
func (c *Case) script(number int, line string) error {
	l, err := notation.Parse(number, line)
	var wrong *notation.Error
	switch {
	case errors.As(err, &wrong):
		return errors.New(wrong.Msg) // the caller says where
	case l.Op == "|":
		return c.payload(l.Text)
	case l.Conn == "":
		return fmt.Errorf("%q names no connection", line)
	}
	s := step{line: number, source: line, conn: l.Conn, op: l.Op, text: l.Text}
	if l.Marks != nil {
		s.presets = strings.Fields(strings.Join(l.Marks, " "))
	}
	switch s.conn {
	case "all", "server", "time":
	default:
		if !strings.Contains(s.conn, ".") {
			s.conn += ".ns"
		}
	}
	c.steps = append(c.steps, s)
	return nil
}

// payload appends a line to the payload of the last step.
func (c *Case) payload(line string) error {
	if len(c.steps) == 0 {
		return fmt.Errorf("the payload %q follows no line", line)
	}
	last := &c.steps[len(c.steps)-1]
	if strings.Contains(last.source, "\n") {
		last.payload += "\r\n"
	}
	last.payload += line
	last.source += "\n| " + line
	return nil
}

// check returns an error for a case that lacks something or names unknown presets or sections.
func (c *Case) check() error {
	named := slices.Clone(c.Presets)
	for i := range c.steps {
		named = append(named, c.steps[i].presets...)
	}
	for _, p := range named {
		if !slices.Contains(Presets(), p) {
			return fmt.Errorf("unknown preset %q", p)
		}
	}
	differ := c.Differs(Lenient, Draft) || c.Differs(Lenient, Observed) || c.Differs(Draft, Observed) ||
		len(c.Presets) < len(Presets())
	switch {
	case c.Means == "" || len(c.steps) == 0:
		return fmt.Errorf("it lacks its sentence or its script")
	case differ != (c.Why != ""):
		return fmt.Errorf("presets differ: %v, but the reason in \"why:\" is %q", differ, c.Why)
	case len(c.Sections) == 0:
		return fmt.Errorf(`it has no section: a line such as "§ 7.8; errors" follows its name`)
	}
	for _, s := range c.Sections {
		if !sectionForm.MatchString(s) && !isBeyond(s) {
			return fmt.Errorf("%q is neither a section nor a word for what the draft does not have", s)
		}
	}
	return nil
}

func isBeyond(section string) bool {
	for _, b := range beyond {
		if b.word == section {
			return true
		}
	}
	return false
}

// roleOf returns the kind of server in a connection's name, "" for a name without one.
func roleOf(conn string) string {
	_, kind, ok := strings.Cut(conn, ".")
	if !ok {
		return ""
	}
	return kind[:2]
}
