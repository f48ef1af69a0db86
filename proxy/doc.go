// Package proxy stands between MSN clients and servers and keeps them there: it rewrites the addresses of every referral, so
// that a client that is sent on comes back, and routes the new connection to where the referral pointed.
//
//	client ──▶ flow ── read ─▶ frame ─▶ decide ─────────▶ sink ── write ──▶ upstream
//	                                      │                │
//	                           Interceptor, referrals      └── story: track ─▶ number ─▶ publish
//
// The laws that the code keeps:
//
//  1. Bytes that nothing changed leave as they came. What one read brought leaves in one write, a command that came in
//     pieces leaves whole.
//  2. Decoding, recording and screens never stop or delay traffic: what is no command passes as it is, and what comes faster
//     than it can be decoded for seconds passes with a gap among the events.
//  3. What is sent is put down for the story before it is written, and events are made in that order: so it is causal over all
//     connections, and an answer never stands before its request.
//
// An [Interceptor] holds, changes, drops and adds commands. Without one, most commands are framed and sent, and that is all
// that their receiver waits for.
package proxy
