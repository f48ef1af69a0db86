package script

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
)

// Conn is a connection that scripts see. Its methods must be safe for concurrent use, must not
// block and must not call scripts.
type Conn interface {
	// ID is the number of the connection, the one that its events have.
	ID() int
	// Client and Server are the addresses of its ends.
	Client() string
	Server() string
	// Facts returns what is known of it now.
	Facts() Facts
	// NewTrID returns a TrID for a request that the client has not sent, whose answer it will not
	// see.
	NewTrID() uint32
}

// Facts is what is known of a connection: each is empty while unknown.
type Facts struct {
	User, Session, Dialect string
	Role                   dialect.Role
}

// conn is a connection as a hook sees it.
type conn struct {
	c    Conn
	turn *turn
}

// The methods of [starlark.Value].

func (c *conn) String() string       { return fmt.Sprintf("connection %d", c.c.ID()) }
func (c *conn) Type() string         { return "connection" }
func (c *conn) Freeze()              {}
func (c *conn) Truth() starlark.Bool { return true }
func (c *conn) Hash() (uint32, error) {
	return 0, errors.New("a connection cannot be a key: use its id")
}

// connFields are what a script can read of a connection.
var connFields = map[string]func(Conn) starlark.Value{
	"id":      func(c Conn) starlark.Value { return starlark.MakeInt(c.ID()) },
	"client":  func(c Conn) starlark.Value { return starlark.String(c.Client()) },
	"server":  func(c Conn) starlark.Value { return starlark.String(c.Server()) },
	"user":    func(c Conn) starlark.Value { return starlark.String(c.Facts().User) },
	"session": func(c Conn) starlark.Value { return starlark.String(c.Facts().Session) },
	"dialect": func(c Conn) starlark.Value { return starlark.String(c.Facts().Dialect) },
	"role":    func(c Conn) starlark.Value { return starlark.String(c.Facts().Role.Name()) },
}

// connMethods are what a script can do with a connection.
var connMethods = map[string]func(*conn, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error){
	"to_client": func(c *conn, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		return c.send(decode.FromServer, b, args, kw)
	},
	"to_server": func(c *conn, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		return c.send(decode.FromClient, b, args, kw)
	},
	"close": func(c *conn, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		err := starlark.UnpackPositionalArgs(b.Name(), args, kw, 0)
		if err == nil {
			err = c.turn.order(Order{Conn: c.c, Close: true})
		}
		return starlark.None, err
	},
	"new_trid": func(c *conn, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		if err := starlark.UnpackPositionalArgs(b.Name(), args, kw, 0); err != nil {
			return nil, err
		}
		return starlark.MakeUint64(uint64(c.c.NewTrID())), nil
	},
}

// send asks for a command from dir on the connection.
func (c *conn) send(
	dir decode.Dir, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple,
) (starlark.Value, error) {
	var text starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kw, 1, &text); err != nil {
		return nil, err
	}
	raw, err := c.turn.typed(text)
	if err == nil {
		f := c.c.Facts()
		err = edit.One(&session.Event{Dir: dir, Role: f.Role, Dialect: f.Dialect}, raw)
	}
	if err == nil {
		err = c.turn.order(Order{Conn: c.c, Dir: dir, Raw: raw})
	}
	return starlark.None, err
}

// order adds an order.
func (t *turn) order(o Order) error {
	if len(t.orders) == maxCommands {
		return fmt.Errorf("there are more than %d orders in one call", maxCommands)
	}
	t.orders = append(t.orders, o)
	return nil
}

// ordersBy names the script in its orders, and returns them.
func ordersBy(orders []Order, by string) []Order {
	for i := range orders {
		orders[i].By = by
	}
	return orders
}

// Attr implements [starlark.HasAttrs].
func (c *conn) Attr(name string) (starlark.Value, error) {
	if get := connFields[name]; get != nil {
		return get(c.c), nil
	}
	if do := connMethods[name]; do != nil {
		return starlark.NewBuiltin(name, func(
			_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple,
		) (starlark.Value, error) {
			return do(c, b, args, kw)
		}), nil
	}
	return nil, unknown("a connection has no field or method", name, c.AttrNames())
}

// AttrNames implements [starlark.HasAttrs].
func (c *conn) AttrNames() []string {
	return slices.Sorted(maps.Keys(mergeKeys(connFields, connMethods)))
}
