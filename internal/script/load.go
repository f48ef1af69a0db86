package script

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/filter"
)

// maxFile bounds a script's file, in bytes: more is no script that people write. The library itself
// refuses deep nesting; a chain of operators is deep for the compiler too, and has an end here.
const maxFile = 128 << 10

// The hooks: the names of the functions that are called.
const (
	hookCommand = "command"
	hookOpened  = "opened"
	hookClosed  = "closed"
	hookTick    = "tick"
	hookMessage = "message"
)

// hooks lists them, each with its parameter.
var hooks = []struct{ name, parameter string }{
	{hookCommand, "c"}, {hookOpened, "conn"}, {hookClosed, "conn"}, {hookTick, "now"}, {hookMessage, "m"},
}

// program is a compiled script. It does not change.
type program struct {
	hooks map[string]*starlark.Function
	match *filter.Filter // which commands it is about, nil for all
	wants map[decode.Dir]*decode.Verbs
	all   map[decode.Dir]bool // match adds nothing to wants, for commands of three letters
	bot   string
}

// stamp tells whether a file has changed.
type stamp struct {
	changed time.Time
	size    int64
}

func stampOf(info fs.FileInfo) stamp { return stamp{info.ModTime(), info.Size()} }

// read reads a script's file.
func read(path string) ([]byte, stamp, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, stamp{}, fmt.Errorf("%s: %w", path, cause(err))
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, stamp{}, fmt.Errorf("%s: %w", path, cause(err))
	case info.IsDir():
		return nil, stamp{}, fmt.Errorf("%s: this is a folder, and a script is one file", path)
	}
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, stamp{}, fmt.Errorf("%s: %w", path, cause(err))
	case len(src) > maxFile:
		return nil, stamp{}, fmt.Errorf("%s: the file has more than %d bytes", path, maxFile)
	}
	return src, stampOf(info), nil
}

// cause returns an error of a file without the file's name.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// compile compiles a script and runs its top level.
func (s *Script) compile(src []byte) (*program, error) {
	options := &syntax.FileOptions{Set: true, TopLevelControl: true}
	file, err := options.Parse(s.path, src, 0)
	if err != nil {
		return nil, err
	}
	boundRepeats(file)
	env := s.predeclared()
	code, err := starlark.FileProgram(file, env.Has)
	if err != nil {
		return nil, err
	}
	var globals starlark.StringDict
	err = s.limited(func() (err error) {
		globals, err = code.Init(s.thread, env)
		return err
	})
	if err == nil {
		err = s.state.settle()
	}
	if err != nil {
		return nil, err
	}
	globals.Freeze()
	return s.program(globals)
}

// about reports whether the script is about a command.
func (p *program) about(e *session.Event) bool {
	verb := e.In.Verb
	switch {
	case p.hooks[hookCommand] == nil, e.In.Opaque(), !p.wants[e.Dir].Has(verb):
		return false
	case p.match == nil, p.all[e.Dir] && verb[0] > '9':
		return true
	}
	return p.match.Match(e)
}

// program finds the hooks and settings among the globals of a script.
func (s *Script) program(globals starlark.StringDict) (*program, error) {
	p := &program{
		hooks: map[string]*starlark.Function{},
		wants: map[decode.Dir]*decode.Verbs{}, all: map[decode.Dir]bool{},
	}
	var names []string
	for _, h := range hooks {
		names = append(names, h.name)
		v := globals[h.name]
		if v == nil {
			continue
		}
		fn, ok := v.(*starlark.Function)
		if !ok {
			return nil, fmt.Errorf("%s: %s is a %s: it must be a function, def %s(%s)", s.path, h.name, v.Type(),
				h.name, h.parameter)
		}
		if fn.NumParams() != 1 || fn.HasVarargs() || fn.HasKwargs() {
			return nil, fmt.Errorf("%s: %s has %d parameters: it must have one, def %s(%s)", fn.Position(), h.name,
				fn.NumParams(), h.name, h.parameter)
		}
		p.hooks[h.name] = fn
	}
	if len(p.hooks) == 0 {
		like := ""
		for _, name := range globals.Keys() {
			if close := filter.Closest(name, names); close != "" {
				like = fmt.Sprintf("; is %s meant to be %s?", name, close)
			}
		}
		return nil, fmt.Errorf("%s: the script defines none of the functions that are called, %s%s", s.path,
			strings.Join(names, ", "), like)
	}
	expr, err := s.setting(globals, "match")
	if err != nil {
		return nil, err
	}
	if p.bot, err = s.setting(globals, "bot"); err != nil {
		return nil, err
	}
	f, err := filter.Compile(expr)
	if err != nil {
		return nil, fmt.Errorf("%s: match: %w", s.path, err)
	}
	if expr != "" {
		p.match = f
	}
	for _, dir := range [...]decode.Dir{decode.FromClient, decode.FromServer} {
		p.wants[dir], p.all[dir] = f.Verbs(dir)
	}
	return p, nil
}

// setting returns the value of a global that must be a string, "" if there is none.
func (s *Script) setting(globals starlark.StringDict, name string) (string, error) {
	v := globals[name]
	if v == nil {
		return "", nil
	}
	text, ok := starlark.AsString(v)
	if !ok {
		return "", fmt.Errorf("%s: %s is a %s: it must be a string", s.path, name, v.Type())
	}
	return text, nil
}

// explain returns an error of the interpreter that begins with file and line: those where the
// script was, not those of a built-in function.
func (s *Script) explain(err error) error {
	var failed *starlark.EvalError
	if !errors.As(err, &failed) {
		return err
	}
	msg := strings.TrimPrefix(failed.Msg, "Starlark computation cancelled: ")
	for i := range failed.CallStack {
		if pos := failed.CallStack.At(i).Pos; pos.Filename() == s.path {
			return fmt.Errorf("%s: %s", pos, msg)
		}
	}
	return fmt.Errorf("%s: %s", s.path, msg)
}

// Reload loads the script again if its file has changed, and reports whether it did. A file that
// cannot be loaded is logged once, and the script stays as it is.
func (s *Script) Reload() bool {
	info, err := os.Stat(s.path)
	if err != nil || !info.Mode().IsRegular() {
		return false // an editor may be about to replace it
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stamp == stampOf(info) {
		return false
	}
	src, stamp, err := read(s.path)
	if err == nil {
		s.stamp = stamp
		var prog *program
		if prog, err = s.compile(src); err == nil {
			s.prog.Store(prog)
			s.off.Store(false)
			clear(s.failures)
			clear(s.said)
			s.o.Log.Info("a script has changed and is loaded again", "script", s.path)
			return true
		}
	} else {
		s.stamp = stampOf(info)
	}
	s.o.Log.Warn("a script has changed and cannot be loaded: the one before goes on", "err", err)
	return false
}
