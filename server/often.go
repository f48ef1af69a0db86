package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/msnscope/msnscope/server/accounts"
)

// often decides when to log what a client can cause with every command. It counts by the message of
// the log. The zero value is ready to use.
type often struct {
	mu  sync.Mutex
	all map[string]*accounts.Repeats
}

// due counts one occurrence of the message, and reports whether to log it and how many occurrences
// the line stands for.
func (o *often) due(message string) (count int, due bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all == nil {
		o.all = make(map[string]*accounts.Repeats)
	}
	if o.all[message] == nil {
		o.all[message] = new(accounts.Repeats)
	}
	return o.all[message].Due(time.Now())
}

// logOften logs what a command of the client caused: at once, and then at growing intervals, with
// the number of times that any client caused it, so that no client fills the log. The message must
// be a constant.
func (c *conn) logOften(level slog.Level, message string, attrs ...any) {
	count, due := c.s.often.due(message)
	if !due {
		return
	}
	if count > 1 {
		attrs = append(attrs, "count", count)
	}
	c.log().Log(context.Background(), level, message, attrs...)
}
