package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/msnscope/msnscope/internal/client"
)

// scene is a part of the play. alice, bob and carol are signed in when it begins, unless it is for
// alice alone.
type scene struct {
	name  string
	alone bool
	run   func(context.Context, *stage) error
}

// opening is played once, when alice is online: she mistypes bob's handle, the others sign in, and
// the first conversation is over within about ten seconds.
var opening = scene{"opening", true, func(ctx context.Context, s *stage) error {
	return s.steps(ctx, 500*time.Millisecond,
		func(ctx context.Context) error {
			return refused(s.alice.client.AddContact(ctx, "FL", "bbo@hotmail.com", s.bob.user.Name), 205)
		},
		s.bob.signIn,
		func(ctx context.Context) error { return s.alice.befriend(ctx, s.bob) },
		func(ctx context.Context) error { return s.bob.befriend(ctx, s.alice) },
		func(ctx context.Context) error { return s.alice.sees(ctx, s.bob, "NLN") },
		func(ctx context.Context) error { return s.chat(ctx, true, s.alice, s.bob, s.hello()) },
		s.carol.signIn,
	)
}}

// round lists the scenes that repeat. Each leaves everybody in the state that the next one needs:
// online, friends, in no session.
var round = []scene{
	{"friends", false, friends},
	{"lunch", false, lunch},
	{"states", false, states},
	{"privacy", false, privacy},
	{"newcomer", false, newcomer},
	{"mistakes", false, mistakes},
	{"block", false, block},
	{
		"concert", false,
		func(ctx context.Context, s *stage) error { return s.chat(ctx, false, s.bob, s.carol, s.concert()) },
	},
	{"lists", false, lists},
	{"again", false, again},
	{
		"wallpaper", false,
		func(ctx context.Context, s *stage) error { return s.chat(ctx, false, s.carol, s.bob, s.wallpaper()) },
	},
}

// steps plays one step after the other, with a pause before each.
func (s *stage) steps(ctx context.Context, d time.Duration, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := s.pause(ctx, d); err != nil {
			return err
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// unhurried is the pause between two steps.
const unhurried = 1200 * time.Millisecond

// chat plays a conversation of two from beginning to end.
func (s *stage) chat(ctx context.Context, quick bool, from, to *actor, lines []message) error {
	t, err := s.call(ctx, from, to)
	if err != nil {
		return err
	}
	t.quick = quick
	if err := t.say(ctx, lines...); err != nil {
		return err
	}
	return t.end(ctx)
}

// friends has all three know each other; in later rounds most do.
func friends(ctx context.Context, s *stage) error {
	for _, a := range []*actor{s.carol, s.alice, s.bob} {
		for _, b := range []*actor{s.alice, s.bob, s.carol} {
			if a == b {
				continue
			}
			if err := s.steps(ctx, unhurried/2,
				func(ctx context.Context) error { return a.befriend(ctx, b) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// lunch begins with two; carol joins, and they leave one by one.
func lunch(ctx context.Context, s *stage) error {
	t, err := s.call(ctx, s.bob, s.alice)
	if err != nil {
		return err
	}
	return s.steps(ctx, unhurried/2,
		func(ctx context.Context) error { return t.say(ctx, s.lunchForTwo()...) },
		func(ctx context.Context) error { return t.invite(ctx, s.alice, s.carol) },
		func(ctx context.Context) error { return t.say(ctx, s.lunchForThree()...) },
		t.end,
	)
}

// states has everybody change state, and the others see it (§7.7, §7.9).
func states(ctx context.Context, s *stage) error {
	for _, c := range []struct {
		who, by     *actor
		state, seen string
	}{
		{s.alice, s.bob, "LUN", "LUN"},
		{s.bob, s.alice, "PHN", "PHN"},
		{s.carol, s.bob, "BSY", "BSY"},
		{s.bob, s.alice, "BRB", "BRB"},
		{s.alice, s.carol, "NLN", "NLN"},
		{s.carol, s.alice, "AWY", "AWY"},
		{s.alice, s.bob, "IDL", "IDL"},
		{s.bob, s.alice, "HDN", "FLN"}, // hidden looks like offline
		{s.bob, s.alice, "NLN", "NLN"},
		{s.carol, s.alice, "NLN", "NLN"},
		{s.alice, s.bob, "NLN", "NLN"},
	} {
		err := s.steps(ctx, unhurried,
			func(ctx context.Context) error { return c.who.client.SetState(ctx, c.state) },
			func(ctx context.Context) error { return c.by.sees(ctx, c.who, c.seen) })
		if err != nil {
			return err
		}
	}
	return nil
}

// privacy has carol try the settings (§7.6). Setting a value that is already set is refused.
func privacy(ctx context.Context, s *stage) error {
	c := s.carol.client
	return s.steps(ctx, unhurried,
		func(ctx context.Context) error { return c.SetGTC(ctx, other(c.Properties().GTC, "A", "N")) },
		func(ctx context.Context) error { return c.SetBLP(ctx, other(c.Properties().BLP, "AL", "BL")) },
		func(ctx context.Context) error { return refused(c.SetBLP(ctx, c.Properties().BLP), 218) },
		func(ctx context.Context) error { return c.SetBLP(ctx, other(c.Properties().BLP, "AL", "BL")) },
		func(ctx context.Context) error { return c.SetGTC(ctx, other(c.Properties().GTC, "A", "N")) },
	)
}

// other returns b for a, and a for anything else.
func other(value, a, b string) string {
	if value == a {
		return b
	}
	return a
}

// newcomer has dave mistype his password, sign in all the same, chat and sign off.
func newcomer(ctx context.Context, s *stage) error {
	return s.steps(ctx, unhurried,
		func(ctx context.Context) error { return refused(s.dave.mistype(ctx), 911) },
		s.dave.signIn,
		func(ctx context.Context) error { return s.dave.befriend(ctx, s.alice) },
		func(ctx context.Context) error { return s.alice.befriend(ctx, s.dave) },
		func(ctx context.Context) error { return s.chat(ctx, false, s.dave, s.alice, s.newcomer()) },
		func(ctx context.Context) error { return s.polite(ctx, s.dave, s.alice) },
		func(ctx context.Context) error { return s.away(ctx, s.dave, s.alice) },
	)
}

// mistype logs on with a password that is wrong.
func (a *actor) mistype(ctx context.Context) error {
	o := a.options()
	o.Password = "CAPS" + o.Password
	c, err := client.Login(ctx, o)
	if err == nil {
		c.Close()
	}
	return err
}

// ackTimeout is how long to wait for the acknowledgement of a message.
const ackTimeout = 5 * time.Second

// polite asks for the acknowledgement of a message: mode A (§8.7). The draft reserves it for later,
// so a server may refuse or ignore it.
func (s *stage) polite(ctx context.Context, from, to *actor) error {
	t, err := s.call(ctx, from, to)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	err = t.of(from).Deliver(limited, "did this one arrive?")
	if err != nil && !isProtocol(err) && limited.Err() == nil {
		return err
	}
	return t.end(ctx)
}

// away logs an actor off, and waits until another sees it.
func (s *stage) away(ctx context.Context, who, by *actor) error {
	limited, cancel := context.WithTimeout(ctx, logoutTimeout)
	defer cancel()
	who.signOff(limited)
	return by.sees(ctx, who, "FLN")
}

// mistakes provokes some errors (§7.11), and sends a message that reaches nobody.
func mistakes(ctx context.Context, s *stage) error {
	c := s.alice.client
	var at *client.Switchboard
	return s.steps(ctx, unhurried,
		func(ctx context.Context) error {
			return refused(c.AddContact(ctx, "FL", "nobody@hotmail.com", "Nobody"), 205)
		},
		func(ctx context.Context) error {
			return refused(c.AddContact(ctx, "FL", s.bob.user.Handle, s.bob.user.Name), 215)
		},
		func(ctx context.Context) (err error) {
			at, err = c.Call(ctx)
			return err
		},
		func(ctx context.Context) error { return refused(at.Invite(ctx, s.dave.user.Handle), 217) },
		func(ctx context.Context) error { return at.Send(ctx, "Dave? still there?") }, // NAK
		func(ctx context.Context) error { return at.Leave(ctx) },
	)
}

// block has alice block carol, who sees her go and cannot call her, and unblock her (§5.7).
func block(ctx context.Context, s *stage) error {
	return s.steps(ctx, unhurried,
		func(ctx context.Context) error { return s.alice.drop(ctx, "AL", s.carol) },
		func(ctx context.Context) error { return s.alice.know(ctx, "BL", s.carol) },
		func(ctx context.Context) error { return s.carol.sees(ctx, s.alice, "FLN") },
		func(ctx context.Context) error {
			at, err := s.carol.client.Call(ctx, s.alice.user.Handle)
			if err == nil {
				at.Close()
			}
			return refused(err, 217, 216)
		},
		func(ctx context.Context) error { return s.alice.befriend(ctx, s.carol) },
		func(ctx context.Context) error { return s.carol.sees(ctx, s.alice, "NLN") },
	)
}

// lists has bob look at his lists, remove carol and add her again; she is notified both times
// (§7.8). Then he renames himself.
func lists(ctx context.Context, s *stage) error {
	b := s.bob.client
	return s.steps(ctx, unhurried,
		func(ctx context.Context) error { return lookUp(ctx, b, "FL") },
		func(ctx context.Context) error { return lookUp(ctx, b, "RL") },
		func(ctx context.Context) error { return lookUp(ctx, b, "BL") },
		func(ctx context.Context) error { return s.bob.drop(ctx, "FL", s.carol) },
		func(ctx context.Context) error { return s.bob.know(ctx, "FL", s.carol) },
		func(ctx context.Context) error {
			err := b.Rename(ctx, other(b.Name(), s.bob.user.Name, "Bob (à la carte)"))
			if isProtocol(err) { // not in the draft: a server may refuse it
				return nil
			}
			return err
		},
	)
}

func lookUp(ctx context.Context, c *client.Client, list string) error {
	_, err := c.List(ctx, list)
	return err
}

// again has carol log off and on. Her client has her lists from before, and SYN says so (§7.5).
func again(ctx context.Context, s *stage) error {
	return s.steps(ctx, 2*unhurried,
		func(ctx context.Context) error { return s.away(ctx, s.carol, s.bob) },
		s.carol.signIn,
		func(ctx context.Context) error { return s.bob.sees(ctx, s.carol, "NLN") },
	)
}

// refused returns nil if err is a protocol error with one of the codes, and an error otherwise.
func refused(err error, codes ...int) error {
	var p *client.ProtocolError
	if errors.As(err, &p) {
		for _, code := range codes {
			if p.Code == code {
				return nil
			}
		}
	}
	if err == nil {
		return fmt.Errorf("the server accepted what it should have refused with %v", codes)
	}
	return err
}

func isProtocol(err error) bool {
	var p *client.ProtocolError
	return errors.As(err, &p)
}
