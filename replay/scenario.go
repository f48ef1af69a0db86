package replay

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/notation"
)

// Scenario is a conversation that was written, or edited, rather than recorded. It is a Log, and is
// played like a recording. docs/REPLAY.md has the notation.
type Scenario struct {
	events    []*session.Event
	wants     map[int]want
	passwords map[string]string // by handle, in lower case
	users     map[string]string // handles by name
}

// want is what a scenario requires of a server's command, or allows it, beyond its bytes.
type want struct {
	pattern  string // with words in braces; "" for none
	optional bool
	anyOrder bool
	within   time.Duration // 0 for any time
}

// Len implements [Log].
func (s *Scenario) Len() int { return len(s.events) }

// At implements [Log].
func (s *Scenario) At(i int) *session.Event { return s.events[i] }

// Password returns the password of a user, and false if the scenario does not have it.
func (s *Scenario) Password(handle string) (string, bool) {
	p, ok := s.passwords[strings.ToLower(handle)]
	return p, ok
}

// Passwords returns the passwords that the scenario gives, by handle in lower case. The map is the
// caller's.
func (s *Scenario) Passwords() map[string]string { return maps.Clone(s.passwords) }

// ParseScenario reads a scenario. An error is a [*notation.Error], which says the line, the column
// and what would be valid there.
func ParseScenario(text string) (*Scenario, error) {
	p := &scenarioParser{
		s:     &Scenario{wants: map[int]want{}, passwords: map[string]string{}, users: map[string]string{}},
		at:    time.Date(1999, 8, 1, 0, 0, 0, 0, time.UTC),
		conns: map[string]*session.Conn{}, values: map[string]string{}, who: map[string]notation.Speaker{},
	}
	lines, err := unroll(strings.Split(text, "\n"))
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		if err := p.line(l); err != nil {
			return nil, err
		}
	}
	if err := p.flush(); err != nil {
		return nil, err
	}
	return p.s, nil
}

// numberedLine is a line of a text with its number there.
type numberedLine struct {
	number int
	text   string
}

// MaxScenario is how many bytes a scenario may have. The others bound it with all loops unrolled: a
// few loops within each other make any number of lines out of a few, and a line takes 4 KB in a
// plan.
const (
	MaxScenario = 64 << 20
	maxLines    = 1 << 20
	maxLooped   = 1 << 17 // of lines that loops make, the inner ones of nested loops too
)

// loop is lines that are repeated.
type loop struct {
	name  string
	words []string
	body  []numberedLine
	line  int
}

// put returns a line with a word in place of the loop's name.
func (l *loop) put(text, word string) string {
	named := "{" + word + "}"
	if !wordForm.MatchString(named) {
		named = word
	}
	text = strings.ReplaceAll(text, "{"+l.name+"}", named)
	text = strings.ReplaceAll(text, "{"+l.name+".", "{"+word+".")
	text = strings.ReplaceAll(text, "."+l.name+"}", "."+word+"}")
	begin := strings.TrimLeft(text, " \t=")
	if rest, ok := strings.CutPrefix(begin, l.name); ok && rest != "" && strings.ContainsAny(rest[:1], ".<> ") {
		return text[:len(text)-len(begin)] + word + rest
	}
	return text
}

// most returns how long put makes a text at most.
func (l *loop) most(text, word string) int {
	return len(text) + strings.Count(text, l.name)*(len(word)+len("{}"))
}

// unroll repeats the lines between "for NAME in WORDS" and "end" for each of the words, with the
// word in place of NAME in braces, and of NAME where a line or a heading begins with it.
func unroll(lines []string) (all []numberedLine, err error) {
	var open []*loop
	looped, size := 0, 0
	add := func(l ...numberedLine) {
		if n := len(open); n > 0 {
			open[n-1].body = append(open[n-1].body, l...)
		} else {
			all = append(all, l...)
		}
	}
	for i, line := range lines {
		words := strings.Fields(line)
		switch {
		case len(words) > 0 && words[0] == "for":
			if len(words) < 4 || words[2] != "in" {
				return nil, &notation.Error{Line: i + 1, Column: 1, Msg: "a loop is: for NAME in WORD WORD ..."}
			}
			if slices.ContainsFunc(words[3:], func(w string) bool {
				return strings.Contains(w, "{"+words[1]) || strings.Contains(w, "."+words[1]+"}")
			}) {
				return nil, &notation.Error{Line: i + 1, Column: 1, Msg: "the words of a loop must not name the loop"}
			}
			open = append(open, &loop{words[1], words[3:], nil, i + 1})
		case len(words) == 1 && words[0] == "end":
			if len(open) == 0 {
				return nil, &notation.Error{
					Line: i + 1, Column: 1, Msg: "this end is of no loop: for NAME in WORD WORD ...",
				}
			}
			last := open[len(open)-1]
			open = open[:len(open)-1]
			for _, w := range last.words {
				for _, l := range last.body {
					looped, size = looped+1, size+last.most(l.text, w)
					if looped > maxLooped || size > MaxScenario {
						return nil, &notation.Error{Line: last.line, Column: 1, Msg: fmt.Sprintf(
							"the loops make more than %d lines, or %d bytes", maxLooped, MaxScenario)}
					}
					add(numberedLine{l.number, last.put(l.text, w)})
				}
			}
		default:
			add(numberedLine{i + 1, line})
		}
		if len(all) > maxLines {
			return nil, &notation.Error{Line: i + 1, Column: 1, Msg: fmt.Sprintf(
				"a scenario has %d lines at most", maxLines)}
		}
	}
	if len(open) > 0 {
		return nil, &notation.Error{Line: open[0].line, Column: 1, Msg: "this loop has no end"}
	}
	return all, nil
}

// scenarioParser makes events of lines.
type scenarioParser struct {
	s      *Scenario
	graph  session.Graph
	at     time.Time
	conns  map[string]*session.Conn
	here   string // the connection of the last heading
	who    map[string]notation.Speaker
	named  []string // the connections, the latest last
	last   *notation.Line
	lines  []string // payload of the last line
	values map[string]string
	made   int
}

// line handles one line. A command is kept until its payload is complete.
func (p *scenarioParser) line(l numberedLine) error {
	if name, rest, ok := strings.Cut(strings.TrimSpace(l.text), " "); ok && name == "user" {
		return p.user(l, strings.Fields(rest))
	}
	line, err := notation.Parse(l.number, l.text)
	if err != nil || line == nil {
		return err
	}
	if line.Op == "|" {
		if p.last == nil || p.last.Op != ">" && p.last.Op != "<" {
			return wrong(l, "|", "this payload follows no command")
		}
		p.lines = append(p.lines, line.Text)
		return nil
	}
	if err := p.flush(); err != nil {
		return err
	}
	switch {
	case line.Op == "=":
		return p.heading(l, line)
	case line.Conn == "time" && line.Op == ":":
		d, err := time.ParseDuration(line.Text)
		if err != nil || d < 0 || d > 24*time.Hour {
			return wrong(l, line.Text, "a pause is as in time: 30s")
		}
		p.at = p.at.Add(d)
		return nil
	case line.Op != ">" && line.Op != "<":
		return wrong(l, line.Op, "valid are > (the client says), < (the server says) and : after time")
	case line.Who != notation.Speaker{}:
		if line.Conn = p.spoken(line.Who); line.Conn == "" {
			return wrong(l, line.Who.String(),
				"no connection is of this speaker: a heading such as = 1 alice NS names one")
		}
	case line.Conn == "" && p.here == "":
		return wrong(l, line.Text, "there is no connection yet: a heading such as = 1 alice NS names one")
	}
	p.last, p.lines = line, nil
	return nil
}

// spoken returns the connection on which somebody speaks: that of the last heading if it may be
// theirs, else the latest one that is; "" if there is none.
func (p *scenarioParser) spoken(who notation.Speaker) string {
	if known, ok := p.who[p.here]; ok && known.Fits(who) {
		p.who[p.here] = notation.Speaker{User: cmp.Or(known.User, who.User), Role: cmp.Or(known.Role, who.Role)}
		return p.here
	}
	for _, name := range slices.Backward(p.named) {
		if known := p.who[name]; known != (notation.Speaker{}) && known.Fits(who) {
			return name
		}
	}
	return ""
}

// wrong returns an error at the place where the line has a word.
func wrong(l numberedLine, word, msg string) error {
	return &notation.Error{Line: l.number, Column: max(strings.Index(l.text, word), 0) + 1, Msg: msg}
}

// user handles a line that names a user: user alice alice@hotmail.com PASSWORD.
func (p *scenarioParser) user(l numberedLine, words []string) error {
	if len(words) < 2 || !strings.Contains(words[1], "@") {
		return wrong(l, "user", "a user is: user NAME HANDLE PASSWORD")
	}
	p.s.users[words[0]] = words[1]
	if len(words) > 2 {
		p.s.passwords[strings.ToLower(words[1])] = words[2]
	}
	return nil
}

// heading handles a line that names the connection of the lines after it: = NAME USER ROLE SERVER,
// of which all but the first may be left out.
func (p *scenarioParser) heading(l numberedLine, line *notation.Line) error {
	words := strings.Fields(line.Text)
	if len(words) == 0 {
		return wrong(l, "=", "a heading is: = NAME USER ROLE SERVER, such as = 2 alice NS")
	}
	p.here = words[0]
	role, server, user, roleName := dialect.Role(0), "192.0.2.1:1863", "", ""
	for _, w := range words[1:] {
		switch {
		case roles[w] != 0:
			role, roleName = roles[w], w
		case strings.Contains(w, ":") && !strings.Contains(w, "@"):
			server = w
		default:
			user = w
		}
	}
	p.who[p.here] = notation.SpeakerOf(user, roleName)
	if p.conns[p.here] != nil {
		return nil
	}
	p.named = append(p.named, p.here)
	p.open(p.here, role, server)
	return nil
}

var roles = map[string]dialect.Role{"DS": dialect.DS, "NS": dialect.NS, "SB": dialect.SB}

// open begins a connection.
func (p *scenarioParser) open(name string, role dialect.Role, server string) *session.Conn {
	c, e := p.graph.Open(p.tick(), fmt.Sprintf("192.0.2.7:%d", 1024+len(p.conns)), server)
	if role != 0 {
		c.To(server, role)
	}
	p.conns[name] = c
	p.s.events = append(p.s.events, e)
	return c
}

// tick returns the time of the next line, a millisecond later.
func (p *scenarioParser) tick() time.Time {
	p.at = p.at.Add(time.Millisecond)
	return p.at
}

// ends are the lines that end a connection.
var ends = []string{"(closed)", "(closes)"}

// flush makes an event of the last command, with its payload.
func (p *scenarioParser) flush() error {
	line := p.last
	if line == nil {
		return nil
	}
	p.last = nil
	l := numberedLine{line.Number, line.Text}
	name := line.Conn
	if name == "" {
		name = p.here
	}
	c := p.conns[name]
	if c == nil {
		role := dialect.NS
		if _, kind, ok := strings.Cut(name, "."); ok {
			role = roles[strings.ToUpper(kind[:2])]
		}
		c = p.open(name, role, "192.0.2.1:1863")
	}
	dir := decode.FromClient
	if line.Op == "<" {
		dir = decode.FromServer
	}
	if slices.Contains(ends, line.Text) {
		by := map[decode.Dir]string{decode.FromClient: "client", decode.FromServer: "server"}[dir]
		p.s.events = append(p.s.events, c.Close(p.tick(), "closed by the "+by))
		return nil
	}
	w, err := p.marks(l, line.Marks)
	if err != nil {
		return err
	}
	if dir == decode.FromClient && line.Marks != nil {
		return wrong(l, line.Text, "marks are for what the server says")
	}
	raw := []byte(line.Text + "\r\n" + strings.Join(p.lines, "\r\n"))
	filled := p.fill(string(raw))
	if filled != string(raw) && strings.Contains(line.Text, "{") {
		w.pattern = line.Text
	}
	r := decode.NewReader(dir, c.Framing())
	r.Feed([]byte(filled))
	var m decode.Message
	whole := r.Next(&m)
	if !whole { // the last line of a payload may have an end too, which no line shows
		r.Feed([]byte("\r\n"))
		filled += "\r\n"
		whole = r.Next(&m)
	}
	if !whole || len(m.Raw) != len(filled) {
		return wrong(l, line.Text, fmt.Sprintf("its payload has another length than the line says: here are %d octets",
			len(strings.Join(p.lines, "\r\n"))))
	}
	if w != (want{}) {
		p.s.wants[len(p.s.events)] = w
	}
	p.s.events = append(p.s.events, c.Track(dir, &m, p.tick()))
	return nil
}

// marks parses the marks in brackets before a line.
func (p *scenarioParser) marks(l numberedLine, marks []string) (w want, err error) {
	for _, m := range marks {
		switch word, rest, _ := strings.Cut(m, " "); word {
		case "optional":
			w.optional = true
		case "any-order":
			w.anyOrder = true
		case "within":
			if w.within, err = time.ParseDuration(rest); err == nil && w.within > 0 {
				continue
			}
			fallthrough
		default:
			return w, &notation.Error{
				Line: l.number, Column: 1,
				Msg: fmt.Sprintf("%q is no mark: valid are optional, any-order, within 200ms", m),
			}
		}
	}
	return w, nil
}

var wordForm = regexp.MustCompile(`\{([a-zA-Z_][a-zA-Z0-9_.]*)\}`)

// fill replaces words in braces: names of users by their handles, and each other word by a value of
// its own, which stands for the live one.
func (p *scenarioParser) fill(text string) string {
	return wordForm.ReplaceAllStringFunc(text, func(word string) string {
		name := word[1 : len(word)-1]
		if h, ok := p.s.users[name]; ok {
			return h
		}
		if v, ok := p.values[name]; ok && name != "_" {
			return v
		}
		p.made++
		v := fmt.Sprintf("%d", 900_000_000+p.made)
		if strings.HasPrefix(name, "address") {
			v = fmt.Sprintf("192.0.2.%d:1863", 1+p.made%250)
		}
		p.values[name] = v
		return v
	})
}
