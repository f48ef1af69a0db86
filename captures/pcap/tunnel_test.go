package pcap

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// outerIP returns an IPv4 packet between two routers, built with the library.
func outerIP(t testing.TB, protocol layers.IPProtocol, more ...gopacket.SerializableLayer) []byte {
	t.Helper()
	ip := &layers.IPv4{Version: 4, Protocol: protocol, TTL: 9, SrcIP: []byte{192, 0, 2, 1}, DstIP: []byte{192, 0, 2, 2}}
	for _, l := range more {
		if udp, ok := l.(*layers.UDP); ok {
			_ = udp.SetNetworkLayerForChecksum(ip)
		}
	}
	buf := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opts, append([]gopacket.SerializableLayer{ip}, more...)...); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// onEthernet returns an Ethernet frame of the given type.
func onEthernet(typ uint16, rest ...[]byte) []byte {
	return join(be.AppendUint16([]byte(ether), typ), join(rest...))
}

// Packets inside other packets are read as if they were alone, with the right place in the file.
func TestTunnels(t *testing.T) {
	a, b := pkt{seq: 1, data: "ab"}, pkt{seq: 3, data: "cd"}
	udp := func(port layers.UDPPort, rest ...[]byte) []byte {
		return onEthernet(typeIPv4, outerIP(t, layers.IPProtocolUDP, &layers.UDP{SrcPort: 40000, DstPort: port},
			gopacket.Payload(join(rest...))))
	}
	in := func(protocol layers.IPProtocol, rest ...[]byte) []byte {
		return onEthernet(typeIPv4, outerIP(t, protocol, gopacket.Payload(join(rest...))))
	}
	s := func(text string) []byte { return []byte(text) }
	inner := func(ip []byte) []byte { return onEthernet(typeIPv4, ip) }
	tests := map[string]struct {
		link uint32
		v6   bool
		wrap func(ip []byte) []byte
	}{
		"VXLAN": {wrap: func(ip []byte) []byte {
			return udp(4789, s("\x08\x00\x00\x00\x00\x00\x2a\x00"),
				inner(ip))
		}},
		"VXLAN, old port": {wrap: func(ip []byte) []byte {
			return udp(8472, s("\x08\x00\x00\x00\x00\x00\x2a\x00"),
				inner(ip))
		}},
		"GENEVE": {wrap: func(ip []byte) []byte {
			return udp(6081, s("\x01\x00\x65\x58\x00\x00\x2a\x00\x01\x02\x03\x00"), inner(ip))
		}},
		"GRE":           {wrap: func(ip []byte) []byte { return in(47, s("\x00\x00\x08\x00"), ip) }},
		"GRE with key":  {wrap: func(ip []byte) []byte { return in(47, s("\x20\x00\x08\x00\x00\x00\x00\x07"), ip) }},
		"GRE, Ethernet": {wrap: func(ip []byte) []byte { return in(47, s("\x00\x00\x65\x58"), inner(ip)) }},
		"PPTP": {wrap: func(ip []byte) []byte {
			return in(47, s("\x30\x01\x88\x0b\x00\x40\x00\x01\x00\x00\x00\x07"), s("\xff\x03\x00\x21"), ip)
		}},
		"PPTP, compressed protocol": {wrap: func(ip []byte) []byte {
			return in(47, s("\x30\x81\x88\x0b\x00\x40\x00\x01\x00\x00\x00\x07\x00\x00\x00\x06"), s("\x21"), ip)
		}},
		"ERSPAN I": {wrap: func(ip []byte) []byte { return in(47, s("\x00\x00\x88\xbe"), inner(ip)) }},
		"ERSPAN II": {wrap: func(ip []byte) []byte {
			return in(47, s("\x10\x00\x88\xbe\x00\x00\x00\x01\x10\x01\x00\x01\x00\x00\x00\x00"), inner(ip))
		}},
		"ERSPAN III": {wrap: func(ip []byte) []byte {
			return in(47, s("\x10\x00\x22\xeb\x00\x00\x00\x01\x20\x01\x00\x01time\x00\x01\x00\x00"), inner(ip))
		}},
		"ERSPAN III, longer header": {wrap: func(ip []byte) []byte {
			return in(47, s("\x10\x00\x22\xeb\x00\x00\x00\x01\x20\x01\x00\x01time\x00\x01\x00\x01platform"), inner(ip))
		}},
		"IP in IP":       {wrap: func(ip []byte) []byte { return in(4, ip) }},
		"IP in IP twice": {wrap: func(ip []byte) []byte { return in(4, outerIP(t, 4, gopacket.Payload(ip))) }},
		"6in4":           {v6: true, wrap: func(ip []byte) []byte { return in(41, ip) }},
		"4in6": {wrap: func(ip []byte) []byte {
			head := s("\x60\x00\x00\x00\x00\x00\x04\x40" + strings.Repeat("\x20\x01\x0d\xb8", 8))
			be.PutUint16(head[4:], uint16(len(ip)))
			return onEthernet(typeIPv6, head, ip)
		}},
		"EtherIP": {wrap: func(ip []byte) []byte { return in(97, s("\x30\x00"), inner(ip)) }},
		"AH": {wrap: func(ip []byte) []byte {
			head := join([]byte{6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}, make([]byte, 12))
			return in(51, append(head[:0:0], join([]byte{4, 4}, head[2:])...), ip)
		}},
		"MPLS": {wrap: func(ip []byte) []byte {
			return onEthernet(0x8847,
				s("\x00\x01\x00\x40\x00\x02\x01\x40"), ip)
		}},
		"MPLS, pseudowire": {wrap: func(ip []byte) []byte {
			return onEthernet(0x8847,
				s("\x00\x02\x01\x40\x00\x00\x00\x00"), inner(ip))
		}},
		"MPLS in IP":  {wrap: func(ip []byte) []byte { return in(137, s("\x00\x02\x01\x40"), ip) }},
		"MPLS in UDP": {wrap: func(ip []byte) []byte { return udp(6635, s("\x00\x02\x01\x40"), ip) }},
		"L2TP": {wrap: func(ip []byte) []byte {
			return udp(1701,
				s("\x00\x02\x00\x01\x00\x02\xff\x03\x00\x21"), ip)
		}},
		"L2TP, all fields": {wrap: func(ip []byte) []byte {
			return udp(1701, s("\x4a\x02\x00\x99\x00\x01\x00\x02\x00\x05\x00\x06\x00\x03pad\x00\x21"), ip)
		}},
		"GTP-U": {wrap: func(ip []byte) []byte {
			return udp(2152, []byte{0x30, 0xff, byte(len(ip) >> 8), byte(len(ip)), 0, 0, 0, 7}, ip)
		}},
		"TZSP": {wrap: func(ip []byte) []byte {
			return udp(37008, s("\x01\x00\x00\x01\x0a\x01\xff\x00\x01"),
				inner(ip))
		}},
		"TZSP, 802.11": {wrap: func(ip []byte) []byte { return udp(37008, s("\x01\x00\x00\x12\x01"), wifi(ip)) }},
		"802.1ah": {wrap: func(ip []byte) []byte {
			return onEthernet(0x88e7, s("\x00\x00\x00\x07"), inner(ip))
		}},
		"802.1ah behind a VLAN tag": {wrap: func(ip []byte) []byte {
			return onEthernet(0x88a8, s("\x00\x07\x88\xe7\x00\x00\x00\x07"), inner(ip))
		}},
		"LLC and SNAP": {wrap: func(ip []byte) []byte {
			return onEthernet(uint16(8+len(ip)), s("\xaa\xaa\x03\x00\x00\x00\x08\x00"), ip)
		}},
		"Cisco HDLC": {
			link: linkCHDLC,
			wrap: func(ip []byte) []byte { return join(s("\x0f\x00\x08\x00"), ip) },
		},
		"PPP, compressed protocol": {link: linkPPP, wrap: func(ip []byte) []byte { return join(s("\x21"), ip) }},
		"NFLOG": {link: linkNFLOG, wrap: func(ip []byte) []byte {
			return join(s("\x02\x00\x00\x00\x05\x00\x0a\x00x\x00\x00\x00"), le.AppendUint16(nil, uint16(4+len(ip))),
				s("\x09\x00"), ip)
		}},
		"802.11": {link: linkWiFi, wrap: wifi},
		"802.11 with QoS": {
			link: linkWiFi,
			wrap: func(ip []byte) []byte { return join(s("\x88"), wifi(ip)[1:24], s("\x00\x00"), wifi(ip)[24:]) },
		},
		"802.11, radiotap": {
			link: linkRadiotap,
			wrap: func(ip []byte) []byte { return join(s("\x00\x00\x08\x00\x00\x00\x00\x00"), wifi(ip)) },
		},
		"in a cooked frame": {
			link: linkSLL,
			wrap: func(ip []byte) []byte {
				return join(s("\x00\x00\x00\x01\x00\x06from-6\x00\x00\x88\x47"),
					s("\x00\x02\x01\x40"), ip)
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			link := test.link
			if link == 0 {
				link = linkEthernet
			}
			a, b := a, b
			a.v6, b.v6 = test.v6, test.v6
			file := classicFile(le, true, link, test.wrap(a.ip(t)), test.wrap(b.ip(t)))
			got := items(t, file)
			if s, want := summary(got), "1C open, 1C data ab, 1C data cd"; s != want {
				t.Fatalf("got  %s\nwant %s", s, want)
			}
			if placed := name != "802.11, radiotap"; (got[2].Offset > 0) != placed { // the library copies that
				t.Errorf("offset = %d, want the place in the file: %v", got[2].Offset, placed)
			}
		})
	}
}

// wifi returns an IP packet in an 802.11 data frame from an access point.
func wifi(ip []byte) []byte {
	return join([]byte("\x08\x02\x00\x00to-12.via-6.from-6\x00\x00\xaa\xaa\x03\x00\x00\x00\x08\x00"), ip,
		[]byte("\x00\x00\x00\x00"))
}

// The fragments of a tunnel are put together before what it carries is read.
func TestTunnelInFragments(t *testing.T) {
	outer := outerIP(t, 4, gopacket.Payload(pkt{seq: 1, data: strings.Repeat("ab", 20)}.ip(t)))
	got := items(t, classicFile(le, true, linkRaw, append(fragments(outer), outerIP(t, 4,
		gopacket.Payload(pkt{seq: 41, data: "cd"}.ip(t))))...))
	if s, want := summary(got), "1C open, 1C data "+strings.Repeat("ab", 20)+", 1C data cd"; s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if got[1].Offset != -1 || got[2].Offset <= 0 {
		t.Errorf("offsets %d and %d, want none, and the place in the file", got[1].Offset, got[2].Offset)
	}
}

// A tunneled packet that was not captured whole leaves a hole of the right size.
func TestTunnelNotWhole(t *testing.T) {
	frame := onEthernet(typeIPv4, outerIP(t, 4, gopacket.Payload(pkt{seq: 1, data: "abcdef"}.ip(t))))
	next := onEthernet(typeIPv4, outerIP(t, 4, gopacket.Payload(pkt{seq: 7, data: "gh"}.ip(t))))
	file := classicFile(le, true, linkEthernet, frame[:len(frame)-4], next)
	le.PutUint32(file[24+12:], uint32(len(frame)))
	if got, want := summary(items(t, file)), "1C open, 1C data ab, 1C lost 4, 1C data gh"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What is not read is counted by its kind: what may hide TCP, and what does not.
func TestSkippedPackets(t *testing.T) {
	in := func(protocol layers.IPProtocol, rest string) []byte {
		return onEthernet(typeIPv4, outerIP(t, protocol, gopacket.Payload(rest)))
	}
	protected := wifi(pkt{seq: 1, data: "ab"}.ip(t))
	protected[1] |= 0x40
	tests := map[string]struct {
		link          uint32
		frame         []byte
		unread, other string
	}{
		"ARP": {frame: onEthernet(0x806, []byte("\x00\x01\x08\x00\x06\x04\x00\x01"),
			make([]byte, 20)), other: "ARP"},
		"UDP":                 {frame: in(17, "\x00\x35\x00\x35\x00\x08\x00\x00"), other: "UDP"},
		"ICMP":                {frame: in(1, "\x08\x00\x00\x00\x00\x00\x00\x00"), other: "ICMPv4"},
		"ESP":                 {frame: in(50, "secret stuff of somebody"), unread: "ESP"},
		"SCTP":                {frame: in(132, "12345678901234567890"), other: "SCTP"},
		"an unknown protocol": {frame: in(250, "12345678"), unread: "IP protocol 250"},
		"an unknown type":     {frame: onEthernet(0x9999, []byte("12345678")), unread: "Ethernet type 0x9999"},
		"MACsec":              {frame: onEthernet(0x88e5, []byte("12345678")), unread: "MACsec"},
		"L2TP, another version": {
			frame: onEthernet(typeIPv4,
				outerIP(t, 17, &layers.UDP{SrcPort: 1, DstPort: 1701}, gopacket.Payload("\x00\x03345678"))),
			unread: "L2TP",
		},
		"802.11, encrypted":       {linkWiFi, protected, "802.11, encrypted", ""},
		"PPP, compressed":         {linkPPP, []byte("\x00\xfdxxxx"), "PPP, compressed", ""},
		"PPP, headers compressed": {linkPPP, []byte("\x00\x2dxxxx"), "TCP with compressed headers", ""},
		"PPP, setting up":         {linkPPP, []byte("\xc0\x21xxxx"), "", "PPP control"},
		"a link of USB":           {220, []byte("xxxx"), "USB", ""},
		"an unknown link":         {195, []byte("xxxx"), "link type 195", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			link := test.link
			if link == 0 {
				link = linkEthernet
			}
			b, from := beginBlock(appendSection(nil, ""), blockInterface)
			b = endBlock(le.AppendUint32(le.AppendUint32(b, link), 0), from)
			for range 3 {
				b = appendRaw(b, test.frame, start)
			}
			r, err := NewReader(bytes.NewReader(b), "test")
			if err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = r.Next()
			}
			got := r.Stats()
			if kinds(got.Unread) != counted(test.unread) || kinds(got.Other) != counted(test.other) {
				t.Errorf("not read: %s, other: %s; want %q and %q", kinds(got.Unread), kinds(got.Other), test.unread,
					test.other)
			}
		})
	}
}

func counted(kind string) string {
	if kind == "" {
		return ""
	}
	return kind + " 3"
}

func kinds(m map[string]int64) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, fmt.Sprint(k, " ", m[k]))
	}
	return strings.Join(all, ", ")
}

// However many kinds of packets a capture has, few are counted by name.
func TestKindsAreBounded(t *testing.T) {
	var frames [][]byte
	for i := range 1000 {
		frames = append(frames, onEthernet(uint16(0x9900+i), []byte("12345678")))
	}
	r, err := NewReader(bytes.NewReader(classicFile(le, true, linkEthernet, frames...)), "test")
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = r.Next()
	}
	if m := r.Stats().Unread; len(m) > maxKinds+1 || m["others"] < 900 {
		t.Errorf("%d kinds, %d others", len(m), m["others"])
	}
}
