package script

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.starlark.net/starlark"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/filter"
)

// args are the arguments of a command, by the names of the command table. Numbers are ints, an
// argument that repeats is a list, all others are strings without escapes. An argument that the
// command does not have, but others do, is None.
type args struct{ c *command }

// The methods of [starlark.Value].

func (a *args) String() string        { return strconv.Quote(string(a.c.m.Line())) }
func (a *args) Type() string          { return "args" }
func (a *args) Freeze()               {}
func (a *args) Truth() starlark.Bool  { return a.c.m.NumArgs() > 0 }
func (a *args) Hash() (uint32, error) { return 0, errors.New("args cannot be a key") }

// Attr implements [starlark.HasAttrs].
func (a *args) Attr(name string) (starlark.Value, error) {
	row, m := a.c.row, &a.c.m
	if row != nil {
		for i := range min(len(row.Args), m.NumArgs()) {
			arg := &row.Args[i]
			switch {
			case arg.Name != name:
			case arg.Many:
				return a.rest(arg, i), nil
			default:
				return typed(arg, m.Arg(i)), nil
			}
		}
	}
	if !argNames()[name] {
		return nil, unknown("no command has an argument", name, a.AttrNames())
	}
	return starlark.None, nil
}

// rest returns the values of an argument that repeats, from the i-th on.
func (a *args) rest(arg *dialect.Arg, i int) starlark.Value {
	var all []starlark.Value
	for ; i < a.c.m.NumArgs(); i++ {
		all = append(all, typed(arg, a.c.m.Arg(i)))
	}
	return starlark.NewList(all)
}

// typed returns the value of an argument.
func typed(arg *dialect.Arg, word []byte) starlark.Value {
	value := string(arg.Value(word))
	switch arg.Kind {
	case dialect.Number, dialect.Serial, dialect.Length, dialect.Flags:
		if n, err := strconv.ParseUint(value, 10, 64); err == nil {
			return starlark.MakeUint64(n)
		}
	}
	return starlark.String(body.ToText(decode.Unescape(value)))
}

// AttrNames returns the names of the arguments that the command may have.
func (a *args) AttrNames() (names []string) {
	if a.c.row == nil {
		return nil
	}
	for i := range a.c.row.Args {
		names = append(names, a.c.row.Args[i].Name)
	}
	return names
}

// SetField implements [starlark.HasSetField].
func (a *args) SetField(name string, v starlark.Value) error {
	if a.isLength(name) {
		return fmt.Errorf("%s follows the payload: set text or payload", name)
	}
	value, err := a.word(v)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return a.c.apply(func(e *dialect.Edit) { e.Args[name] = value })
}

// isLength reports whether an argument is the length of the payload. A wrong one would make the
// receiver take what follows for a part of this command.
func (a *args) isLength(name string) bool {
	return a.c.row != nil && slices.ContainsFunc(a.c.row.Args, func(arg dialect.Arg) bool {
		return arg.Name == name && arg.Kind == dialect.Length
	})
}

// word returns a value as it stands in a line, escaped; those of a list with blanks between them.
func (a *args) word(v starlark.Value) (string, error) {
	switch v := v.(type) {
	case starlark.NoneType:
		return "", nil
	case starlark.Int:
		return v.String(), nil
	case starlark.String:
		if len(v) > decode.MaxLine {
			return "", fmt.Errorf("it has %d bytes, and no line has more than %d", len(v), decode.MaxLine)
		}
		return decode.Escape(string(v)), nil
	case *starlark.List:
		if v.Len() > decode.MaxLine {
			return "", fmt.Errorf("it has %d words, and no line has more than %d bytes", v.Len(), decode.MaxLine)
		}
		words := make([]string, v.Len())
		for i := range words {
			if _, isList := v.Index(i).(*starlark.List); isList {
				return "", errors.New("a list has strings and ints")
			}
			var err error
			if words[i], err = a.word(v.Index(i)); err != nil {
				return "", err
			}
		}
		return strings.Join(words, " "), nil
	}
	return "", fmt.Errorf("it must be a string, an int, a list of these, or None, and this is a %s", v.Type())
}

// argNames has the names of all arguments of all commands.
var argNames = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for _, name := range filter.Names() {
		if arg, ok := strings.CutPrefix(name, "args."); ok {
			all[arg] = true
		}
	}
	return all
})
