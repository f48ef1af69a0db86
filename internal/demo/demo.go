// Package demo plays a few people who sign in and behave as people did: they add each other, change
// their states, meet in switchboard sessions, make mistakes, leave and come back. One round shows
// every command of the draft; it repeats, at an unhurried pace, until the context ends.
//
// What they do is a list of scenes in scenes.go; what they say is in messages.go.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/internal/client"
)

const (
	// for all together: a server answers OUT at once, and the user waits for the demo to end
	logoutTimeout = time.Second
	sceneTimeout  = 2 * time.Minute
	// after a failed scene, so as not to flood a server that is gone
	retryPause = 3 * time.Second
)

// User is one of the people.
type User struct {
	Handle, Password string
	Name             string // friendly name, also on the lists of the others
}

// DefaultUsers returns the people of a demo whose Options name none; their passwords are those of
// the embedded server's accounts.
func DefaultUsers() []User {
	return []User{
		{"alice@hotmail.com", "alicepw", "Alice Müller"},
		{"bob@hotmail.com", "bobpw", "Bob Åkerlund"},
		{"carol@hotmail.com", "carolpw", "Zoë Carol"},
		{"dave@hotmail.com", "davepw", "Dave Núñez"},
	}
}

// Options say where the demo takes place. Only Server is required.
type Options struct {
	// Server is the address at which the people sign in.
	Server string
	// Dial opens connections; nil means the DialContext of a zero net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Pace stretches all pauses: 2 is half as fast; 0 means 1.
	Pace float64
	// Seed varies the pauses a little; the same seed gives the same pauses.
	Seed uint64
	// Users are four people in the order of DefaultUsers; nil means those.
	Users []User
	// Log receives a record of each scene and each failure; nil discards them.
	Log *slog.Logger
}

// Run plays until ctx ends, signs everybody off within a second and returns nil. It returns an
// error if the options are invalid or the first user cannot sign in. Later failures are logged, and
// the play goes on.
func Run(ctx context.Context, o Options) error {
	s, err := newStage(o)
	if err != nil {
		return err
	}
	defer s.clear()
	switch err := s.alice.signIn(ctx); {
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, client.ErrConnect):
		return fmt.Errorf("demo: the server is not reachable: %w", err)
	case err != nil:
		return fmt.Errorf("demo: the first user cannot sign in: %w", err)
	}
	s.play(ctx, opening)
	for ctx.Err() == nil {
		for _, scene := range round {
			s.play(ctx, scene)
		}
	}
	return nil
}

// stage is the state of a running demo.
type stage struct {
	opts                    Options
	log                     *slog.Logger
	random                  *rand.Rand // used only by the goroutine that plays
	alice, bob, carol, dave *actor
}

func newStage(o Options) (*stage, error) {
	if o.Users == nil {
		o.Users = DefaultUsers()
	}
	if len(o.Users) != 4 {
		return nil, fmt.Errorf("demo: four users are needed, not %d", len(o.Users))
	}
	if o.Pace == 0 {
		o.Pace = 1
	}
	s := &stage{opts: o, log: o.Log, random: rand.New(rand.NewPCG(o.Seed, 1863))}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for i, a := range []**actor{&s.alice, &s.bob, &s.carol, &s.dave} {
		*a = &actor{user: o.Users[i], opts: &s.opts}
		(*a).user.Handle = strings.ToLower(o.Users[i].Handle)
	}
	return s, nil
}

// play plays one scene, after signing in whoever it needs. A failure is logged, and everybody
// leaves the sessions that are still open.
func (s *stage) play(ctx context.Context, sc scene) {
	if ctx.Err() != nil {
		return
	}
	s.log.Debug("scene begins", "scene", sc.name)
	limited, cancel := context.WithTimeout(ctx, time.Duration(float64(sceneTimeout)*max(s.opts.Pace, 1)))
	defer cancel()
	err := s.assemble(limited, sc)
	if err == nil {
		err = sc.run(limited, s)
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	s.log.Warn("scene failed", "scene", sc.name, "err", err)
	for _, a := range s.cast() {
		a.leaveAll(limited)
	}
	_ = wait(ctx, retryPause) // ends early with ctx, which the caller checks
}

// assemble signs in again whoever lost the connection, as people do, and makes everybody online.
func (s *stage) assemble(ctx context.Context, sc scene) error {
	if sc.alone {
		return nil
	}
	for _, a := range []*actor{s.alice, s.bob, s.carol} {
		if err := a.present(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) cast() []*actor { return []*actor{s.alice, s.bob, s.carol, s.dave} }

// clear signs everybody off, all at once.
func (s *stage) clear() {
	ctx, cancel := context.WithTimeout(context.Background(), logoutTimeout)
	defer cancel()
	var all sync.WaitGroup
	for _, a := range s.cast() {
		all.Go(func() { a.signOff(ctx) })
	}
	all.Wait()
}

// pause waits about d, longer or shorter by up to a fifth: people are no clocks.
func (s *stage) pause(ctx context.Context, d time.Duration) error {
	vary := 0.8 + 0.4*s.random.Float64()
	return wait(ctx, time.Duration(float64(d)*s.opts.Pace*vary))
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
