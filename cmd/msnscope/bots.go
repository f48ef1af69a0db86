package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"sync"

	"github.com/msnscope/msnscope/internal/bot"
	"github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/server/accounts"
)

// bots are the users of an embedded server for whom scripts answer.
type bots struct {
	cancel context.CancelFunc
	runs   sync.WaitGroup
}

// startBots signs in the users for whom scripts answer, which get accounts with new passwords. Set
// may be nil.
func startBots(
	ctx context.Context, set *script.Set, store accounts.Store, server string,
	dial func(context.Context, string, string) (net.Conn, error), log *slog.Logger,
) (*bots, error) {
	b := &bots{}
	ctx, b.cancel = context.WithCancel(ctx)
	if set == nil {
		return b, nil
	}
	var handles []string
	for _, one := range set.Bots() {
		handles = append(handles, one.Handle)
	}
	for _, one := range set.Bots() {
		if err := accounts.CheckHandle(one.Handle); err != nil {
			b.close()
			return nil, usage("--script: bot %q: %w", one.Handle, err)
		}
		password := rand.Text()
		if admin, ok := store.(accounts.Admin); ok {
			if err := (account{handle: one.Handle, password: password}).put(admin); err != nil {
				b.close()
				return nil, storeError(err)
			}
		}
		b.runs.Go(func() {
			bot.Run(ctx, bot.Options{
				Server: server, Dial: dial, Bot: one, Password: password, Others: handles, Log: log,
			})
		})
	}
	return b, nil
}

// close signs the users off.
func (b *bots) close() {
	if b != nil {
		b.cancel()
		b.runs.Wait()
	}
}
