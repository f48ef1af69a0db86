// Package eventlog keeps the events of a capture, live or loaded: an append-only log of any length,
// in bounded memory, with an index that answers filters.
//
//	bus ------> Log.Append --> index, bytes, infos --> Log.At, Reader
//	captures -> Batch.Add ---> the same
//
// # How a log is kept
//
// The log does not keep events, but three spill files: sequences of bytes whose latest part is in
// memory and the rest on disk, in a file without a name.
//
//	index   32 bytes an event: time, flags, row of the command table, distance to its request,
//	        packet, and where its bytes are: in the spill file of bytes or, if the command lies in
//	        one piece there, in the capture file
//	bytes   the bytes of events that are in no file, and the texts of infos
//	infos   16 bytes for each version of what was known of a connection (role, user, address ...):
//	        where its text is. Many events refer to one info
//
// A [Reader] restores events from these files: a few million a second in order, any single one in
// microseconds. One goroutine appends while any number of them read; they block each other only for
// moments.
//
// A live event has the connection info of the time when it came. In a file, the final info holds
// for the whole connection: it replaces the earlier one, and thereby changes for all events that
// refer to it.
//
// # Loss
//
// The log never stops traffic. If its spill files cannot be written, it forgets its oldest events
// and reports that by [Log.Err] and by a gap event in their place.
package eventlog
