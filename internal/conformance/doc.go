// Package conformance is a suite of named cases that a server of the draft's dialect must pass, played over the wire: against
// the embedded server, against it through the proxy, or against any other. A case is a short script, so that what it wants can
// be read, argued about and pointed to; [Cases] has them all, [Case.Play] plays one.
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
// After the name come the sections of the draft, or a word for what the draft does not have, such as "errors" or "clients"; a sentence that says what is wanted; perhaps "why:", the reason why presets differ; perhaps
// "presets:", those in which the case holds, when these are not all; perhaps "options:", how the server must have been set up. The
// script follows after an empty line. Some of its lines are for some presets only:
//
//	[lenient draft] alice< 200 5
//	[observed]      alice< (closed)
//
// # A line
//
// A connection is named by its user and the kind of server, "alice.sb"; "alice" is her connection to the notification server,
// and digits tell further ones apart ("alice.ns2"). It is made when it is first named, to where the user was last referred, if
// that has happened, and else to where the target has that kind of server.
//
//	alice> ADD 5 FL {bob} Bob       the client sends this line, ended by CRLF, and what "|" lines after it hold
//	alice< ADD 5 FL {n} {bob} Bob   the next that the server sends is this line
//	| text                          payload of the line before; all lines of it but the last end in CRLF
//	alice>> "VER 1 MS" "NP2\n"      the client sends these bytes, each Go string in a segment of its own
//	alice<< "VER 1 MSNP2\r\n"       the next bytes that the server sends are these
//	alice< (nothing)                the connection is open and nothing is unread
//	alice< (closed)                 the server has closed it and nothing is unread
//	alice: logon [DIALECT]          the logon with the right password; what it is answered is not looked at, nor by those below
//	alice: online [STATE]           the logon, unless it is done, and then CHG
//	alice: serial                   asks for the version of her properties, from then on {alice.serial}
//	alice: add FL bob               and rem: a list change
//	alice.sb: chat bob carol        a switchboard session with these, on this connection and on bob.sb and carol.sb
//	alice: forget                   what is unread does not matter; "all: forget" is about all connections
//	alice: close                    the client closes; halfclose: it only says that it sends no more
//	server: shutdown                the server is shut down; drain: its users are moved to its second notification server
//	server: ADD {alice} FL {bob}    somebody changes a list elsewhere; REM, GTC, BLP, CHG {alice} AWY and MSG {alice} text likewise
//	time: 30s                       so much time passes
//
// Each connection has an order of its own; nothing is said about the order in which two connections get something. At the end
// nothing may be unread, and no connection closed that was not expected to be.
//
// # A word in braces
//
// {alice} is her handle, {alice.name} her friendly name as the logon told it, {nobody} a handle without an account, {md5 c alice}
// her answer to the challenge {c} ({md5 c alice 0 2} the first two characters of it), {proof c} the
// official client's answer to the challenge {c} of a CHL. Any other word takes, where it first stands in a line of the server, what stands there, and is
// that from then on; {n+1} is one more, {_} anything. {x*500} is 500 times the letter x. In upper case, {ALICE}, a word stands for
// the same in upper case.
package conformance
