// Package proxy stands between MSN clients and servers and keeps them there: it rewrites the
// addresses of every referral, so that a client that is sent on comes back, and routes the new
// connection to where the referral pointed.
//
//	client ──▶ pump ── read ─▶ frame ─▶ decide ─────────▶ receiver ── write ──▶ upstream
//	                                      │                  │
//	                           Interceptor, referrals        └── journal: track, number, publish
//
// The laws that the code keeps:
//
//  1. Bytes that nothing changed leave as they came. What one read brought leaves in one write, a
//     command that came in pieces leaves whole.
//  2. Decoding, recording and screens never stop or delay traffic: what is no command passes as it
//     is, and what comes faster than it can be decoded for seconds passes with a gap among the
//     events.
//  3. What is sent is added to the journal before it is written, and events are made in that
//     order: so it is causal over all connections, and an answer never stands before its request.
//
// An [Interceptor] holds, changes, drops and adds commands. Without one, most commands are framed
// and sent, and that is all that their receiver waits for.
//
// # Locks
//
// Each is taken only while none, or some that stand before it in this list, are held:
//
//	journal.turn    one goroutine makes events; taken with none of the others held
//	receiver.write  commands of one direction are added to the journal and written
//	cargo.mu        what a file transfer has carried
//	Proxy.mu        what all connections decide by
//	journal.mu      what waits to become events
//	receiver.mu     what waits to be injected into one direction
//	pace.mu         which answer a paced direction waits for
//	Conn.mu         how one connection ends; never taken with Proxy.mu held
//
// receiver.write is held while a socket is written, while [Exchange].Send is called, and while what
// [Conn.SendKept] was given is: a receiver that does not read stops its own direction alone.
// journal.turn is held while Publish, Lagging and SpillFailed of [Options] are called, which must
// not block. Nothing else is called with a lock held.
package proxy
