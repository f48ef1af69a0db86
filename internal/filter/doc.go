// Package filter is the one expression language over events: the command line, the inspector, export, replay and intercept
// all use it.
//
//	cmd == "XFR" && role == "NS"          args.UserHandle == "bob@hotmail.com"
//	user contains "bob" && rtt_ms > 200   "rewritten" in flags
//
// The fields are those of the JSON lines. What an event does not have is "" for text and compares unequal to, and neither
// less nor greater than, any number, so that `trid == 0` finds commands whose TrID is 0, not those without one. args,
// payload.headers and out hold text: an argument that the event does not have is "", one that repeats is its values joined
// by a blank. args.NAME and payload.headers.NAME find NAME in either case. payload.text is what a person would read: text that is not UTF-8 is
// converted first. time compares with a text such as "2026-03-01" or "2026-03-01 15:04:05" (local time) or RFC 3339.
//
// A single bare word is a short form: the name of a command in either case (`msg`) or three digits (`911`) mean that
// command; true and false mean themselves; any other word of letters, digits and @ . - _ (`bob@hotmail.com`) finds the
// commands whose line or payload contains it, without regard to case. An empty expression matches everything.
//
// An expression that fails on an event, such as int(args.Ser) > 3 where Ser is no number, does not match that event.
package filter
