// Package pcap turns capture files into byte streams and byte streams into capture files. It reads
// pcap and pcapng (plain or compressed), puts the TCP streams in them together, and writes
// synthetic TCP connections as pcapng that Wireshark shows without a complaint. It knows packets,
// addresses, times and comments, and nothing of the protocol inside but its port.
//
//	file -> source (classic.go, ng.go: records) -> link.go -> decoder (IP, fragments, TCP)
//	     -> tracker (flows; in order: half.go, after a hole: assemble.go) -> Reader.Next: Item
//
//	Flow.Open, Data, Close -> frame.go (IP and TCP headers) -> block.go (pcapng blocks)
//	     -> Writer -> io.Writer
//
// IP defragmentation and TCP reassembly are those of github.com/gopacket/gopacket; what comes whole
// and in order passes them by, which is four times as fast (docs/adr/0010). It is the maintained
// continuation of google/gopacket: the old one, last released in 2020, corrupts streams whose
// sequence numbers wrap under reordering and stops at a stale RST. No type of it shows in this
// package's interface. The file formats are read and written by hand, because the library gives no
// byte offsets for errors and writes no name resolution blocks.
package pcap
