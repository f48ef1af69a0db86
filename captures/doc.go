// Package captures reads capture files: a [Loader] adds any of them, a recording of ours or a
// capture that another program made, to a log of events.
//
//	file, reader --> pcap.Reader --> items: packets put together into TCP streams
//	                                   |
//	                 a frame of ours --+-- another connection that is MSN
//	                        |                       |
//	             recording.Parse              decode, session
//	                        |                 (HTTP to a gateway: its bodies first, by SessionID)
//	                        |                       |
//	                        '--> eventlog.Batch <---'
//
// Port 1863 or the first commands decide whether a connection is MSN and which of its ends is the
// client. Other connections are left out. Comments that people wrote in Wireshark become notes.
//
// Below it, captures/pcap reads and writes packets and TCP streams, captures/recording is our own
// form of capture file, and captures/samples holds the sessions that come with the program.
package captures
