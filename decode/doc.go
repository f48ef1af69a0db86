// Package decode implements the wire format of the MSN Messenger protocol: it cuts a byte stream
// into commands, and encodes commands.
//
// A [Reader] frames one direction of one connection. Each [Message] that it yields gives access to
// its verb, its transaction identifier, its arguments and its payload, and keeps every byte as it
// was on the wire:
//
//	bytes in -> Reader.Fill -> Reader.Next -> Message{Raw, Verb, TrID, Arg(i), Payload}
//
// The stream law: the Raw bytes of all messages of a Reader, joined, are the bytes that went in.
// Bytes that are no command become an opaque message with the reason; nothing is skipped, and
// nothing stops the stream. After framing was lost, to a wrong length or missing bytes, the Reader
// resumes at the next command that fits the grammar in every word.
//
// The package knows no socket, no clock and no command table. Which commands carry a TrID or a
// payload it asks a [Grammar], which package dialect implements. An [Encoder] writes commands;
// [MD5Response] answers the logon challenge (§7.3).
package decode
