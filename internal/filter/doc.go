// Package filter implements the expression language for events. The command line, the inspector,
// export, replay and intercept all use it.
//
//	cmd == "XFR" && role == "NS"          args.UserHandle == "bob@hotmail.com"
//	user contains "bob" && rtt_ms > 200   "rewritten" in flags
//
// The fields are those of the JSON lines. A text that the event does not have is "". A number that
// it does not have is unequal to any number, and neither less nor greater, so that `trid == 0`
// finds commands whose TrID is 0, but not those without one. args, payload.headers and out hold
// text; the values of an argument that repeats are joined by blanks. args.NAME and
// payload.headers.NAME find NAME regardless of case. payload.text is the text as people read it: it
// is converted to UTF-8. time compares with a text such as "2026-03-01" or "2026-03-01 15:04:05"
// (local time) or RFC 3339.
//
// icontains is contains without regard to case. client and server are compared without their ports
// where the other side has none, and with subnets: `client == "10.0.0.7"`, `server in
// cidr("10.0.0.0/8")`. client_name and server_name are the names that a capture gives to them.
//
// A single word may stand in place of a condition: the name of a command in either case (`msg`),
// three digits (`911`) or the name of an error (`ERR_NOT_EXPECTED`) match that command, and the
// name of a flag (`rewritten`) matches events with the flag, as in `XFR or RNG`, `!MSG` or `error
// and role == "NS"`. An expression that is one other word (letters, digits and @ . - _, as in
// `bob@hotmail.com`) matches the commands whose line or payload contains it, regardless of case;
// true and false match every event and none. An empty expression matches everything.
//
// To the right of in, an argument or a header is the list of its values: `"MSNP2" in
// args.DialectName`.
//
// An expression that fails on an event, such as int(args.Ser) > 3 if Ser is not a number, does not
// match that event.
package filter
