package script

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.starlark.net/starlark"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// Limits of one hook.
const (
	// maxSteps is a few milliseconds of the interpreter; what a hook usually does takes hundreds.
	maxSteps = 200_000
	// maxTime is how long a hook may take on a machine that is busy: traffic waits for it.
	maxTime = 100 * time.Millisecond
	// maxFailures is how often in a row a hook may fail before its script is disabled.
	maxFailures = 100
	// maxSaid bounds the places in a script whose failures are remembered, and logged once.
	maxSaid = 100
	// maxPrinted is how many lines a script may print within a second.
	maxPrinted = 50
)

// Options say how scripts run. The zero value works.
type Options struct {
	// Seed makes random() repeatable: the numbers of the same seed and file are the same.
	Seed uint64
	// Print gets each line that a script prints, and must not block; nil discards them.
	Print func(script, line string)
	// Failed is called when a hook fails, for each place in a script once. It must not block; nil
	// for no call.
	Failed func(Failure)
	// Attended reports whether somebody can release commands: without that, c.hold() fails.
	Attended bool
	// Cannot has the methods of commands that do not work here, with the reasons.
	Cannot map[string]string
	// Log gets what else a person should know; nil discards it.
	Log *slog.Logger
}

// Failure says that a hook failed, and about which command.
type Failure struct {
	// Err begins with file and line.
	Err error
	// What is the command and its connection, or the hook.
	What string
}

// Script is one file at work. Its methods are safe for concurrent use; hooks run one at a time.
type Script struct {
	path string
	rule string // what events name
	o    Options

	prog atomic.Pointer[program]
	off  atomic.Bool // it failed too often

	mu       sync.Mutex // guards what follows, and is held while a hook runs
	thread   *starlark.Thread
	watch    *watch // cancels thread
	state    *state
	dice     *rand.Rand
	turn     *turn          // of the hook that runs
	cmd      command        // that the hook is about, if it is about one
	failures map[string]int // in a row, by hook
	said     map[string]bool
	printed  int   // in the second ...
	second   int64 // ... that this is
	stamp    stamp
}

// turn is one call of a hook, with what it has asked for.
type turn struct {
	script *Script
	conns  func() []Conn // the open ones
	at     time.Time
	orders []Order
	count  int // of the commands that it hands back
	size   int // bytes of these
}

// Name returns the name of the script's file, without its folder.
func (s *Script) Name() string { return filepath.Base(s.path) }

// Disabled reports whether the script failed so often that it is not called any more.
func (s *Script) Disabled() bool { return s.off.Load() }

// Load reads a script and runs its top level. The error names file and line.
func Load(path string, o Options) (*Script, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Script{path: path, o: o, state: newState(), failures: map[string]int{}, said: map[string]bool{}}
	s.rule = "script " + s.Name()
	h := fnv.New64a()
	h.Write([]byte(s.Name()))
	s.dice = rand.New(rand.NewPCG(o.Seed, h.Sum64()))
	s.renew()
	src, stamp, err := read(path)
	if err != nil {
		return nil, err
	}
	s.stamp = stamp
	prog, err := s.compile(src)
	if err != nil {
		return nil, err
	}
	s.prog.Store(prog)
	return s, nil
}

// renew makes the thread anew, in place of one that is cancelled.
func (s *Script) renew() {
	thread := &starlark.Thread{
		Name:  s.Name(),
		Print: func(_ *starlark.Thread, text string) { s.print(text) },
		Load: func(*starlark.Thread, string) (starlark.StringDict, error) {
			return nil, errors.New("a script is one file, and loads no others")
		},
		OnMaxSteps: func(t *starlark.Thread) {
			t.Cancel(fmt.Sprintf("it takes more than %d steps", maxSteps))
		},
	}
	thread.SetMaxExecutionSteps(maxSteps)
	s.thread = thread
	s.watch = &watch{cancel: func() { thread.Cancel(fmt.Sprintf("it takes longer than %v", maxTime)) }}
}

// limited runs f within the limits of a hook, and returns what a panic of the library said as an
// error. s.mu is held.
func (s *Script) limited(f func() error) (err error) {
	s.thread.Steps = 0
	s.watch.begin()
	defer func() {
		p := recover()
		if s.watch.end() || p != nil || s.thread.Steps >= maxSteps {
			s.renew()
		}
		if p != nil {
			err = fmt.Errorf("%s: the interpreter panicked: %v", s.path, p)
		}
	}()
	if err = f(); err != nil {
		return s.explain(err)
	}
	return nil
}

// call calls a hook, if the script has it, and reports whether it succeeded. what says, for people,
// what it was called about. s.mu is held.
func (s *Script) call(t *turn, hook string, arg starlark.Value, what func() string) bool {
	fn := s.prog.Load().hooks[hook]
	if fn == nil || s.off.Load() {
		return false
	}
	t.script, s.turn = s, t
	err := s.limited(func() error {
		v, err := starlark.Call(s.thread, fn, starlark.Tuple{arg}, nil)
		if err == nil && v != starlark.None {
			err = fmt.Errorf("%s: %s returned %s: it must return nothing, and say what it wants by methods such as "+
				"c.drop()", fn.Position(), hook, v.Type())
		}
		return err
	})
	s.turn = nil
	if kept := s.state.settle(); err == nil && kept != nil {
		err = fmt.Errorf("%s: %w", fn.Position(), kept)
	}
	if err != nil {
		s.failed(hook, err, what())
		return false
	}
	s.failures[hook] = 0
	return true
}

// failed counts a failure, and says so, once for each place.
func (s *Script) failed(hook string, err error, what string) {
	text := err.Error()
	place, _, _ := strings.Cut(text, ": ")
	if !s.said[place] && len(s.said) < maxSaid {
		s.said[place] = true
		err = errors.New(text[:min(len(text), maxLine)])
		if s.o.Failed != nil {
			s.o.Failed(Failure{err, what})
		}
		s.o.Log.Warn("a script failed, and what it was about went on as it came", "script", err, "about", what)
	}
	if s.failures[hook]++; s.failures[hook] >= maxFailures && !s.off.Swap(true) {
		s.o.Log.Error("a script is disabled: it failed too often in a row; when its file changes, it is loaded again",
			"script", s.path, "hook", hook, "failures", maxFailures)
	}
}

// maxLine bounds a printed line, and what is said of a failure, in bytes.
const maxLine = 1 << 10

// print hands on a line that the script prints. s.mu is held.
func (s *Script) print(text string) {
	if s.o.Print == nil {
		return
	}
	if s.turn != nil {
		if now := s.turn.at.Unix(); now != s.second {
			s.second, s.printed = now, 0
		}
	}
	switch s.printed++; {
	case s.printed <= maxPrinted:
		s.o.Print(s.Name(), text[:min(len(text), maxLine)])
	case s.printed == maxPrinted+1:
		s.o.Print(s.Name(), "... and more within this second, which is left out")
	}
}

// wants returns the commands from dir that the script may do something about.
func (s *Script) wants(dir decode.Dir) *decode.Verbs {
	p := s.prog.Load()
	if s.off.Load() || p.hooks[hookCommand] == nil {
		return &decode.Verbs{}
	}
	return p.wants[dir]
}

// Result is what becomes of a command.
type Result struct {
	// Out is what is sent on, the slice that Command was given if no script changed it. The caller
	// must not change it.
	Out []byte
	// Drop keeps the command from its receiver, Hold keeps it until somebody decides about it.
	Drop, Hold bool
	// Delay is how long the command, and what its sender says after it, waits.
	Delay time.Duration
	// Before and After are sent to the same receiver right before and after it, Reply to its sender
	// after that. Each consists of one whole command.
	Before, After, Reply [][]byte
	// Orders are what to do on any connection.
	Orders []Order
	// By names the scripts that did something about the command, in words; "" if none did.
	By string
}

// Order asks for something on a connection.
type Order struct {
	Conn Conn
	// Dir is the direction in which Raw, one whole command, is sent.
	Dir decode.Dir
	Raw []byte
	// Close closes the connection instead.
	Close bool
	// By names the script.
	By string
}

// about returns words about a command for people.
func about(e *session.Event) string {
	return fmt.Sprintf("%s of connection %d, user %s", e.In.Verb, e.Conn, cmp.Or(e.User, "unknown"))
}

// command calls the hook for one command. r has what the scripts before this one left.
func (s *Script) command(e *session.Event, conn Conn, conns func() []Conn, r *Result) {
	if s.off.Load() || !s.prog.Load().about(e) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.cmd
	c.begin(e, conn, conns, r.Out)
	if s.call(&c.turn, hookCommand, c, func() string { return about(e) }) {
		c.settle(r, s.rule)
	}
}
