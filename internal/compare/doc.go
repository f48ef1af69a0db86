// Package compare finds the differences between two commands, or two sequences of commands: those
// of a recording, and those that came this time.
//
// Values that are new in every session (cookies, session numbers, addresses, a server's challenges)
// are compared only by presence and form, and payload headers that hold a time not at all.
// Everything else is compared byte by byte, and differences have the names of the command table.
//
//	want  S: LST 7 FL 12 1 2 bob@hotmail.com Bob
//	got   S: LST 7 FL 12 1 2 bob@hotmail.com Bobby      CustomUserName: want Bob, got Bobby
//
// # Order
//
// The order between connections has no meaning: each connection and direction is aligned by itself.
// Within one, answers keep the order of the recording, and so do the notifications about one user.
// An answer and a notification, or notifications about two users, may come in any order, since a
// server sends them for independent reasons.
//
// The package does no input or output, and never changes an event. Its functions are safe for
// concurrent use.
package compare
