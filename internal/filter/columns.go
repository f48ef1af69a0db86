package filter

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/types"

	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/session"
)

// Columns reads selected fields of events, for output as a table. It caches what it has parsed for
// the other columns of the same event, and is not safe for concurrent use.
type Columns struct {
	columns []column
	view    view
}

// column is a field with the type of its values.
type column struct {
	field
	typ any // the zero value of the type
}

// Select returns the columns with the given names, which may be all fields of an expression,
// including args.NAME and payload.headers.NAME. Its error is an *[Error]. Without names it returns
// all fields of an event except those that consist of others.
func Select(names ...string) (*Columns, error) {
	if len(names) == 0 {
		for _, f := range fields {
			if columnType(f) != nil {
				names = append(names, f.name)
			}
		}
	}
	c := &Columns{}
	for _, name := range names {
		f, ok := lookup(name)
		if !ok || strings.HasSuffix(name, ".") {
			e := &Error{Src: name}
			e.unknown(name)
			return nil, e
		}
		typ := columnType(f)
		if typ == nil {
			return nil, &Error{
				Src: name, Msg: fmt.Sprintf("%s has parts, and no value of its own", name),
				Hint: "its parts: " + strings.Join(parts(name), ", "),
			}
		}
		c.columns = append(c.columns, column{f, typ})
	}
	return c, nil
}

// parts returns the names below a name.
func parts(name string) []string {
	return slices.DeleteFunc(fieldNames(), func(n string) bool { return !strings.HasPrefix(n, name+".") })
}

// columnType returns the zero value of a column's type, nil for a field that consists of others.
// Numbers that filters represent as fractions, so that they can be absent, are whole numbers here.
func columnType(f field) any {
	switch {
	case f.name == "rtt_ms":
		return float64(0)
	case f.typ == types.Int, f.typ == types.Float64:
		return int64(0)
	case f.typ == types.String:
		return ""
	case f.typ == types.TypeOf(time.Time{}):
		return time.Time{}
	case f.typ == types.TypeOf([]string{}):
		return []string(nil)
	case f.typ == types.TypeOf(map[string]string{}):
		return map[string][]string(nil)
	}
	return nil
}

// Names returns the columns' names. The slice is the caller's.
func (c *Columns) Names() []string {
	names := make([]string, len(c.columns))
	for i := range c.columns {
		names[i] = c.columns[i].name
	}
	return names
}

// Types returns the zero value of each column's type: int64, float64, string, [time.Time], []string
// or map[string][]string. The slice is the caller's.
func (c *Columns) Types() []any {
	all := make([]any, len(c.columns))
	for i := range c.columns {
		all[i] = c.columns[i].typ
	}
	return all
}

// Append appends the event's values, one for each column, of the column's type or nil if the event
// does not have the value. A map has a list for each name, since arguments and headers may repeat.
func (c *Columns) Append(dst []any, e *session.Event) []any {
	c.view = view{e: e}
	for i := range c.columns {
		dst = append(dst, c.columns[i].value(&c.view))
	}
	c.view = view{}
	return dst
}

// always lists the numbers that every event has, even if they are 0.
var always = []string{"n", "conn"}

// empties has the texts that may be empty without being absent, and whether an event has them.
var empties = map[string]func(*view) bool{
	"raw":          func(v *view) bool { return v.e.Kind == session.Command },
	"payload.text": func(v *view) bool { return len(v.e.In.Payload()) > 0 && !v.payload().Binary() },
	"out.raw":      func(v *view) bool { return v.e.Out != nil },
}

func (c *column) value(v *view) any {
	if _, isMap := c.typ.(map[string][]string); isMap {
		return lists(c.name, v)
	}
	switch x := c.get(v).(type) {
	case int:
		if x == 0 && !slices.Contains(always, c.name) {
			return nil
		}
		return int64(x)
	case float64:
		return c.number(x)
	case string:
		if has := empties[c.name]; x != "" || has != nil && has(v) {
			return x
		}
	case []string:
		if len(x) > 0 {
			return x
		}
	case time.Time:
		if !x.IsZero() {
			return x
		}
	}
	return nil
}

func (c *column) number(x float64) any {
	switch _, whole := c.typ.(int64); {
	case math.IsNaN(x):
		return nil
	case whole:
		return int64(x)
	}
	return x
}

// lists returns the arguments or the headers by their names.
func lists(name string, v *view) any {
	all := map[string][]string{}
	if name == "args" {
		for i := range v.e.In.NumArgs() {
			arg := argName(v.e.Row, i)
			all[arg] = append(all[arg], argText(&v.e.In, i))
		}
	} else {
		for _, h := range v.payload().Headers {
			all[h.Name] = append(all[h.Name], body.ToText(h.Value))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
