package pcap

import (
	"net/netip"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
)

const (
	protocolUDP = 17
	syslogPort  = 514
	// maxNote is how many bytes of its first comment a note shows in its packet: some programs take
	// no longer messages (RFC 3164 §4.1).
	maxNote = 1000
)

// Note writes comments that belong to no segment on a frame of its own: a message to syslog, which
// Wireshark shows with the first comment as its text. It goes between two addresses that are
// reserved for documentation.
func (w *Writer) Note(at time.Time, comments ...string) error {
	return w.note(plain(netip.Addr{}, 1), plain(netip.Addr{}, 2), at, comments)
}

// Note is Writer.Note for comments on the connection: the frame goes from its client to its server.
// It may be called after Close.
func (f *Flow) Note(at time.Time, comments ...string) error {
	return f.w.note(f.ends[client].Addr(), f.ends[server].Addr(), at, comments)
}

func (w *Writer) note(from, to netip.Addr, at time.Time, comments []string) error {
	if err := w.check(comments); err != nil || len(comments) == 0 {
		return err
	}
	text := comments[0]
	if len(text) > maxNote {
		text = strings.ToValidUTF8(text[:maxNote], "")
	}
	const userNotice = "<13>"
	message := append(append([]byte(userNotice), "msnscope: "...), text...)
	b, start, packet := beginFrame(w.buf, at)
	b, sum := appendIP(b, from, to, protocolUDP, 8+len(message))
	udp := len(b)
	b = be.AppendUint16(b, syslogPort)
	b = be.AppendUint16(b, syslogPort)
	b = be.AppendUint16(b, uint16(8+len(message)))
	b = append(append(b, 0, 0), message...)
	if check := gopacket.FoldChecksum(gopacket.ComputeChecksum(b[udp:], sum)); check != 0 {
		be.PutUint16(b[udp+6:], check)
	} else {
		be.PutUint16(b[udp+6:], 0xffff) // 0 says that there is none
	}
	w.buf = endFrame(b, start, packet, comments)
	return w.written()
}
