// Package proxy stands between MSN clients and servers and keeps them there: it rewrites the addresses of every referral, so
// that a client that is sent on comes back, and routes the new connection to where the referral pointed.
//
//	client ──▶ conn ── read ─▶ decode ─▶ track ─▶ publish ─▶ write ──▶ upstream
//	       ◀──      ◀─ write ◀─ publish ◀─ rewrite ◀─ track ◀─ decode ◀── read
//
// The laws that the code keeps:
//
//  1. Bytes that nothing changed leave as they came. What one read brought leaves in one write, a command that came in
//     pieces leaves whole.
//  2. Decoding, recording and screens never stop or delay traffic: what is no command passes as it is.
//  3. Events are numbered, tracked and published under one lock, before their bytes are written: so the order of events is
//     causal over all connections, and an answer never stands before its request.
package proxy
