// Package recording is our own form of capture file: pcapng that Wireshark shows right, in which
// each frame carries what our reader needs to return exactly the event that was recorded. A
// [Writer] writes it as events come, and [Parse] reads the record of a frame. Package captures
// loads such a file into a log again.
//
// # What a recording holds
//
// A recording is a pcapng file of the client's side, of Ethernet frames: one command a frame. What
// is no command, or did not come to the client's side, has a frame of its own, a message to syslog.
// The last comments of a frame are its record. They begin with "msnscope:", and go on in comments
// that begin with "msnscope+" where one would be too long. Joined, they are words separated by a
// blank: the version of the form, 2, the kind of record, and then key=value, in which %, blanks and
// everything that is not printable ASCII are written %xx.
//
//	msnscope:2 begin of=... n=1      a recording begins, or goes on with event n: of is the same
//	                                 in all its files
//	msnscope:2 flow of=... conn=3    on a SYN: which connection this is, when it began in another
//	                                 file; otherwise its open event stands there (once more, if
//	                                 that came earlier)
//	msnscope:2 last of=... conn=3    on a FIN: the connection has not ended, but the file has; n
//	                                 is that of the file's last event
//	msnscope:2 command of=... n=12 conn=3 client=10.0.0.7:1055 server=10.0.0.1:1863 role=DS ...
//	msnscope:2 more of=... n=12      a further frame of command 12
//	msnscope:2 open|close|half-close|note|gap|wait of=... n=...
//	msnscope:2 frame of=...          another frame, such as an acknowledgement
//
// So each frame says itself what it is. Other programs may leave frames out, cut them short, write
// them twice or put those of several recordings into one file: what is there keeps its number, its
// connection and its user, and what is missing is known. Only comments survive in most programs:
// names of addresses and statistics of interfaces do not.
//
// In the old form, 1, only begin has of, frames without comments belong to what comes before them,
// and what is no command stands in blocks of interface statistics. It is still read.
//
// The keys of an event, each left out where it has nothing to say:
//
//	of                         which recording this is
//	n conn client server       numbers of event and connection, the true addresses of the two ends
//	client_name server_name    on the first frame of a connection: the names that a capture gave
//	                           to these addresses
//	at                         what comes before it in its connection: the number of commands, and
//	                           how many bytes the client's and the server's frames hold
//	role dialect user session via    the connection, as known by then
//	reply rtt                  number of the request that is answered, nanoseconds since
//	flags                      names, joined by commas
//	dir                        C or S
//	time                       seconds.nanoseconds, where the frame's time stamp cannot hold it
//	text                       what an event is about that is no command
//	why                        number of the reason that makes the bytes opaque
//	trid, row                  where the bytes alone do not say whether there is a TrID, and which
//	                           row it is
//	len                        bytes of the command that its frames hold
//	data                       base64: what the frame would hold, where there is none
//	in, out                    base64: the other side's bytes where they differ: frames from
//	                           the server hold what was sent on, those from the client what was
//	                           received
//
// # One file after another
//
// A recording may go on in another file: see [Rotation]. Connections that are open then end in the
// first file, without a record, and begin again in the second with a flow record; numbers continue.
// Loaded in their order, the files are one recording again.
//
// # Loss
//
// Nothing here stops traffic. A Writer whose file cannot be written reports that once and writes no
// more.
package recording
