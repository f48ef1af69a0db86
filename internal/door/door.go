package door

import (
	"context"
	"net"
	"sync"
	"time"
)

// door limits the connections of a listener: whoever can connect, with or without the
// right to, must not use up the descriptors that traffic needs.
type door struct {
	net.Listener

	mu        sync.Mutex // guards the fields below; nothing is called while it is locked
	strangers map[*caller]struct{}
	callers   int           // connections that have been recognized
	left      chan struct{} // signals that there is one stranger less
}

// caller is an accepted connection. It is a stranger until a request on it has been recognized, see
// [Known].
type caller struct {
	net.Conn
	door *door
	// since is when the server first waited for its request header, zero until then. door.mu guards
	// it and the fields below.
	since time.Time
	known bool // whether it has been recognized
	gone  bool
}

func newDoor(l net.Listener) *door {
	return &door{Listener: l, strangers: map[*caller]struct{}{}, left: make(chan struct{}, 1)}
}

// Accept implements [net.Listener]. While there are too many strangers, it waits until one of them
// has been recognized or left, or until the server has waited strangerTime for the header of one,
// and closes that one. A caller with the token sends it at once, and so gets through however many
// strangers come before it.
func (d *door) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	for {
		oldest, had, full := d.oldest()
		if !full {
			return d.admit(c), nil
		}
		if oldest != nil && had >= strangerTime {
			oldest.Close()
			continue
		}
		select {
		case <-d.left:
		case <-time.After(strangerTime - had):
		}
	}
}

// oldest returns the stranger for whose header the server has waited longest, and for how long; nil
// while it has waited for none. full reports that there is no room for another stranger.
func (d *door) oldest() (oldest *caller, had time.Duration, full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.strangers) < MaxStrangers {
		return nil, 0, false
	}
	for s := range d.strangers {
		if !s.since.IsZero() && (oldest == nil || s.since.Before(oldest.since)) {
			oldest = s
		}
	}
	if oldest != nil {
		had = time.Since(oldest.since)
	}
	return oldest, had, true
}

// admit adds a connection to the strangers.
func (d *door) admit(c net.Conn) *caller {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := &caller{Conn: c, door: d}
	d.strangers[one] = struct{}{}
	return one
}

// forgetLocked removes a stranger. d.mu must be locked.
func (d *door) forgetLocked(c *caller) {
	delete(d.strangers, c)
	select {
	case d.left <- struct{}{}:
	default:
	}
}

// Read implements [net.Conn]. The time of a stranger starts with the first Read: any delay before
// that is the server's own.
func (c *caller) Read(p []byte) (int, error) {
	c.door.mu.Lock()
	if c.since.IsZero() {
		c.since = time.Now()
	}
	c.door.mu.Unlock()
	return c.Conn.Read(p)
}

// Close implements [net.Conn].
func (c *caller) Close() error {
	c.door.mu.Lock()
	if !c.gone && c.known {
		c.door.callers--
	}
	c.gone = true
	c.door.forgetLocked(c)
	c.door.mu.Unlock()
	return c.Conn.Close()
}

// recognize records that the caller has been recognized, and reports whether there was room for it.
func (c *caller) recognize() bool {
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	if c.known || c.gone {
		return true
	}
	if c.door.callers >= MaxCallers {
		return false
	}
	c.door.forgetLocked(c)
	c.known = true
	c.door.callers++
	return true
}

// callerKey is the key of the caller in the context of its requests.
type callerKey struct{}

func withCaller(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// Known records that the sender of a request with this context may call, and reports whether there
// is room for its connection. A connection that [Serve] has not accepted always has room.
func Known(ctx context.Context) bool {
	c, ok := ctx.Value(callerKey{}).(*caller)
	return !ok || c.recognize()
}
