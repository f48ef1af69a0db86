package script

import (
	"go.starlark.net/starlark"

	"github.com/msnscope/msnscope/decode"
)

// predeclared returns what scripts find beside Starlark's own functions.
func (s *Script) predeclared() starlark.StringDict {
	return starlark.StringDict{
		repeatName: starlark.NewBuiltin("*", repeat),
		"range":    starlark.NewBuiltin("range", boundedRange),
		"state":    s.state,
		"conns":    starlark.NewBuiltin("conns", s.conns),
		"random":   starlark.NewBuiltin("random", s.random),
		"escape":   ofString("escape", decode.Escape),
		"unescape": ofString("unescape", decode.Unescape),
		"body":     ofString("body", textBody),
	}
}

// ofString returns a function from string to string.
func ofString(name string, f func(string) string) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(
		_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple,
	) (starlark.Value, error) {
		var text string
		if err := starlark.UnpackPositionalArgs(name, args, kw, 1, &text); err != nil {
			return nil, err
		}
		return starlark.String(f(text)), nil
	})
}

// textBody returns the payload of a message with the given text (§8.8).
func textBody(text string) string {
	return "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n" + text
}

// conns returns the open connections, in the order of their numbers.
func (s *Script) conns(
	_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple,
) (starlark.Value, error) {
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kw, 0); err != nil {
		return nil, err
	}
	var all []starlark.Value
	if s.turn != nil && s.turn.conns != nil {
		for _, c := range s.turn.conns() {
			all = append(all, &conn{c, s.turn})
		}
	}
	return starlark.NewList(all), nil
}

// random returns a number from 0 to below 1.
func (s *Script) random(
	_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple,
) (starlark.Value, error) {
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kw, 0); err != nil {
		return nil, err
	}
	return starlark.Float(s.dice.Float64()), nil
}
