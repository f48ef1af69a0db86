package demo

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/msnscope/msnscope/internal/client"
)

// message is a text and who sends it.
type message struct {
	who  *actor
	text string
}

// seat is a participant's own connection to a session.
type seat struct {
	who *actor
	at  *client.Switchboard
}

// conversation is a switchboard session with its participants, in the order in which they joined.
type conversation struct {
	s     *stage
	seats []seat
	quick bool // the first conversation does not keep its audience waiting
}

// call opens a session from one to another (§8.1 to §8.4).
func (s *stage) call(ctx context.Context, from, to *actor) (*conversation, error) {
	at, err := from.client.Call(ctx, to.user.Handle)
	if err != nil {
		return nil, fmt.Errorf("%s calls %s: %w", from.user.Handle, to.user.Handle, err)
	}
	t := &conversation{s: s, seats: []seat{{from, at}}}
	return t, t.seat(ctx, at, to)
}

// invite calls another actor into the session.
func (t *conversation) invite(ctx context.Context, by, whom *actor) error {
	at := t.of(by)
	if err := at.Invite(ctx, whom.user.Handle); err != nil {
		return err
	}
	return t.seat(ctx, at, whom)
}

// seat waits until whom has joined the session, to which the switchboard connection at has invited
// it.
func (t *conversation) seat(ctx context.Context, at *client.Switchboard, whom *actor) error {
	if err := at.Await(ctx, whom.user.Handle); err != nil {
		return err
	}
	own, err := whom.seat(ctx, at.ID())
	if err != nil {
		return err
	}
	t.seats = append(t.seats, seat{whom, own})
	return nil
}

func (t *conversation) of(who *actor) *client.Switchboard {
	for _, s := range t.seats {
		if s.who == who {
			return s.at
		}
	}
	return nil // a bug in scenes.go, whose test plays all scenes
}

// say has each message typed and sent, and waits until all others have received it.
func (t *conversation) say(ctx context.Context, lines ...message) error {
	for _, l := range lines {
		at := t.of(l.who)
		if err := t.s.pause(ctx, t.pace(700*time.Millisecond)); err != nil {
			return err
		}
		if err := at.Typing(ctx); err != nil {
			return err
		}
		if err := t.s.pause(ctx, t.pace(typingTime(l.text))); err != nil {
			return err
		}
		if err := at.Send(ctx, l.text); err != nil {
			return err
		}
		for _, other := range t.seats {
			if other.who == l.who {
				continue
			}
			if err := other.who.hears(ctx, l.who, l.text); err != nil {
				return err
			}
		}
	}
	return nil
}

// leave has one participant leave the session; the others see BYE.
func (t *conversation) leave(ctx context.Context, who *actor) error {
	for i, s := range t.seats {
		if s.who == who {
			t.seats = append(t.seats[:i:i], t.seats[i+1:]...)
			return s.at.Leave(ctx)
		}
	}
	return nil
}

// end has all participants leave, the last one to join first.
func (t *conversation) end(ctx context.Context) error {
	for len(t.seats) > 0 {
		if err := t.leave(ctx, t.seats[len(t.seats)-1].who); err != nil {
			return err
		}
		if err := t.s.pause(ctx, t.pace(500*time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}

func (t *conversation) pace(d time.Duration) time.Duration {
	if t.quick {
		return d / 3
	}
	return d
}

// typingTime returns how long a practised typist needs for a text, within what an audience puts up
// with.
func typingTime(text string) time.Duration {
	letters := time.Duration(utf8.RuneCountInString(text))
	return min(400*time.Millisecond+letters*45*time.Millisecond, 3*time.Second)
}
