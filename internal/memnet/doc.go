// Package memnet is a network without sockets: connections and listeners that live in memory and
// behave like TCP on loopback. The proxy reaches the embedded server through it, so that no port is
// opened, and tests run whole conversations over it inside a testing/synctest bubble.
//
// What it keeps of TCP: bytes in order, no boundaries between writes, a buffer in each direction so
// that a small write does not wait for its reader, half-close, deadlines, and the errors of package
// net (net.ErrClosed, os.ErrDeadlineExceeded, syscall.EPIPE, ECONNREFUSED, ECONNRESET, EADDRINUSE,
// each inside a *net.OpError).
//
// What it leaves out, because neither a proxy nor a test needs it:
//   - closing an end with unread bytes does not reset the connection; the peer
//     still reads all that was written to it;
//   - there are no names and no wildcards: an address is an IP and a port, and
//     a dial reaches the listener on exactly that address;
//   - there is no TIME_WAIT: an address is free when its listener's Close
//     returns, a dialer's port when the dialer's connection closes.
//
// # Bubbles
//
// All waiting is on a sync.Cond, and all deadlines are time.AfterFunc timers, so that a goroutine
// blocked here is durably blocked and deadlines follow the bubble's clock. As with channels,
// whatever a bubble uses must be made in it: call Pipe or Listen inside, and dial with a context
// made inside (t.Context()).
package memnet
