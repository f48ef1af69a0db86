// Package replay plays the clients of a recording against a server and says whether it answered as it did then.
//
//	log --NewPlan--> Plan --Run--> connections to the server, in the recording's order
//	                          '--> Outcome for each command, Result with the verdict
//
// The recording's order is causal and is kept over all connections, in lockstep: a client's command is sent when everything
// that the servers had said before it has come, or was given up on. Clients say byte for byte what they said then, but for
// what is new in every session: the answer to the live challenge (§7.3), cookies (§8.1) and session numbers (§8.4) are those
// that the live server gave in the place of the recorded ones, and a connection that followed a referral goes to the address
// of the live one. A logon that failed for a wrong password fails for a wrong password again.
//
// What the servers say is compared by package compare: see there for what counts as the same, and in which order.
package replay
