// Package fault disturbs sessions on purpose, and repeatably: a client or server is only as good as
// what it does when something goes wrong.
//
//	latency:ms=500,jitter=50,p=0.5 @ cmd == "RNG"
//	'--.--' '---.----------------' '------.------'
//	 kind    its keys, common keys   the commands that it is about; all where nothing is said
//
// A [Rule] is one such line. [Rules] are applied to each command in turn, as an interceptor of the
// proxy. The event of a command that a rule hits has the flag fault, and the rule for its text.
// Names of what toxiproxy does too are toxiproxy's; the others are the protocol's own.
//
// A rule chooses at random for each direction of each connection by itself, and the same in each
// run with the same seed. The common keys n, nth, after and every count the commands of all
// connections, unless the rule says per=connection: a client that comes again, or opens a
// switchboard, goes on counting, but which of several connections that speak at the same time has
// the third command is chance. With per=connection, what happens to a connection depends only on
// what it says.
//
// Each kind is a row of the table in kinds.go and a file of its own.
package fault
