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

// Properties are what the server stores for a user (§7.5). A later session that has them as Options.Cache is sent only what
// changed.
type Properties struct {
	Serial   uint64
	GTC, BLP string               // "" until the server said
	Lists    map[string][]Contact // by FL, AL, BL, RL (§5.7)
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

// listChange reads an ADD or REM of the server (§7.8).
func listChange(m *decode.Message) ListChange {
	return ListChange{
		List: arg(m, 0), Serial: number(m, 1), Handle: arg(m, 2), Name: text(m, 3),
		Removed: m.Verb == decode.V("REM"),
	}
}

// Properties returns a copy of the lists and settings as this client knows them.
func (c *Client) Properties() (p Properties) {
	c.view(func() { p = c.props.clone() })
	return p
}

// Serial returns the version of the properties that the client has (§7.5).
func (c *Client) Serial() uint64 { return c.Properties().Serial }

// Contacts returns a copy of a list as this client knows it, in the server's order: after Sync, all of it.
func (c *Client) Contacts(list string) []Contact { return c.Properties().Lists[list] }

// Has reports whether a list, as this client knows it, has the handle.
func (c *Client) Has(list, handle string) bool {
	return slices.ContainsFunc(c.Contacts(list), func(o Contact) bool { return strings.EqualFold(o.Handle, handle) })
}

// Sync brings lists and settings up to date (§7.5): it sends SYN with the serial that the client has and, when the server's
// is another, takes the full update.
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
			// Before the next message is read, which may be a change to this very version.
			c.update(func() { c.props = fresh.clone() })
		}
		return v
	})
	return err
}

// update takes one line of a full update. The reverse list is the last (§7.5).
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

// entry takes an LST line, and reports whether it is the last of its list (§7.6).
func (p *Properties) entry(m *decode.Message) bool {
	list := arg(m, 0)
	if m.NumArgs() > 4 && len(p.Lists[list]) < maxEntries {
		p.Lists[list] = append(p.Lists[list], Contact{Handle: arg(m, 4), Name: text(m, 5)})
	}
	return number(m, 2) >= number(m, 3)
}

// List asks for one list (§7.6) and returns it; the client's copy is brought up to date. The slice is the caller's.
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

func (c *Client) modify(ctx context.Context, co command) error {
	return c.change(ctx, co, func(m *decode.Message) { c.props.change(listChange(m)) })
}

// SetBLP sets the privacy mode (§7.6): "AL" lets everybody write who is not blocked, "BL" only who is allowed. The value that
// is set already gets error 218.
func (c *Client) SetBLP(ctx context.Context, value string) error {
	return c.change(ctx, cmd("BLP", value), func(m *decode.Message) {
		c.props.Serial, c.props.BLP = number(m, 0), arg(m, 1)
	})
}

// SetGTC sets what a client does about somebody new on the reverse list (§7.6): "A" asks the user, "N" allows.
func (c *Client) SetGTC(ctx context.Context, value string) error {
	return c.change(ctx, cmd("GTC", value), func(m *decode.Message) {
		c.props.Serial, c.props.GTC = number(m, 0), arg(m, 1)
	})
}

// SetState sets the user's state (§7.7): NLN, BSY, IDL, BRB, AWY, PHN, LUN, HDN or FLN. The first makes the server tell which
// contacts are online.
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

// Rename sets the user's own friendly name. REA is not in the draft: a server that keeps to it refuses.
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

// apply sends a request and stores the reply, of the same verb, under the lock and before the next message is read: else a
// later change by the server could be overtaken.
func (c *Client) apply(ctx context.Context, w *wire, co command, store func(*decode.Message)) error {
	return w.request(ctx, co, func(m *decode.Message) verdict {
		if m.Verb.String() != co.verb {
			return notMine
		}
		c.update(func() { store(m) })
		return done
	})
}

// number returns argument i as a number, 0 when it is none.
func number(m *decode.Message, i int) uint64 {
	n, err := strconv.ParseUint(arg(m, i), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
