// Package server is a whole MSN server of the draft's dialect, MSNP2, and of MSNP3 to MSNP7, to be embedded: dispatch server,
// notification server and switchboard (§4). The three are separate parts that meet through two interfaces only: [accounts.Store] has the accounts,
// [Hub] knows who is logged on where and brings notices and cookies to and fro. Several servers over one Store and one Hub
// serve the same users.
//
//	                  row of the table says yes
//	bytes -> decode.Reader -> Message -> admit -> handler -> queue -> bytes
//	                            |        |  |                  ^
//	                            '- fail  |  '-> Hub -> Notify -'  of the users concerned
//	                                     '----> Store
//
// # Order
//
// A connection does one thing at a time: it answers what one read brought, or takes a piece of news from the Store. What
// others have for its client meanwhile waits behind those answers, so that what the answers were made from is older than
// what follows them. A Hub announces the state that holds at the moment of announcing. So of two changes that cross, everybody
// sees the later one last.
//
// # Locks
//
// Each is taken only with locks before it in this list held, and but for turn none while a socket, the store, the hub or the
// log is called:
//
//	conn.turn    the client's commands, or news for the user, are being handled
//	Server.mu    which connections and listeners there are
//	memory.mu    the Hub in memory
//	board.mu     which switchboard sessions there are
//	session.mu   who is in one
//	queue.mu     what one connection still has to be sent
//
// # Goroutines
//
// A connection has one, run. It writes too; another goroutine does only while something from elsewhere is queued, and closes
// the connection. All end before [Server.Shutdown] returns.
package server
