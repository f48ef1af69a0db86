// Package fault disturbs sessions on purpose, and repeatably: a client or server is only as good as what it does when
// something goes wrong.
//
//	latency:ms=500,jitter=50,p=0.5 @ cmd == "RNG"
//	'--.--' '---.----------------' '------.------'
//	 kind    its keys, common keys   the commands that it is about; all where nothing is said
//
// A [Rule] is one such line. [Rules] are applied to each command in turn, as an interceptor of the proxy. Each hit is seen in the
// event: it has the flag fault and the rule for its text. Words for what toxiproxy does too are toxiproxy's; the others are the
// protocol's own.
//
// The dice of a rule are those of one direction of one connection, and show the same in each run with the same seed. The counts of
// the common keys n, nth, after and every are the proxy's, unless the rule says per=connection: a client that comes again, or opens
// a switchboard, goes on counting, but between connections that speak at the same time it is chance who is the third. With
// per=connection what happens to a connection depends on what it says alone.
//
// Each kind is a row of the table in kinds.go and a file of its own.
package fault
