// Package replay plays a recording again, as the clients, as the server, or as both, and reports
// what differs from the recording.
//
//	Log --NewPlan--> Plan --Run----> connections to a server     '--> Outcome for each command,
//	    (a capture,       '-Serve--> connections from clients    '--> Result with the verdict
//	    a Scenario)
//
// # Order
//
// A plan has circles: users who have to do with each other. All steps of a circle are played in one
// order, in lockstep unless Options.Speed says otherwise: a client's command is sent when
// everything before it has come, or was given up on. What the server said because of one command
// comes before the next command of another connection, even where the two crossed in the recording.
// What is left to chance after that is a race: within it, news of the user may come or not, which
// is [Free] and no difference. See docs/adr/0020.
//
// # Values
//
// Clients say byte for byte what they said then, but for what is new in every session: the answer
// to the live challenge (§7.3), cookies (§8.1), serials (§7.5) and session numbers (§8.4) are those
// that the live server gave in the place of the recorded ones, and a connection that followed a
// referral goes to the address of the live one. A logon that failed for a wrong password fails for
// a wrong password again. What servers say is compared by package compare: see there for what
// counts as the same.
//
// # Servers
//
// [Serve] plays the recorded server to live clients. [World] is what a recording presupposes of a
// server that is to answer as the recorded one did, and [Deed] what that server did by itself.
// [Follow] plays a log while it grows.
package replay
