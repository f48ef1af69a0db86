// Package store is what every capture becomes, live or loaded: an append-only log of events of any length in bounded memory. It
// records a log as a capture file while it grows, and turns capture files into logs.
//
//	bus ----------> Log.Append --> index, bytes, facts --> Log.At, Reader
//	bus ----------> Recorder.Handle --> pcap.Writer --> file
//	file, any ----> Load ---------> the same Log
//
// # How a log is kept
//
// The log keeps no events. It keeps three tapes, rows of bytes of which the latest part is in memory and the rest in a file that
// has no name:
//
//	index   32 bytes an event: time, flags, row of the command table, distance to its request, packet; and where its
//	        bytes stand, which is a place on the next tape or, as long as a command lies in one piece there, the capture file
//	bytes   the bytes of events that stand in no file, and facts, written out
//	facts   16 bytes for each thing that was known of a connection (role, user, addresses ...): where that is written out.
//	        Many events refer to one fact
//
// A Reader makes events of that again, in their order at a few million a second, any one of them in microseconds. One
// goroutine appends, any number read meanwhile; they never wait for each other but for moments.
//
// A live event says of its connection what was known when it came. In a file what is known in the end holds for the whole
// connection: then the fact is replaced, and with it what all events say that refer to it.
//
// # What a recording holds
//
// A recording is a pcapng file of the client's leg: one command a frame. The last comments of a frame carry what the reader
// needs to give back exactly the event that was recorded. They begin with "msnscope:", and go on in comments that begin with
// "msnscope+" where one would be too long. Joined, they are words with a blank between them: the version of the form, 1, what
// it is, and then key=value, in which %, blanks and all that is not printable ASCII are written %xx.
//
//	msnscope:1 begin of=... n=1      a recording begins, or goes on with event n: of is the same in all its files
//	msnscope:1 flow conn=3           on a SYN: whose connection this is, when the open event stands elsewhere
//	msnscope:1 command n=12 conn=3 client=10.0.0.7:1055 server=10.0.0.1:1863 role=DS ...
//	msnscope:1 open|close|note|gap n=...
//
// The keys of an event, each left out where it has nothing to say:
//
//	n conn client server       numbers of event and connection, the true addresses of the two ends
//	role dialect user session via    the connection, as known by then
//	reply rtt                  number of the request that is answered, nanoseconds since
//	flags                      names, joined by commas
//	dir                        C or S, where no frame says it
//	time                       seconds.nanoseconds, where the frame's time stamp cannot hold it
//	text                       what an event is about that is no command
//	why                        number of the reason that makes the bytes opaque
//	trid, row                  where the bytes alone do not tell whether there is a TrID, and which row it is
//	len                        bytes of the command, where it takes several frames
//	data                       base64: what the frame would hold, where there is none
//	in, out                    base64: the other leg's bytes where they differ: frames from the server hold what was sent
//	                           on, those from the client what was received
//
// # One file after another
//
// A recording may go on in another file: see [Rotation]. Connections that are open then end in the first file, without a record,
// and begin again in the second with a flow record; numbers go on. Who loads the files in their order gets one recording.
//
// # Loss
//
// Nothing here stops traffic. A log whose spill files cannot be written forgets its oldest events and says so: [Log.Err], and
// a gap event in their place. A Recorder whose file cannot be written says so once and writes no more.
package store
