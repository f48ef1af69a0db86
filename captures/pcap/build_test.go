package pcap

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// start is when the tests' captures begin.
var start = time.Date(2001, 2, 3, 4, 5, 6, 789012345, time.UTC)

// pkt is a packet of a test: a segment between the two ends below, from the client unless server is
// set.
type pkt struct {
	server  bool
	flags   string // of S, A, F, R; a data segment has A anyway
	seq     uint32
	ack     uint32
	data    string
	at      time.Duration
	comment string
	cport   uint16 // 0 is 4000
	sport   uint16 // 0 is 1863
	v6      bool
}

// ip builds the IP packet with the library, not with the Writer's own code.
func (p pkt) ip(t testing.TB) []byte {
	t.Helper()
	c, s := layers.TCPPort(max(p.cport, 1)), layers.TCPPort(max(p.sport, 1))
	if p.cport == 0 {
		c = 4000
	}
	if p.sport == 0 {
		s = 1863
	}
	tcp := &layers.TCP{
		SrcPort: c, DstPort: s, Seq: p.seq, Ack: p.ack, Window: 1000,
		SYN: strings.Contains(p.flags, "S"),
		ACK: strings.Contains(p.flags, "A") || p.data != "" && !strings.Contains(p.flags, "S"),
		FIN: strings.Contains(p.flags, "F"), RST: strings.Contains(p.flags, "R"),
	}
	if p.server {
		tcp.SrcPort, tcp.DstPort = s, c
	}
	var ip gopacket.SerializableLayer
	if p.v6 {
		l := &layers.IPv6{Version: 6, NextHeader: layers.IPProtocolTCP, HopLimit: 9}
		l.SrcIP, l.DstIP = net.ParseIP("2001:db8::1"), net.ParseIP("2001:db8::2")
		if p.server {
			l.SrcIP, l.DstIP = l.DstIP, l.SrcIP
		}
		ip = l
		_ = tcp.SetNetworkLayerForChecksum(l)
	} else {
		l := &layers.IPv4{Version: 4, Protocol: layers.IPProtocolTCP, TTL: 9, Id: uint16(p.seq)}
		l.SrcIP, l.DstIP = net.IP{10, 0, 0, 1}, net.IP{10, 0, 0, 2}
		if p.server {
			l.SrcIP, l.DstIP = l.DstIP, l.SrcIP
		}
		ip = l
		_ = tcp.SetNetworkLayerForChecksum(l)
	}
	buf := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opts, ip, tcp, gopacket.Payload(p.data)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// capture makes a pcapng file of packets.
func capture(t testing.TB, packets ...pkt) []byte {
	b := appendInterface(appendSection(nil, ""), linkRaw)
	for _, p := range packets {
		var comments []string
		if p.comment != "" {
			comments = []string{p.comment}
		}
		b = appendRaw(b, p.ip(t), start.Add(p.at), comments...)
	}
	return b
}

func appendRaw(b, packet []byte, at time.Time, comments ...string) []byte {
	b, from := beginBlock(b, blockPacket)
	b = appendTime(le.AppendUint32(b, 0), at)
	b = le.AppendUint32(b, uint32(len(packet)))
	b = le.AppendUint32(b, uint32(len(packet)))
	b = pad4(append(b, packet...), len(packet))
	return endBlock(appendComments(b, comments), from)
}

// classicFile makes a pcap file of packets on a link.
func classicFile(order binary.AppendByteOrder, nano bool, link uint32, frames ...[]byte) []byte {
	magic, frac := uint32(0xa1b2c3d4), start.Nanosecond()/1000
	if nano {
		magic, frac = 0xa1b23c4d, start.Nanosecond()
	}
	b := order.AppendUint32(nil, magic)
	b = append(b, make([]byte, 12)...)
	b = order.AppendUint32(b, 96) // a snapshot length that is not kept to
	b = order.AppendUint32(b, link)
	for _, f := range frames {
		for _, v := range []int{int(start.Unix()), frac, len(f), len(f)} {
			b = order.AppendUint32(b, uint32(v))
		}
		b = append(b, f...)
	}
	return b
}

// readAll reads a file to its end and returns what ended it; the items' data is copied.
func readAll(t testing.TB, file []byte) ([]Item, error) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file), "test.pcapng")
	if err != nil {
		return nil, err
	}
	var items []Item
	for {
		next, err := r.Next()
		if err != nil {
			if _, again := r.Next(); again != err {
				t.Errorf("Next after the end = %v, want %v again", again, err)
			}
			return items, err
		}
		i := *next
		i.Data = bytes.Clone(i.Data)
		items = append(items, i)
		checkOffset(t, r, file, i)
	}
}

// checkOffset fails the test unless the item's bytes are in the file at its Offset.
func checkOffset(t testing.TB, r *Reader, file []byte, i Item) {
	t.Helper()
	switch {
	case i.Offset < -1, r.Packed() && i.Offset > 0:
		t.Errorf("%v: offset %d, want -1 or a place in the file", i.Kind, i.Offset)
	case i.Kind == KindData && i.Offset >= 0 && !bytes.HasPrefix(file[min(int(i.Offset), len(file)):], i.Data):
		t.Errorf("packet %d: %q does not stand at %d", i.Packet, i.Data, i.Offset)
	}
}

// items reads a whole file.
func items(t testing.TB, file []byte) []Item {
	t.Helper()
	items, err := readAll(t, file)
	if err != io.EOF {
		t.Fatalf("the file ends with %v, want io.EOF", err)
	}
	return items
}

// summary writes items short: "1 open, 1C data abc, 1S lost 5, 1C close".
func summary(items []Item) string {
	var parts []string
	for _, i := range items {
		s := ""
		if i.Flow != nil {
			s = fmt.Sprint(i.Flow.ID)
			switch {
			case i.FromClient:
				s += "C"
			case i.Kind != KindNote:
				s += "S"
			}
			s += " "
		}
		s += i.Kind.String()
		switch i.Kind {
		case KindData:
			s += " " + string(i.Data)
		case KindLost:
			s += fmt.Sprint(" ", i.Lost)
		case KindName:
			s += fmt.Sprint(" ", i.Named.Addr, "=", i.Named.Name)
		}
		if i.Reset {
			s += " reset"
		}
		for _, c := range i.Comments {
			s += " #" + c
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

func mustAddr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
