package conformance

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The presets: three ways for a server to behave where the draft and real servers differ.
const (
	Lenient  = "lenient"  // the draft, except where real clients break on its letter
	Draft    = "draft"    // the draft to its letter
	Observed = "observed" // as real servers were
)

// Presets returns the names of the presets.
func Presets() []string { return []string{Lenient, Draft, Observed} }

// Case is one case. It never changes and is safe for concurrent use.
type Case struct {
	// Name is unique: what the case is about, a dot, what it wants.
	Name string
	// Sections are those of the draft (7.8), and words for what it does not have, such as "errors".
	Sections []string
	// Means is the sentence that says what is wanted.
	Means string
	// Why is the reason why the presets differ; empty where they do not.
	Why string
	// Presets are those in which the case holds, in the order of [Presets].
	Presets []string
	// Options are settings that the server must have, such as "ListLimit=3"; nil where it does not matter.
	Options []string

	topic string // of the file
	steps []step
}

// step is one line of a script, with its payload.
type step struct {
	line    int // in the file of the cases
	source  string
	presets []string // nil: all
	conn    string   // "alice.ns", "all", "server" or "time"
	op      string   // > < >> << :
	text    string
	payload string
}

// in reports whether the step is one of the preset.
func (s *step) in(preset string) bool {
	return s.presets == nil || slices.Contains(s.presets, preset)
}

// Differs reports whether the case wants one thing in preset a and another in b.
func (c *Case) Differs(a, b string) bool {
	return slices.ContainsFunc(c.steps, func(s step) bool { return s.in(a) != s.in(b) })
}

// Holds reports whether the case is one of the preset.
func (c *Case) Holds(preset string) bool { return slices.Contains(c.Presets, preset) }

// Special says what the case needs that only a server in the same process has: settings, a clock that can be moved, a switch. It
// is empty for a case that any server can be asked to pass.
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

// Roles returns which kinds of server the case names connections to: "ds", "ns", "sb".
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

// Cases returns all cases, in the order of their files. The slice is the caller's.
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
		panic(err) // the files are part of the program, and a test reads them
	}
	return cases
})

// Parse reads cases in the notation of this package. An error names the line.
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
			err = fmt.Errorf("%q is before the first case", line)
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

// header takes a line between the name of the case and its script.
func (c *Case) header(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "§":
		for _, s := range strings.Split(rest, ";") {
			c.Sections = append(c.Sections, strings.TrimSpace(s))
		}
	case "why:":
		c.Why = rest
	case "options:":
		c.Options = strings.Fields(rest)
	case "presets:":
		c.Presets = strings.Fields(rest)
	default:
		c.Means = strings.TrimSpace(c.Means + " " + line)
	}
	return nil
}

var (
	stepForm    = regexp.MustCompile(`^(?:\[([a-z ]+)\]\s+)?([a-z]+(?:\.(?:ds|ns|sb)[0-9]*)?)(>>|<<|>|<|:)(?: (.*))?$`)
	sectionForm = regexp.MustCompile(`^[3-8](\.\d+)?$`)
)

// beyond are what stands in place of a section where the draft has none.
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

// script takes a line of the script.
func (c *Case) script(number int, line string) error {
	if payload, ok := strings.CutPrefix(line, "|"); ok {
		return c.payload(strings.TrimPrefix(payload, " "))
	}
	f := stepForm.FindStringSubmatch(line)
	if f == nil {
		return fmt.Errorf("%q is no line of a script", line)
	}
	s := step{line: number, source: line, conn: f[2], op: f[3], text: f[4]}
	if f[1] != "" {
		s.presets = strings.Fields(f[1])
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

func (c *Case) payload(line string) error {
	if len(c.steps) == 0 {
		return fmt.Errorf("%q is the payload of no line", line)
	}
	last := &c.steps[len(c.steps)-1]
	if strings.Contains(last.source, "\n") {
		last.payload += "\r\n"
	}
	last.payload += line
	last.source += "\n| " + line
	return nil
}

// check finds what a case lacks.
func (c *Case) check() error {
	named := slices.Clone(c.Presets)
	for i := range c.steps {
		named = append(named, c.steps[i].presets...)
	}
	for _, p := range named {
		if !slices.Contains(Presets(), p) {
			return fmt.Errorf("%q is no preset", p)
		}
	}
	differ := c.Differs(Lenient, Draft) || c.Differs(Lenient, Observed) || c.Differs(Draft, Observed) || len(c.Presets) < len(Presets())
	switch {
	case c.Means == "" || len(c.steps) == 0:
		return fmt.Errorf("it has no sentence, or no script")
	case differ != (c.Why != ""):
		return fmt.Errorf("presets differ: %v, reason %q", differ, c.Why)
	case len(c.Sections) == 0:
		return fmt.Errorf("it has no section")
	}
	for _, s := range c.Sections {
		if !sectionForm.MatchString(s) && !isBeyond(s) {
			return fmt.Errorf("%q is no section", s)
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

// roleOf returns the kind of server of a connection's name, "" for what is none.
func roleOf(conn string) string {
	_, kind, ok := strings.Cut(conn, ".")
	if !ok {
		return ""
	}
	return kind[:2]
}
