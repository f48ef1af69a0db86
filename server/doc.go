// Package server is a complete MSN server that can be embedded: dispatch server, notification
// server and switchboard (§4) for the draft's dialect, MSNP2, and for MSNP3 to MSNP7. The three are
// separate parts that share only two interfaces: [accounts.Store] keeps the accounts, and [Hub]
// knows who is logged on where and delivers notices and cookies. Several servers that share a Store
// and a Hub serve the same users.
//
//	                  row of the table says yes
//	bytes -> decode.Reader -> Message -> admit -> handler -> queue -> bytes
//	                            |        |  |                  ^
//	                            '- fail  |  '-> Hub -> Notify -'  of the users concerned
//	                                     '----> Store
//
// # Order
//
// A connection does one thing at a time: it answers the commands of one read, or handles one piece
// of news from the Store. What others send to its client meanwhile is queued behind those answers,
// so that an answer never rests on a later state than what follows it. A Hub announces the state
// that a user has at the moment of the announcement. So of two changes that cross, everybody sees
// the later one last.
//
// # Locks
//
// A lock is taken only while no lock after it in this list is held, and only turn may be held while
// a socket, the store, the hub or the log is called:
//
//	conn.turn    the client's commands, or news for the user, are being handled
//	Server.mu    the connections and listeners
//	memory.mu    the Hub in memory
//	board.mu     the switchboard sessions
//	session.mu   the members of one session
//	shares.mu    the shares of users and addresses
//	queue.mu     the bytes that are still to be sent to one client
//	guesses.mu   wrong passwords
//
// # Limits
//
// One peer cannot cost another. A connection belongs to the share of its address, and from the
// logon on also to the share of its user. A share counts connections, sessions and invitations, and
// has a budget of bytes, as has the whole server. The first 8 KB that a connection holds are not
// counted, so that usual commands cost no counting.
//
// # Goroutines
//
// A connection has one goroutine, run, which also writes. A second one exists only while something
// from elsewhere is queued, or while the connection is being closed. A connection that has been
// silent for two seconds, and may be, has none on Linux until the client says something: it is
// parked. All of them end before [Server.Shutdown] returns.
package server
