package script

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
	"github.com/msnscope/msnscope/internal/filter"
)

// Limits of what one call of a hook hands back.
const (
	maxCommand   = 1<<20 + decode.MaxLine // bytes of a command; the proxy takes 2 MB at a time
	maxCommands  = 100
	maxBytesBack = 2 << 20
	// maxDelay is how long a command can be delayed: clients give up after a minute or two.
	maxDelay = 5 * time.Minute
)

// command is a command as its hook sees it. Each script has one, which is valid while the hook
// runs: nothing that outlives the call can refer to it.
type command struct {
	e    *session.Event
	conn Conn
	turn turn
	args args
	edit map[string]string // of the argument that is being set; reused

	row *dialect.Row   // that describes m
	out []byte         // as it would be sent on
	m   decode.Message // the same, parsed
	b   *body.Body     // of the payload, once it is asked for

	edited, drop, hold   bool
	delay                time.Duration
	before, after, reply [][]byte
}

// begin makes c the command of e, which would be sent on as out.
func (c *command) begin(e *session.Event, conn Conn, conns func() []Conn, out []byte) {
	changes := c.edit
	if changes == nil {
		changes = map[string]string{}
	}
	*c = command{e: e, row: e.Row, conn: conn, turn: turn{conns: conns, at: e.Time}, args: args{c}, edit: changes}
	c.set(out)
}

// set makes out what is sent on.
func (c *command) set(out []byte) {
	c.out, c.b = out, nil
	if len(out) > 0 && len(c.e.In.Raw) > 0 && &out[0] == &c.e.In.Raw[0] && len(out) == len(c.e.In.Raw) {
		c.m = c.e.In
		return
	}
	c.m.Parse(out, c.e.Dir, session.Table(c.e.Dialect).At(c.e.Role))
}

// change makes out, which is one command if its line is none that is too long, what is sent on.
func (c *command) change(out []byte) error {
	if len(out) > maxCommand {
		return fmt.Errorf("the command has %d bytes then: at most %d are possible", len(out), maxCommand)
	}
	was := c.out
	if c.set(out); c.m.Opaque() {
		why := c.m.Why
		c.set(was)
		return errors.New(why.String())
	}
	c.edited = true
	return nil
}

// settle hands back what the hook has asked for.
func (c *command) settle(r *Result, by string) {
	edited := c.edited && !bytes.Equal(c.out, r.Out)
	if edited {
		r.Out = c.out
	}
	r.Drop, r.Hold, r.Delay = r.Drop || c.drop, r.Hold || c.hold, r.Delay+c.delay
	r.Before = append(r.Before, c.before...)
	r.After = append(r.After, c.after...)
	r.Reply = append(r.Reply, c.reply...)
	r.Orders = append(r.Orders, ordersBy(c.turn.orders, by)...)
	did := edited || c.drop || c.hold || c.delay > 0 || len(c.before)+len(c.after)+len(c.reply) > 0
	if c.delay > 0 {
		by += fmt.Sprintf(" (delayed %v)", c.delay)
	}
	switch {
	case !did:
	case r.By == "":
		r.By = by
	default:
		r.By += "; " + by
	}
}

func (c *command) body() *body.Body {
	if c.b == nil {
		b := body.Of(&c.m)
		c.b = &b
	}
	return c.b
}

// The methods of [starlark.Value].

func (c *command) String() string       { return strconv.Quote(string(c.m.Line())) }
func (c *command) Type() string         { return "command" }
func (c *command) Freeze()              {}
func (c *command) Truth() starlark.Bool { return true }
func (c *command) Hash() (uint32, error) {
	return 0, errors.New("a command cannot be a key: use its fields")
}

// fields are what a script can read of a command, under the names of JSON lines.
var fields = map[string]func(*command) starlark.Value{
	"cmd":     func(c *command) starlark.Value { return starlark.String(c.m.Verb.String()) },
	"dir":     func(c *command) starlark.Value { return starlark.String(c.e.Dir.String()) },
	"trid":    trid,
	"args":    func(c *command) starlark.Value { return &c.args },
	"raw":     func(c *command) starlark.Value { return starlark.String(c.m.Line()) },
	"payload": func(c *command) starlark.Value { return starlark.String(c.m.Payload()) },
	"text":    text,
	"type":    func(c *command) starlark.Value { return starlark.String(c.body().Type) },
	"user":    func(c *command) starlark.Value { return starlark.String(c.e.User) },
	"session": func(c *command) starlark.Value { return starlark.String(c.e.Session) },
	"role":    func(c *command) starlark.Value { return starlark.String(c.e.Role.Name()) },
	"dialect": func(c *command) starlark.Value { return starlark.String(c.e.Dialect) },
	"time":    func(c *command) starlark.Value { return seconds(c.e.Time) },
	"conn":    func(c *command) starlark.Value { return &conn{c.conn, &c.turn} },
}

func trid(c *command) starlark.Value {
	if !c.m.HasTrID {
		return starlark.None
	}
	return starlark.MakeUint64(uint64(c.m.TrID))
}

// text returns the text of a message, "" where there is none.
func text(c *command) starlark.Value {
	if len(c.m.Payload()) == 0 || c.body().Binary() {
		return starlark.String("")
	}
	s, _ := c.body().Text()
	return starlark.String(s)
}

// seconds returns a time in seconds since 1970, None for none.
func seconds(t time.Time) starlark.Value {
	if t.IsZero() {
		return starlark.None
	}
	return starlark.Float(float64(t.UnixMicro()) / 1e6)
}

// methods are what a script can do with a command.
var methods = map[string]func(c *command, arg starlark.Value) error{
	"drop":   func(c *command, _ starlark.Value) error { c.drop = true; return nil },
	"hold":   holds,
	"delay":  delays,
	"answer": answers,
	"reply":  func(c *command, v starlark.Value) error { return c.add(&c.reply, c.e.Dir.Reverse(), v) },
	"before": func(c *command, v starlark.Value) error { return c.add(&c.before, c.e.Dir, v) },
	"after":  func(c *command, v starlark.Value) error { return c.add(&c.after, c.e.Dir, v) },
}

// builtins are the same as values.
var builtins = func() map[string]*starlark.Builtin {
	all := map[string]*starlark.Builtin{}
	for name, do := range methods {
		parameters := 1
		if name == "drop" || name == "hold" {
			parameters = 0
		}
		all[name] = starlark.NewBuiltin(name, func(
			_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple,
		) (starlark.Value, error) {
			var arg starlark.Value
			err := starlark.UnpackPositionalArgs(name, args, kw, parameters, unpacked(parameters, &arg)...)
			if err != nil {
				return nil, err
			}
			c := b.Receiver().(*command)
			if why := c.turn.script.o.Cannot[name]; why != "" {
				return nil, fmt.Errorf("%s: %s", name, why)
			}
			if err = do(c, arg); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return starlark.None, nil
		})
	}
	return all
}()

// unpacked returns where n arguments go.
func unpacked(n int, arg *starlark.Value) []any {
	if n == 0 {
		return nil
	}
	return []any{arg}
}

// Attr implements [starlark.HasAttrs].
func (c *command) Attr(name string) (starlark.Value, error) {
	if get := fields[name]; get != nil {
		return get(c), nil
	}
	if b := builtins[name]; b != nil {
		return b.BindReceiver(c), nil
	}
	return nil, unknown("a command has no field or method", name, c.AttrNames())
}

// AttrNames implements [starlark.HasAttrs].
func (c *command) AttrNames() []string {
	return slices.Sorted(maps.Keys(mergeKeys(fields, methods)))
}

// mergeKeys returns the keys of two maps.
func mergeKeys[A, B any](a map[string]A, b map[string]B) map[string]bool {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return all
}

// unknown returns an error about a name, with the one that was probably meant.
func unknown(what, name string, names []string) error {
	if like := filter.Closest(name, names); like != "" {
		return fmt.Errorf("%s %s; did you mean %s?", what, name, like)
	}
	return fmt.Errorf("%s %s; there are %s", what, name, strings.Join(names, ", "))
}

// SetField implements [starlark.HasSetField].
func (c *command) SetField(name string, v starlark.Value) error {
	switch name {
	case "text", "payload", "raw":
	default:
		if fields[name] == nil {
			return unknown("a command has no field", name, c.AttrNames())
		}
		return fmt.Errorf("%s cannot be set: text, payload, raw and the fields of args can", name)
	}
	s, ok := starlark.AsString(v)
	switch {
	case !ok:
		return fmt.Errorf("%s must be a string, and this is a %s", name, v.Type())
	case len(s) > maxCommand:
		return fmt.Errorf("%s has %d bytes: at most %d are possible", name, len(s), maxCommand)
	case name == "raw":
		raw, err := edit.Line(s)
		if err == nil {
			err = whole(c.e, c.e.Dir, raw)
		}
		if err == nil {
			err = c.change(raw)
		}
		if err == nil {
			c.row = session.Table(c.e.Dialect).Match(c.e.Dir, c.e.Role, &c.m)
		}
		return err
	}
	payload := []byte(s)
	if name == "text" {
		payload = edit.WithText(c.m.Payload(), s)
	}
	return c.apply(func(e *dialect.Edit) { e.Payload = payload })
}

// apply changes the command as its row allows.
func (c *command) apply(how func(*dialect.Edit)) error {
	if c.row == nil {
		return errors.New("the form of this command is unknown: only raw can be set")
	}
	clear(c.edit)
	e := dialect.Edit{Args: c.edit, KeepEscapes: true}
	how(&e)
	out, err := c.row.Apply(&c.m, e)
	if err != nil {
		return err
	}
	return c.change(out)
}

func holds(c *command, _ starlark.Value) error {
	if !c.turn.script.o.Attended {
		return errors.New("nobody can release commands here: that takes the inspector, or --control")
	}
	c.hold = true
	return nil
}

func delays(c *command, v starlark.Value) error {
	s, ok := starlark.AsFloat(v)
	if !ok || !(s >= 0 && s <= maxDelay.Seconds()) {
		return fmt.Errorf("%v is not a number of seconds from 0 to %v", v, maxDelay.Seconds())
	}
	c.delay = time.Duration(s * float64(time.Second))
	return nil
}

// answers keeps the command from its receiver and answers it: with an error, or another command.
func answers(c *command, v starlark.Value) error {
	if n, ok := v.(starlark.Int); ok {
		code, err := starlark.AsInt32(n)
		if err != nil || code < 100 || code > 999 {
			return fmt.Errorf("%v is not the code of an error, of three digits", v)
		}
		if c.e.Dir != decode.FromClient {
			return errors.New("a server is not answered with an error")
		}
		line := strconv.Itoa(code)
		if id := c.m.TrIDText(); id != nil {
			line += " " + string(id)
		}
		v = starlark.String(line)
	}
	if err := c.add(&c.reply, c.e.Dir.Reverse(), v); err != nil {
		return err
	}
	c.drop = true
	return nil
}

// add adds a command for the end that hears dir.
func (c *command) add(to *[][]byte, dir decode.Dir, v starlark.Value) error {
	raw, err := c.turn.typed(v)
	if err == nil {
		err = whole(c.e, dir, raw)
	}
	if err == nil {
		*to = append(*to, raw)
	}
	return err
}

// typed returns the bytes of a command that the hook hands back, and counts them.
func (t *turn) typed(v starlark.Value) ([]byte, error) {
	s, ok := starlark.AsString(v)
	switch {
	case !ok:
		return nil, fmt.Errorf("a command must be a string, and this is a %s", v.Type())
	case t.count == maxCommands:
		return nil, fmt.Errorf("there are more than %d commands in one call", maxCommands)
	case t.size+len(s) > maxBytesBack:
		return nil, fmt.Errorf("the commands of one call have more than %d bytes", maxBytesBack)
	}
	t.count, t.size = t.count+1, t.size+len(s)
	return edit.Line(s)
}

// whole returns an error unless raw is one whole command on the connection of e.
func whole(e *session.Event, dir decode.Dir, raw []byte) error {
	return edit.One(&session.Event{Dir: dir, Role: e.Role, Dialect: e.Dialect}, raw)
}
