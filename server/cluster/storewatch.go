package cluster

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/msnscope/msnscope/server/accounts"
)

const (
	// maxHeard is how much news may wait for the server; more is lost.
	maxHeard = 4096
	// answerTime is how long a server may take to answer, and otherTime how long the others may
	// take when one has answered that the user is not logged on to it.
	answerTime = 2 * time.Second
	otherTime  = 500 * time.Millisecond
)

// These are the answers of a server to news.
const (
	reached    = "1"
	notReached = "0"
)

// announce publishes a piece of news. Whoever is not connected at the moment does not hear of it.
func (s *Store) announce(n accounts.News) {
	if b, err := marshal(n); err == nil {
		_ = s.stream.link.Conn.Publish(newsSubject, b)
	}
}

// marshal returns news as a message.
func marshal(n accounts.News) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(n)
	return b.Bytes(), err
}

// Watch implements [accounts.Watcher]: its news are the changes that programs with
// [StoreOptions].Announce have made since OpenStore, and those of the [accounts.Admin] methods of
// every server, of this one too. Only one watcher may run at a time.
func (s *Store) Watch(ctx context.Context, f func(accounts.News) bool) error {
	for {
		select {
		case m := <-s.heard:
			var n accounts.News
			if gob.NewDecoder(bytes.NewReader(m.Data)).Decode(&n) != nil || accounts.CheckHandle(n.Handle) != nil {
				continue // of a version that has more to say
			}
			answer := notReached
			if f(n) {
				answer = reached
			}
			if m.Reply != "" {
				_ = m.Respond([]byte(answer)) // the one who asked may be gone
			}
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closing:
			return ErrClosed
		}
	}
}

// Tell passes State, Text or Ended on to the server that the user is logged on to, and waits for up
// to two seconds until that server has handled it. It fails as [accounts.SQLite.Tell] does.
func (s *Store) Tell(ctx context.Context, n accounts.News) error {
	if n.What == accounts.Text {
		if err := accounts.CheckText(n.Value); err != nil {
			return err
		}
	}
	u, err := s.Lookup(ctx, n.Handle)
	if err != nil {
		return err
	}
	n.Handle = u.Handle
	b, err := marshal(n)
	if err != nil {
		return err
	}
	conn := s.stream.link.Conn
	box := conn.NewInbox()
	sub, err := conn.SubscribeSync(box)
	if err != nil {
		return err
	}
	defer func() { _ = sub.Unsubscribe() }() // the connection may be closed
	if err := conn.PublishRequest(newsSubject, box, b); err != nil {
		return err
	}
	return answered(ctx, sub)
}

// answered waits for the answers of the servers, of which the user can be logged on to one.
func answered(ctx context.Context, sub *nats.Subscription) error {
	wait, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	none := accounts.ErrNoServer
	for {
		m, err := sub.NextMsgWithContext(wait)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, nats.ErrNoResponders), wait.Err() != nil:
			return none
		case err != nil:
			return err
		case string(m.Data) == reached:
			return nil
		case none != accounts.ErrNotLoggedOn:
			none = accounts.ErrNotLoggedOn
			wait, cancel = context.WithTimeout(ctx, otherTime)
			defer cancel()
		}
	}
}
