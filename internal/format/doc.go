// Package format writes events for people and programs: one line of text, one JSON object, the
// draft's own notation, and the parts that screens show.
//
//	AppendText   18:04:05.123 #12  c2  SB alice  -> MSG 3 N 70 (+70 bytes text/plain "hello bob")
//	AppendJSON   {"n":12,"time":"2026-03-01T17:04:05.123Z","conn":2,"role":"SB","dir":"C",...}
//	AppendCS     C: MSG 3 N 70
//
// The functions read [session.Event] values, which never change, append to the slice that the
// caller passes, and are safe for concurrent use. Text from the wire is made harmless before it is
// shown: see [Printable].
package format
