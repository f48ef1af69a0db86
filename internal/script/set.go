package script

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.starlark.net/starlark"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// Set is the scripts of one run, in their order. Its methods are safe for concurrent use.
type Set struct {
	scripts []*Script

	mu   sync.Mutex
	open map[int]Conn
}

// NewSet returns the set of the scripts.
func NewSet(scripts []*Script) *Set { return &Set{scripts: scripts, open: map[int]Conn{}} }

// LoadAll loads the scripts in these files. The error is that of the first that cannot be loaded.
func LoadAll(paths []string, o Options) (*Set, error) {
	var all []*Script
	for _, path := range paths {
		s, err := Load(path, o)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return NewSet(all), nil
}

// Len returns the number of scripts.
func (s *Set) Len() int { return len(s.scripts) }

// Wants returns the commands from dir that a script may do something about; it may have others.
func (s *Set) Wants(dir decode.Dir) *decode.Verbs {
	var all decode.Verbs
	for _, script := range s.scripts {
		all.AddAll(script.wants(dir))
	}
	return &all
}

// Command calls the scripts for one command on an open connection, each with what those before it
// left; one that drops the command, or holds it, is the last. out is what would be sent on.
func (s *Set) Command(e *session.Event, out []byte, conn Conn) Result {
	r := Result{Out: out}
	for _, script := range s.scripts {
		if script.command(e, conn, s.conns, &r); r.Drop || r.Hold {
			break
		}
	}
	return r
}

// conns returns the open connections, in the order of their numbers.
func (s *Set) conns() []Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Conn, 0, len(s.open))
	for _, c := range s.open {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Conn) int { return cmp.Compare(a.ID(), b.ID()) })
	return all
}

// Opened calls the scripts for a connection that has opened at the time.
func (s *Set) Opened(c Conn, at time.Time) []Order {
	s.mu.Lock()
	s.open[c.ID()] = c
	s.mu.Unlock()
	return s.about(hookOpened, c, at)
}

// Closed calls the scripts for a connection that has closed at the time.
func (s *Set) Closed(c Conn, at time.Time) []Order {
	s.mu.Lock()
	delete(s.open, c.ID())
	s.mu.Unlock()
	return s.about(hookClosed, c, at)
}

func (s *Set) about(hook string, c Conn, at time.Time) (all []Order) {
	for _, script := range s.scripts {
		t := &turn{conns: s.conns, at: at}
		what := func() string { return fmt.Sprintf("%s of connection %d", hook, c.ID()) }
		all = append(all, script.run(t, hook, &conn{c, t}, what)...)
	}
	return all
}

// Tick tells the scripts the time. Call it once a second.
func (s *Set) Tick(now time.Time) (all []Order) {
	for _, script := range s.scripts {
		t := &turn{conns: s.conns, at: now}
		all = append(all, script.run(t, hookTick, seconds(now), func() string { return hookTick })...)
	}
	return all
}

// Reload loads the scripts again whose files have changed, and reports whether there are any.
func (s *Set) Reload() (any bool) {
	for _, script := range s.scripts {
		any = script.Reload() || any
	}
	return any
}

// run calls a hook that is not about a command, and returns its orders.
func (s *Script) run(t *turn, hook string, arg starlark.Value, what func() string) []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.call(t, hook, arg, what) {
		return nil
	}
	return ordersBy(t.orders, s.rule)
}
