// Package lint checks conversations against the protocol: a [Rule] for each thing that can be wrong
// on the wire, with its section of the draft, and a [Checker] that takes the events of a log in
// their order and returns what it finds in each.
//
//	session.Event ──▶ Checker ──▶ []session.Finding
//	                     │
//	                     ├─ rules of the event's row, from the table
//	                     └─ what was said before: requests, logon, lists, rosters, cookies
//
// A rule is a row of a table: where it applies, by verb, direction, role and dialect, and a
// function that looks at one event. `msnscope lint`, the field lint of JSON lines and filters, the
// comments in exports, `msnscope explain` and docs/LINT.md all read the same table.
//
// Two presets say how strict to be. [Draft] takes the draft by its letter. [Observed] leaves out
// what real clients and servers are known to do without harm ([Rule.Habit]), so that what is left
// is worth looking at in any capture.
//
// A rule never judges what it has not seen: a connection whose beginning is not in the capture, or
// of which bytes are missing, is exempt from the rules that need them.
package lint
