// Package decode is the wire of the MSN Messenger protocol: it cuts a byte stream into commands, and puts commands together.
//
// A [Reader] frames one direction of one connection. Each [Message] that it yields knows its verb, its transaction
// identifier, its arguments and its payload, and keeps every byte as it came:
//
//	bytes in -> Reader.Fill -> Reader.Next -> Message{Raw, Verb, TrID, Arg(i), Payload}
//
// The stream law: the Raw bytes of all messages of a Reader, joined, are the bytes that went in. What is no command comes
// out as an opaque message with the reason; nothing is skipped and nothing stops the stream. Framing that was lost, by a wrong
// length or missing bytes, is found again at the next command that fits the grammar in every word.
//
// The package knows no socket, no clock and no command table. What carries a TrID and what a payload it asks a [Grammar],
// which package dialect implements. An [Encoder] writes commands; [MD5Response] answers the logon challenge (§7.3).
package decode
