package client

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Contact is an entry of a list.
type Contact struct {
	Handle string
	Name   string // unescaped
}

// Properties are what the server stores for a user (§7.5). A later session that passes them as
// Options.Cache receives them only if they have changed.
type Properties struct {
	Serial   uint64
	GTC, BLP string               // "" until received
	Lists    map[string][]Contact // by name: FL, AL, BL, RL (§5.7)
}

func (p *Properties) clone() Properties {
	c := *p
	c.Lists = maps.Clone(p.Lists)
	for k, l := range c.Lists {
		c.Lists[k] = slices.Clone(l)
	}
	return c
}

// change applies an ADD or REM and its serial.
func (p *Properties) change(e ListChange) {
	p.Serial = e.Serial
	if p.Lists == nil {
		p.Lists = make(map[string][]Contact)
	}
	l := slices.DeleteFunc(p.Lists[e.List], func(c Contact) bool { return strings.EqualFold(c.Handle, e.Handle) })
	if !e.Removed && len(l) < maxEntries {
		l = append(l, Contact{e.Handle, e.Name})
	}
	p.Lists[e.List] = l
}

// listChange parses an ADD or REM from the server (§7.8).
func listChange(m *decode.Message) ListChange {
	return ListChange{
		List: arg(m, 0), Serial: number(m, 1), Handle: arg(m, 2), Name: text(m, 3),
		Removed: m.Verb == decode.V("REM"),
	}
}

// Properties returns a copy of the lists and settings that this client has.
func (c *Client) Properties() (p Properties) {
	c.view(func() { p = c.props.clone() })
	return p
}

// Serial returns the serial of the properties that this client has (§7.5).
func (c *Client) Serial() uint64 { return c.Properties().Serial }

// Contacts returns a copy of a list as this client has it, in the server's order. It is complete
// after Sync.
func (c *Client) Contacts(list string) []Contact { return c.Properties().Lists[list] }

// Has reports whether the handle is on a list, as this client has it.
func (c *Client) Has(list, handle string) bool {
	return slices.ContainsFunc(c.Contacts(list), func(o Contact) bool { return strings.EqualFold(o.Handle, handle) })
}

// Sync brings lists and settings up to date (§7.5): it sends SYN with the client's serial and, when
// the server's differs, receives all of them.
func (c *Client) Sync(ctx context.Context) error {
	w, err := c.conn(ctx)
	if err != nil {
		return fmt.Errorf("SYN: %w", err)
	}
	have := c.Serial()
	fresh := Properties{Lists: make(map[string][]Contact)}
	err = w.request(ctx, cmd("SYN", strconv.FormatUint(have, 10)), func(m *decode.Message) verdict {
		v := fresh.update(m, have)
		if v == done && fresh.Serial != have {
			// Set before the next message is read, which may be a change to this very version.
			c.update(func() { c.props = fresh.clone() })
		}
		return v
	})
	return err
}

// update handles one line of a full update; have is the client's serial. The reverse list comes
// last (§7.5).
func (p *Properties) update(m *decode.Message, have uint64) verdict {
	switch m.Verb.String() {
	case "SYN":
		if p.Serial = number(m, 0); p.Serial == have {
			return done
		}
	case "GTC":
		p.GTC = arg(m, 1)
	case "BLP":
		p.BLP = arg(m, 1)
	case "LST":
		last := p.entry(m)
		if last && arg(m, 0) == "RL" {
			return done
		}
	default:
		return notMine
	}
	return more
}

// entry adds the entry of an LST line, and reports whether it is the last of its list (§7.6).
func (p *Properties) entry(m *decode.Message) bool {
	list := arg(m, 0)
	if m.NumArgs() > 4 && len(p.Lists[list]) < maxEntries {
		p.Lists[list] = append(p.Lists[list], Contact{Handle: arg(m, 4), Name: text(m, 5)})
	}
	return number(m, 2) >= number(m, 3)
}

// List requests one list (§7.6), updates the client's copy and returns it. The caller owns the
// slice.
func (c *Client) List(ctx context.Context, list string) ([]Contact, error) {
	w, err := c.conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("LST: %w", err)
	}
	fresh := Properties{Lists: make(map[string][]Contact)}
	err = w.request(ctx, cmd("LST", list), func(m *decode.Message) verdict {
		if m.Verb.String() != "LST" {
			return notMine
		}
		if !fresh.entry(m) {
			return more
		}
		c.update(func() {
			c.props = c.props.clone()
			if c.props.Lists == nil {
				c.props.Lists = make(map[string][]Contact)
			}
			c.props.Lists[list] = slices.Clone(fresh.Lists[list])
		})
		return done
	})
	if err != nil {
		return nil, err
	}
	return fresh.Lists[list], nil
}

// AddContact adds a user to FL, AL or BL under a name (§7.8).
func (c *Client) AddContact(ctx context.Context, list, handle, name string) error {
	return c.modify(ctx, cmd("ADD", list, handle, decode.Escape(name)))
}

// RemoveContact removes a user from FL, AL or BL (§7.8).
func (c *Client) RemoveContact(ctx context.Context, list, handle string) error {
	return c.modify(ctx, cmd("REM", list, handle))
}

// modify sends an ADD or REM and applies the reply to the client's copy.
func (c *Client) modify(ctx context.Context, co command) error {
	return c.change(ctx, co, func(m *decode.Message) { c.props.change(listChange(m)) })
}

// SetBLP sets the privacy mode (§7.6): "AL" permits all who are not blocked, "BL" only those who
// are allowed. Setting the present value fails with 218.
func (c *Client) SetBLP(ctx context.Context, value string) error {
	return c.change(ctx, cmd("BLP", value), func(m *decode.Message) {
		c.props.Serial, c.props.BLP = number(m, 0), arg(m, 1)
	})
}

// SetGTC sets what a client does when somebody appears on the reverse list (§7.6): "A" asks the
// user, "N" does not.
func (c *Client) SetGTC(ctx context.Context, value string) error {
	return c.change(ctx, cmd("GTC", value), func(m *decode.Message) {
		c.props.Serial, c.props.GTC = number(m, 0), arg(m, 1)
	})
}

// SetState sets the user's state (§7.7): NLN, BSY, IDL, BRB, AWY, PHN, LUN, HDN or FLN. After the
// first call the server sends which contacts are online.
func (c *Client) SetState(ctx context.Context, state string) error {
	w, err := c.conn(ctx)
	if err != nil {
		return fmt.Errorf("CHG: %w", err)
	}
	return c.setState(ctx, w, state)
}

func (c *Client) setState(ctx context.Context, w *wire, state string) error {
	return c.apply(ctx, w, cmd("CHG", state), func(m *decode.Message) { c.state = arg(m, 0) })
}

// Rename sets the user's own friendly name. It uses REA, which is not in the draft, so a server
// that keeps to the draft refuses it.
func (c *Client) Rename(ctx context.Context, name string) error {
	return c.change(ctx, cmd("REA", c.opts.Handle, decode.Escape(name)), func(m *decode.Message) {
		c.props.Serial, c.name = number(m, 0), text(m, 2)
	})
}

// change is apply at the present notification server.
func (c *Client) change(ctx context.Context, co command, store func(*decode.Message)) error {
	w, err := c.conn(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", co.verb, err)
	}
	return c.apply(ctx, w, co, store)
}

// apply sends a request and calls store with the reply, which has the same verb. It does so under
// the lock and before the next message is read, so that a later change by the server cannot be
// overtaken.
func (c *Client) apply(ctx context.Context, w *wire, co command, store func(*decode.Message)) error {
	return w.request(ctx, co, func(m *decode.Message) verdict {
		if m.Verb.String() != co.verb {
			return notMine
		}
		c.update(func() { store(m) })
		return done
	})
}

// number returns argument i as a number, 0 if it is none.
func number(m *decode.Message, i int) uint64 {
	n, err := strconv.ParseUint(arg(m, i), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
