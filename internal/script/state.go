package script

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"
)

// Limits of what a script keeps.
const (
	maxKept      = 100_000  // values
	maxKeptBytes = 16 << 20 // of all strings, and valueBytes for each value
	valueBytes   = 32
	maxDepth     = 20 // of values within values; those that contain themselves are deeper
)

// state is the dictionary in which a script keeps values from one hook to the next. It measures
// what a hook has set, or could change because it got hold of it, when that hook ends: nothing else
// can have changed, since all other values of a script are frozen or new.
type state struct {
	starlark.Dict
	touched map[string]starlark.Value // keys by their names
	sizes   map[string]size
	total   size
}

// size is a number of values, and of bytes.
type size struct{ values, bytes int }

func newState() *state { return &state{touched: map[string]starlark.Value{}, sizes: map[string]size{}} }

// nameOf returns the name of a key, and false for a value that cannot be one.
func nameOf(key starlark.Value) (string, bool) {
	switch key := key.(type) {
	case starlark.String:
		return string(key), true
	case starlark.Int:
		return "\x00" + key.String(), true
	}
	return "", false
}

// touch marks a key as one whose value may change. What is no key is in no state.
func (s *state) touch(key starlark.Value) {
	if name, ok := nameOf(key); ok {
		s.touched[name] = key
	}
}

func (s *state) touchAll() {
	for _, key := range s.Keys() {
		s.touch(key)
	}
}

// Freeze does nothing: a script may give its state another name.
func (s *state) Freeze() {}

// Type implements [starlark.Value].
func (s *state) Type() string { return "state" }

// SetKey implements [starlark.HasSetKey].
func (s *state) SetKey(key, value starlark.Value) error {
	if _, ok := nameOf(key); !ok {
		return fmt.Errorf("a key of state must be a string or an int, and this is a %s", key.Type())
	}
	s.touch(key)
	return s.Dict.SetKey(key, value)
}

// Get implements [starlark.Mapping].
func (s *state) Get(key starlark.Value) (starlark.Value, bool, error) {
	s.touch(key)
	return s.Dict.Get(key)
}

// Items implements [starlark.IterableMapping].
func (s *state) Items() []starlark.Tuple {
	s.touchAll()
	return s.Dict.Items()
}

// Attr returns a method of the dictionary that marks what it gives access to.
func (s *state) Attr(name string) (starlark.Value, error) {
	method, err := s.Dict.Attr(name)
	if method == nil || err != nil || name == "keys" {
		return method, err
	}
	if name == "update" || name == "setdefault" {
		return nil, fmt.Errorf("state has no %s: set one key after the other, as in state[KEY] = VALUE", name)
	}
	return starlark.NewBuiltin(name, func(
		t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple,
	) (starlark.Value, error) {
		if one := name == "get" || name == "pop"; one && len(args) > 0 {
			s.touch(args[0])
		} else {
			s.touchAll()
		}
		return starlark.Call(t, method, args, kw)
	}), nil
}

// settle measures what has changed since it was last called. If that must not be kept, it is
// forgotten, and the error says why.
func (s *state) settle() error {
	if len(s.touched) == 0 {
		return nil
	}
	var failed error
	for name, key := range s.touched {
		old := s.sizes[name]
		s.total.values, s.total.bytes = s.total.values-old.values, s.total.bytes-old.bytes
		delete(s.sizes, name)
		value, found, err := s.Dict.Get(key)
		if err != nil || !found {
			continue
		}
		n := size{1, len(name) + valueBytes}
		if err = n.add(value, 0); err == nil && s.total.exceeded(n) {
			err = fmt.Errorf("it has more than %d values or %d bytes", maxKept, maxKeptBytes)
		}
		if err != nil {
			failed = fmt.Errorf("state[%v] is forgotten: %w", key, err)
			_, _, _ = s.Delete(key) // it was found
			continue
		}
		s.sizes[name] = n
		s.total.values, s.total.bytes = s.total.values+n.values, s.total.bytes+n.bytes
	}
	clear(s.touched)
	return failed
}

// exceeded reports whether n more are too many to be kept.
func (s size) exceeded(n size) bool {
	return s.values+n.values > maxKept || s.bytes+n.bytes > maxKeptBytes
}

var errDeep = errors.New("its values are nested too deep, or contain themselves")

// add adds the size of a value. The error says why the value cannot be kept; it stops counting once
// there is too much.
func (s *size) add(v starlark.Value, depth int) error {
	s.values, s.bytes = s.values+1, s.bytes+valueBytes
	switch v := v.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Float:
		return nil
	case starlark.Int:
		s.bytes += v.BigInt().BitLen() / 8
		return nil
	case starlark.String:
		s.bytes += len(v)
		return nil
	case starlark.Bytes:
		s.bytes += len(v)
		return nil
	case *starlark.List, *starlark.Dict, *starlark.Set, starlark.Tuple:
		if depth == maxDepth {
			return errDeep
		}
		return s.addAll(v.(starlark.Iterable), depth+1)
	}
	return fmt.Errorf("a %s cannot be kept: keep its fields, such as its id", v.Type())
}

func (s *size) addAll(v starlark.Iterable, depth int) error {
	items := v.Iterate()
	defer items.Done()
	dict, _ := v.(*starlark.Dict)
	for item := starlark.Value(nil); items.Next(&item); {
		if err := s.add(item, depth); err != nil {
			return err
		}
		if dict != nil {
			value, _, _ := dict.Get(item) // it is a key
			if err := s.add(value, depth); err != nil {
				return err
			}
		}
		if (size{}).exceeded(*s) {
			return nil
		}
	}
	return nil
}
