package intercept

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/proxy"
)

// Mapping gives other values to fields of the commands that a filter matches:
//
//	cmd == "CHG" -> State=BSY
//	cmd == "MSG" && dir == "S" -> payload.text="Out of paper, sorry"
//
// The fields are those of args in the filter language; payload is everything behind the line, payload.text what follows the
// headers of a message. A value that has a comma, a quote or blanks at its ends stands in double quotes, as in Go.
type Mapping struct {
	text  string
	match *filter.Filter
	sets  []set
}

type set struct{ field, value string }

// String returns the mapping as it was written.
func (r *Mapping) String() string { return r.text }

// ParseMapping reads one. The error says what is wrong.
func ParseMapping(text string) (*Mapping, error) {
	i := arrow(text)
	if i < 0 {
		return nil, fmt.Errorf("%q: it must be FILTER -> Field=value", text)
	}
	r := &Mapping{text: strings.TrimSpace(text)}
	var err error
	if r.match, err = filter.Compile(strings.TrimSpace(text[:i])); err != nil {
		return nil, fmt.Errorf("in the filter: %w", err)
	}
	if r.sets, err = readSets(text[i+2:]); err != nil {
		return nil, fmt.Errorf("%q: %w", strings.TrimSpace(text[i+2:]), err)
	}
	return r, nil
}

// arrow returns where the first -> stands that is not inside quotes; -1 for nowhere.
func arrow(text string) int {
	for i := 0; i < len(text); i++ {
		if text[i] == '"' || text[i] == '`' {
			if quoted, err := strconv.QuotedPrefix(text[i:]); err == nil {
				i += len(quoted) - 1
			}
			continue
		}
		if strings.HasPrefix(text[i:], "->") {
			return i
		}
	}
	return -1
}

var errSet = errors.New("it must be Field=value, with commas between several; quote a value that has a comma")

func readSets(text string) (sets []set, err error) {
	for rest := strings.TrimSpace(text); ; {
		field, after, ok := strings.Cut(rest, "=")
		s := set{field: strings.TrimSpace(field)}
		if !ok || s.field == "" || strings.ContainsAny(s.field, "\", ") {
			return nil, errSet
		}
		if !isField(s.field) {
			return nil, fmt.Errorf("no command has an argument %s; payload and payload.text are the others that can be set", s.field)
		}
		rest = strings.TrimLeft(after, " ")
		if quoted, err := strconv.QuotedPrefix(rest); err == nil {
			s.value, _ = strconv.Unquote(quoted) // a quoted prefix can be unquoted
			rest = strings.TrimLeft(rest[len(quoted):], " ")
			if rest != "" && rest[0] != ',' {
				return nil, errSet
			}
		} else {
			s.value, _, _ = strings.Cut(rest, ",")
			rest = rest[len(s.value):]
			s.value = strings.TrimSpace(s.value)
		}
		sets = append(sets, s)
		if rest == "" {
			return sets, nil
		}
		rest = rest[1:]
	}
}

// isField reports whether some command has that which a mapping sets.
func isField(name string) bool {
	return name == "TrID" || name == "payload" || name == "payload.text" || slices.Contains(filter.Names(), "args."+name)
}

// apply returns the command with the values.
func (r *Mapping) apply(x *proxy.Exchange) ([]byte, error) {
	if x.In.Row == nil {
		return nil, errors.New("nobody knows the form of this command")
	}
	e := *x.In
	e.Out = x.Out
	m := e.Sent()
	edit := dialect.Edit{Args: map[string]string{}}
	for _, s := range r.sets {
		switch s.field {
		case "payload":
			edit.Payload = []byte(s.value)
		case "payload.text":
			edit.Payload = withText(m.Payload(), s.value)
		default:
			edit.Args[s.field] = s.value
		}
	}
	return x.In.Row.Apply(&m, edit)
}

// withText returns a message's payload with another text behind its headers (§8.8).
func withText(payload []byte, text string) []byte {
	head, _, found := strings.Cut(string(payload), "\r\n\r\n")
	if !found {
		return []byte(text)
	}
	return []byte(head + "\r\n\r\n" + text)
}

// Mappings are the mappings of a proxy, a link of a chain. Its methods are safe for concurrent use.
type Mappings struct {
	log *slog.Logger

	mu    sync.Mutex
	rules []*Mapping
	told  map[string]bool // what was complained of already
}

// NewMappings returns none; log is told of those that cannot be applied, each once.
func NewMappings(log *slog.Logger) *Mappings { return &Mappings{log: log, told: map[string]bool{}} }

// Set replaces all mappings.
func (s *Mappings) Set(rules []*Mapping) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.told = rules, map[string]bool{}
}

// List returns the mappings. The slice does not change.
func (s *Mappings) List() []*Mapping {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rules
}

// Idle implements [Link].
func (s *Mappings) Idle() bool { return len(s.List()) == 0 }

// Intercept applies the mappings.
func (s *Mappings) Intercept(_ context.Context, x *proxy.Exchange) {
	for _, r := range s.List() {
		if !r.match.Match(x.In) {
			continue
		}
		out, err := r.apply(x)
		if err != nil {
			s.complain(r, x.In, err)
			continue
		}
		x.Out = out
		x.By(r.text)
	}
}

// complain says once of a mapping and a kind of command why it cannot be applied.
func (s *Mappings) complain(r *Mapping, e *session.Event, err error) {
	key := r.text + " " + e.In.Verb.String()
	s.mu.Lock()
	told := s.told[key] || len(s.told) > maxTold
	s.told[key] = true
	s.mu.Unlock()
	if !told {
		s.log.Warn("a mapping cannot be applied", "map", r.text, "command", decode.Quote(e.In.Line()), "err", err)
	}
}

// maxTold bounds what is remembered of complaints.
const maxTold = 1000
