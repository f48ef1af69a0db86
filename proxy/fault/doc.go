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
// Each kind is a row of the table in kinds.go and a file of its own.
package fault
