// Package conformance is a suite of named cases that a server of the draft's dialect must pass.
// They are played over the wire: against the embedded server, against it through the proxy, or
// against any other server. A case is a short script, so that what it wants can be read, discussed
// and cited. [Cases] returns all of them, [Case.Play] plays one, and [Run] plays many against a
// server of which only the address is known:
//
//	Run -> lane: four users -> reset, Case.Play by one preset, by the next if that failed
//	       lane: four more      '-> Result: passed, failed of a cause, blocked, skipped -> Report
//
// A server that is not ours may follow a different preset in each case, and need not do what is
// marked as ours. Failures are grouped by their cause: the first thing that differs from the
// script, without what changes from run to run.
//
// # A case
//
//	--- add.same-list-twice
//	§ 7.8; errors
//	Nobody is on a list twice.
//
//	alice: online
//	alice: add FL bob
//	alice> ADD 5 FL {bob} Bob
//	alice< 215 5
//
// After the name come the sections of the draft, or a word for what the draft does not have, such
// as "errors" or "clients"; a sentence that says what is wanted; if needed, "why:", the reason why
// presets differ; "presets:", the presets in which the case holds, if not in all; "options:", how
// the server must have been set up; and "ours:", the reason why the case is about our own server
// alone. The script follows after an empty line. Some of its lines are for some presets only:
//
//	[lenient draft] alice< 200 5
//	[observed]      alice< (closed)
//
// # A line
//
// A connection is named by its user and the kind of server, "alice.sb"; "alice" alone is her
// connection to the notification server, and digits distinguish further ones ("alice.ns2"). It is
// made when it is first named: to the server that the user was last referred to, or else to the
// target's server of that kind.
//
//	alice> ADD 5 FL {bob} Bob       the client sends this line, CRLF, and the "|" lines below it
//	alice< ADD 5 FL {n} {bob} Bob   the next line that the server sends is this one
//	| text                          payload of the line above; all lines but the last end in CRLF
//	alice>> "VER 1 MS" "NP2\n"      the client sends these bytes, a segment for each Go string
//	alice<< "VER 1 MSNP2\r\n"       the next bytes that the server sends are these
//	alice< (nothing)                the connection is open and nothing is unread
//	alice< (closed)                 the server has closed it and nothing is unread
//	alice: logon [DIALECT]          the logon with the right password
//	alice: online [STATE]           the logon, unless it is done, and then CHG
//	alice: serial                   asks for the version of her properties: {alice.serial}
//	alice: add FL bob               and rem: a list change
//	alice.sb: chat bob carol        a switchboard session, here and on bob.sb and carol.sb
//	alice: forget                   drops what is unread; "all: forget" does so on all connections
//	alice: close                    the client closes; halfclose: only its sending direction
//	server: shutdown                the server shuts down
//	server: drain                   the server moves its users to its second notification server
//	server: ADD {alice} FL {bob}    a list changes elsewhere
//	time: 30s                       30 seconds pass
//
// The steps logon, online, serial, add, rem and chat do not check the answers that they read.
// Besides ADD, a server line may be REM, GTC, BLP, CHG {alice} AWY or MSG {alice} text.
//
// Order is checked on each connection by itself; nothing is said about the order in which two
// connections receive something. At the end nothing may be unread, and no connection may be closed
// unexpectedly.
//
// # A placeholder
//
// A word in braces is a placeholder. {alice} is her handle, {alice.name} her friendly name from the
// answer to the logon, {nobody} a handle without an account, {md5 c alice} her response to the
// challenge {c} ({md5 c alice 0 2} its first two characters), {proof c} the official client's
// response to the challenge {c} of a CHL. Any other placeholder takes, where it first stands in a
// line of the server, the word that stands there, and keeps that value; {n+1} is one more, {_}
// anything. {x*500} is 500 times the letter x. In upper case, {ALICE}, a placeholder stands for its
// value in upper case.
package conformance
