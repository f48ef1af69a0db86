package filter

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/msnscope/msnscope/decode/session"
)

// Limits on an expression. Nobody types one that exceeds them, and they keep a malicious one from
// using up time and memory.
const (
	maxSource = 4 << 10 // bytes; longer ones are generated, and generators can run several filters
	maxNodes  = 1000    // parts of an expression; 4 KB of short comparisons have fewer
	maxMemory = 100_000 // elements that one evaluation may build; a line has at most 4096 words
)

// Filter is a compiled expression. It never changes and is safe for concurrent use.
type Filter struct {
	source  string
	word    func(*session.Event) bool // a bare word; nil for an expression
	program *vm.Program
	fields  []field // the fields that the program reads
	advice  string
	head    head
	pool    sync.Pool
}

// machine holds the state of one evaluation. Machines are reused.
type machine struct {
	vm   vm.VM
	env  map[string]any
	view view
}

// Compile compiles an expression. A non-nil error is an *[Error].
func Compile(src string) (*Filter, error) {
	f := &Filter{source: src}
	text := strings.TrimSpace(src)
	switch {
	case len(src) > maxSource:
		return nil, &Error{Src: src, Offset: maxSource, Msg: fmt.Sprintf("expression longer than %d bytes", maxSource)}
	case !utf8.ValidString(src):
		return nil, &Error{Src: src, Offset: firstInvalid(src), Msg: "not valid UTF-8"}
	case text == "":
		f.word = func(*session.Event) bool { return true }
		f.head = head{whole: true, class: ByVerb}
		return f, nil
	}
	if f.word, f.head.whole = bareWord(text); f.word != nil {
		if f.head.whole {
			f.head.class = ByVerb
		}
		return f, nil
	}
	if err := f.compile(); err != nil {
		return nil, err
	}
	f.pool.New = func() any {
		return &machine{vm: vm.VM{MemoryBudget: maxMemory}, env: make(map[string]any, len(f.fields))}
	}
	return f, nil
}

// compile compiles the filter's program. The library is large and its input untrusted, so a panic
// in it becomes an error.
func (f *Filter) compile() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Src: f.source, Msg: fmt.Sprintf("the expression cannot be understood: %v", p)}
		}
	}()
	used, advice, err := inspect(f.source)
	if err != nil {
		return err
	}
	f.fields, f.advice = used, advice
	text, folds := unfold(f.source)
	f.program, err = expr.Compile(text,
		expr.Env(environment(used)), expr.AsBool(), expr.MaxNodes(maxNodes), expr.Patch(flatten{folds}))
	if err != nil {
		return refusal(f.source, err)
	}
	f.head, _ = headOf(f.source) // without a head, Match examines every event completely
	return nil
}

// Match reports whether the event satisfies the expression.
func (f *Filter) Match(e *session.Event) bool {
	if f.word != nil {
		return f.word(e)
	}
	matched, err := f.run(f.program, f.fields, e)
	return err == nil && matched
}

// run evaluates a program that reads the given fields.
func (f *Filter) run(program *vm.Program, fields []field, e *session.Event) (bool, error) {
	m := f.pool.Get().(*machine)
	m.view = view{e: e}
	for i := range fields {
		m.env[fields[i].name] = fields[i].get(&m.view)
	}
	out, err := m.vm.Run(program, m.env)
	clear(m.env) // do not keep the event in memory
	m.view = view{}
	f.pool.Put(m)
	matched, ok := out.(bool)
	return matched && ok, err
}

// Advice returns what is probably meant where the expression compares with a value that hardly any
// event has, such as a user without a host; "" where nothing is to be said.
func (f *Filter) Advice() string { return f.advice }

// ReadsLint reports whether the filter depends on [session.Event.Findings] or on the flag that says
// that there are any.
func (f *Filter) ReadsLint() bool {
	text := strings.ToLower(f.source)
	if f.word != nil {
		return strings.TrimSpace(text) == lintFlag
	}
	return strings.Contains(text, lintFlag) && slices.ContainsFunc(f.fields, func(f field) bool {
		return f.name == lintFlag || f.name == "flags"
	})
}

const lintFlag = "lint" // the name of the field, and of the flag

// String returns the expression as it was given.
func (f *Filter) String() string { return f.source }

// refusal converts an error of the library to an *Error.
func refusal(src string, err error) error {
	e := &Error{Src: src}
	msg := err.Error()
	var at *file.Error
	if errors.As(err, &at) {
		e.Offset, msg = runeOffset(src, at.From), at.Message
	}
	e.explain(clean(msg))
	return e
}

// clean returns a message as one short line.
func clean(msg string) string {
	msg, _, _ = strings.Cut(msg, "\n")
	return strings.TrimSpace(msg)
}

// runeOffset returns the byte offset in src of rune n, counted from 0.
func runeOffset(src string, n int) int {
	for i := range src {
		if n <= 0 {
			return i
		}
		n--
	}
	return len(src)
}

func firstInvalid(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return 0
}
