// Package compare says how two commands, or two sequences of them, differ: what was recorded and what came this time.
//
// Values that are new in every session (cookies, session numbers, addresses, a server's challenges) are compared by their
// presence and form, headers of a payload that tell the time not at all; everything else byte by byte, under the names of the
// command table.
//
//	want  S: LST 7 FL 12 1 2 bob@hotmail.com Bob
//	got   S: LST 7 FL 12 1 2 bob@hotmail.com Bobby      CustomUserName: want Bob, got Bobby
//
// # Order
//
// Which connection speaks first says nothing: each connection and direction is aligned by itself. Within one, answers keep the
// order of the recording, and so do the notifications about one user; between an answer and a notification, or between the
// notifications about two users, any order is the same, since a server sends them for reasons of their own.
//
// The package is pure and all of it is safe for concurrent use: events are read only.
package compare
