package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// attempt is how long one request to a leader may take. Where the leader was lost, the next attempt
// finds the new one.
const attempt = 400 * time.Millisecond

// Link is a connection to NATS, with what users of it must know.
type Link struct {
	Conn *nats.Conn
	// Node is the name of this server in the cluster.
	Node string
	// Replicas is how many nodes must keep what is stored: 3, or 1 where there is one node.
	Replicas int
	// Size is how many nodes the cluster has, running or not; 0 where that is not known.
	Size int
}

// clientOptions are the options of every connection. Servers that NATS makes known are ignored,
// since the address that was given is the one that is right here. While it is not connected,
// nothing is sent later.
func clientOptions(node string) []nats.Option {
	return []nats.Option{
		nats.Name(node), nats.IgnoreDiscoveredServers(),
		nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond), nats.ReconnectBufSize(-1),
		nats.Timeout(5 * time.Second), nats.PingInterval(time.Second), nats.MaxPingsOutstanding(3),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // those who wait for an answer get the error
	}
}

// Connect connects to NATS outside of this process, at one of the addresses that urls has, joined
// by commas, with the credentials file, "" for none. node is the name of this server in the
// cluster. The caller must close Link.Conn in the end.
func Connect(urls, creds, node string) (*Link, error) {
	if !isName(node) {
		return nil, fmt.Errorf("the node's name %q must be 1 to 32 letters, digits, - or _", node)
	}
	o := clientOptions(node)
	if creds != "" {
		o = append(o, nats.UserCredentials(creds))
	}
	conn, err := nats.Connect(urls, o...)
	if err != nil {
		return nil, fmt.Errorf("NATS at %s: %w", shown(urls), err)
	}
	l := &Link{Conn: conn, Node: node, Replicas: 1}
	if conn.ConnectedClusterName() != "" {
		l.Replicas = 3
	}
	return l, nil
}

// shown returns the addresses, joined by commas, without the passwords in them.
func shown(urls string) string {
	all := strings.Split(urls, ",")
	for i, s := range all {
		u, err := url.Parse(strings.TrimSpace(s))
		if err != nil {
			return "the given addresses" // which may have a password, and are none
		}
		all[i] = u.Redacted()
	}
	return strings.Join(all, ",")
}

// Attach connects to the node that runs with the folder dir, and returns the cluster's password
// too. The caller must close Link.Conn in the end.
func Attach(dir string) (*Link, string, error) {
	c, err := readContact(dir)
	if err != nil {
		return nil, "", err
	}
	conn, err := nats.Connect(c.URL, append(clientOptions("accounts"), nats.UserInfo(user, c.Token))...)
	if err != nil {
		return nil, "", fmt.Errorf("no node runs with the folder %s: %w", dir, err)
	}
	return &Link{Conn: conn, Node: "accounts", Replicas: 1}, c.Password, nil
}

// alive reports whether the cluster has a leader that answers.
func (l *Link) alive(ctx context.Context) bool {
	js, err := jetstream.New(l.Conn)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	_, err = js.AccountInfo(ctx)
	return err == nil
}

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// errGone reports whether err says that a leader did not answer, so that the same may be tried
// again.
func errGone(err error) bool {
	switch apiCode(err) {
	case codeNoLeader, codeNotLeader, codeNotReady:
		return true
	}
	return errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		errors.Is(err, nats.ErrConnectionReconnecting) ||
		errors.Is(err, nats.ErrReconnectBufExceeded) || errors.Is(err, nats.ErrDisconnected)
}
