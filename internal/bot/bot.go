// Package bot signs in users for whom scripts answer, and lets them.
//
//	client.Message -> queue -> script.Bot.Hear -> replies -> Switchboard.Send
//
// Invitations are accepted at once. What other bots say is not heard: two that answer each other
// would never end.
package bot

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/script"
)

const (
	// again is the pause before a bot signs in again.
	again = 5 * time.Second
	// sendTime is how long a reply may take.
	sendTime = 10 * time.Second
)

// Options say whom to sign in, and where. All but Log are required.
type Options struct {
	// Server is the address to connect to first, Dial opens connections.
	Server string
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	// Bot is the user, Password its password, Others the handles of all bots.
	Bot      script.Bot
	Password string
	Others   []string
	// Log gets a warning each time the user is not signed in any more.
	Log *slog.Logger
}

// heard is a message and where to answer it.
type heard struct {
	script.Heard
	session *client.Switchboard
}

// Run keeps the user signed in and answers messages until ctx ends.
func Run(ctx context.Context, o Options) {
	waiting := newQueue()
	var answers sync.WaitGroup
	defer answers.Wait()
	answers.Go(func() { answer(ctx, o, waiting) })
	for ctx.Err() == nil {
		err := signedIn(ctx, o, waiting)
		if ctx.Err() != nil {
			return
		}
		o.Log.Warn("a script's user is not signed in: it tries again", "user", o.Bot.Handle, "in", again, "err", err)
		pause := time.NewTimer(again)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

// signedIn signs the user in, and returns when it is not any more.
func signedIn(ctx context.Context, o Options, waiting *queue) error {
	var in talks
	c, err := client.Login(ctx, client.Options{
		Server: o.Server, Dial: o.Dial, Handle: o.Bot.Handle, Password: o.Password,
		OnEvent: func(e client.Event) {
			switch e := e.(type) {
			case client.Message:
				o.hear(&e, waiting)
			case client.Left:
				if len(e.Session.Participants()) == 0 {
					e.Session.Close()
				}
			case client.Entered:
				if e.Session == nil {
					break
				}
				if left := in.enter(e.Ring.From, e.Session); left != nil {
					left.Close()
				}
			}
		},
	})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Sync(ctx); err != nil {
		return err
	}
	if err := c.SetState(ctx, online); err != nil {
		return err
	}
	select {
	case <-c.Done():
		return c.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

const online = "NLN"

// hear queues a message that a person said.
func (o *Options) hear(m *client.Message, waiting *queue) {
	isBot := func(handle string) bool { return strings.EqualFold(handle, m.From) }
	if m.Session == nil || slices.ContainsFunc(o.Others, isBot) {
		return
	}
	h := heard{script.Heard{
		From: m.From, Name: m.Name, Type: m.Type, Text: m.Text, Session: m.Session.ID(), At: time.Now(),
	}, m.Session}
	for _, p := range m.Session.Participants() {
		h.Users = append(h.Users, p.Handle)
	}
	waiting.add(h)
}

// answer lets the script answer messages until ctx ends.
func answer(ctx context.Context, o Options, waiting *queue) {
	for {
		select {
		case <-waiting.more:
		case <-ctx.Done():
			return
		}
		for h, ok := waiting.next(); ok && ctx.Err() == nil; h, ok = waiting.next() {
			for _, text := range o.Bot.Hear(h.Heard) {
				ctx, cancel := context.WithTimeout(ctx, sendTime)
				_ = h.session.Send(ctx, text) // whoever has left hears nothing
				cancel()
			}
		}
	}
}
