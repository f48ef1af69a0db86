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

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/filter"
	"github.com/msnscope/msnscope/proxy"
)

// Mapping sets arguments of the commands that a filter matches, or their payload:
//
//	cmd == "CHG" -> State=BSY
//	cmd == "MSG" && dir == "S" -> payload.text="Out of paper, sorry"
//
// The fields are those of args in the filter language; payload is all that follows the line,
// payload.text what follows the headers of a message. A value of an argument that repeats, such as
// DialectName, replaces all of its words. In a value for args, %XX is an escaped byte. A value that
// has a comma, a quote or blanks at its ends stands in double quotes, as in Go.
type Mapping struct {
	text  string
	match *filter.Filter
	sets  []set
}

type set struct{ field, value string }

// String returns the mapping as it was written.
func (r *Mapping) String() string { return r.text }

// ParseMapping parses a mapping. The error says what is wrong with it.
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

// arrow returns the offset of the first -> outside quotes, -1 if there is none.
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

var errSet = errors.New("it must be Field=value, several separated by commas; quote a value that contains a comma")

func readSets(text string) (sets []set, err error) {
	for rest := strings.TrimSpace(text); ; {
		field, after, ok := strings.Cut(rest, "=")
		s := set{field: strings.TrimSpace(field)}
		if !ok || s.field == "" || strings.ContainsAny(s.field, "\", ") {
			return nil, errSet
		}
		if !isField(s.field) {
			return nil, fmt.Errorf("no command has an argument %s; payload and payload.text can be set too", s.field)
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

// isField reports whether a mapping can set the field name of some command.
func isField(name string) bool {
	switch name {
	case "TrID", "payload", "payload.text":
		return true
	}
	return slices.Contains(filter.Names(), "args."+name)
}

// apply returns the command with the fields set.
func (r *Mapping) apply(x *proxy.Exchange) ([]byte, error) {
	if x.In.Row == nil {
		return nil, errors.New("the form of this command is unknown")
	}
	e := *x.In
	e.Out = x.Out
	m := e.Sent()
	change := dialect.Edit{Args: map[string]string{}, KeepEscapes: true}
	for _, s := range r.sets {
		switch s.field {
		case "payload":
			change.Payload = []byte(s.value)
		case "payload.text":
			change.Payload = edit.WithText(m.Payload(), s.value)
		default:
			change.Args[s.field] = s.value
		}
	}
	return x.In.Row.Apply(&m, change)
}

// Mappings are the mappings of a proxy, a link of a [Chain]. Its methods are safe for concurrent
// use.
type Mappings struct {
	log *slog.Logger

	mu     sync.Mutex
	rules  []*Mapping
	warned map[string]bool // mapping and command of each warning
}

// MaxMappings is the greatest number of mappings. Each command is compared with all of them.
const MaxMappings = 1000

// NewMappings returns an empty list; log gets one warning for each mapping and kind of command to
// which it cannot be applied.
func NewMappings(log *slog.Logger) *Mappings { return &Mappings{log: log, warned: map[string]bool{}} }

// Set replaces all mappings. It keeps the slice, which must not change any more.
func (s *Mappings) Set(rules []*Mapping) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.warned = rules, map[string]bool{}
}

// List returns the mappings. The caller must not change the slice.
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

// complain warns, once for each mapping and kind of command, that the mapping cannot be applied.
func (s *Mappings) complain(r *Mapping, e *session.Event, err error) {
	key := r.text + " " + e.In.Verb.String()
	s.mu.Lock()
	warned := s.warned[key] || len(s.warned) > maxWarned
	s.warned[key] = true
	s.mu.Unlock()
	if !warned {
		s.log.Warn("a mapping cannot be applied", "map", r.text, "command", e.In.Verb.String(), "err", err)
	}
}

// maxWarned bounds what is remembered of complaints.
const maxWarned = 1000
