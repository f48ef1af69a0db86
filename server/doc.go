// Package server is a whole MSN server of the draft's dialect, MSNP2, to be embedded: the dispatch server, the notification
// server and the switchboard (§4), all three over one hub, with the accounts of an [accounts.Store].
//
//	                  row of the table says yes            hub, locked          queue per connection
//	bytes -> decode.Reader -> Message -> admit -> handler ------------> push -> outbox -> writeLoop -> bytes
//	                                      |          |
//	                                      '- fail    '-> accounts.Store (never with the hub locked)
//
// # Locks
//
// There are three, taken in this order, and none is held while a socket, the store or the log is called:
//
//	Server.mu   which connections and listeners there are
//	hub.mu      who is online in what state, switchboard sessions, cookies
//	outbox.mu   what one connection still has to be sent
//
// Presence lines are put into the queues with the hub locked, made from the state that holds at that moment, so that two
// changes that cross reach everybody in the order in which they took effect.
//
// # Goroutines
//
// A connection has two, run and writeLoop, and for a moment a third that closes it. All end before [Server.Shutdown]
// returns.
package server
