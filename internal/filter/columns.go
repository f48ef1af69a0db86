package filter

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/types"

	"github.com/msnscope/msnscope/decode/session"
)

// Columns reads some fields of events, for output as a table. It keeps what it takes apart between two columns of one event,
// and is for one goroutine.
type Columns struct {
	columns []column
	view    view
}

// column is a field with the type of its values.
type column struct {
	field
	typ any // the zero value of the type
}

// Select returns the columns with the given names: those of the fields of an expression, args.NAME and payload.headers.NAME
// included. The error is an *[Error]. Without names it returns all fields of an event, but those that are made of others.
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
			return nil, &Error{Src: name, Msg: fmt.Sprintf("%s has parts, and no value of its own", name), Hint: "its parts: " + strings.Join(parts(name), ", ")}
		}
		c.columns = append(c.columns, column{f, typ})
	}
	return c, nil
}

// parts returns the names below a name.
func parts(name string) []string {
	return slices.DeleteFunc(fieldNames(), func(n string) bool { return !strings.HasPrefix(n, name+".") })
}

// columnType returns the zero value of what a column holds, nil for a field that is made of others. Numbers of which a filter
// has to say that they are absent are fractions there, and whole here.
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

// Types returns the zero value of each column's type: int64, float64, string, [time.Time], []string or map[string][]string.
// The slice is the caller's.
func (c *Columns) Types() []any {
	all := make([]any, len(c.columns))
	for i := range c.columns {
		all[i] = c.columns[i].typ
	}
	return all
}

// Append appends the event's values, one a column, each of the column's type or nil for what the event does not have. A map
// has a list for each name, since arguments and headers may repeat.
func (c *Columns) Append(dst []any, e *session.Event) []any {
	c.view = view{e: e}
	for i := range c.columns {
		dst = append(dst, c.columns[i].value(&c.view))
	}
	c.view = view{}
	return dst
}

// always are the numbers that every event has, 0 included.
var always = []string{"n", "conn"}

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
		if x != "" {
			return x
		}
	case []string:
		if len(x) > 0 {
			return x
		}
	case time.Time:
		return x
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
			all[h.Name] = append(all[h.Name], strings.ToValidUTF8(h.Value, "\ufffd"))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
