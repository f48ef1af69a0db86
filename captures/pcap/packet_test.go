package pcap

import (
	"bytes"
	"strings"
	"testing"
)

// wired makes a pcap file of frames that were longer before they were captured.
func wired(link uint32, frames ...[]byte) []byte {
	b := classicFile(le, true, link, frames...)
	for at := 24; at < len(b); at += 16 + int(le.Uint32(b[at+8:])) {
		le.PutUint32(b[at+12:], 1500)
	}
	return b
}

// cut is a packet of which the capture has n bytes.
func cut(t *testing.T, p pkt, n int) []byte { return p.ip(t)[:n] }

// length overwrites the length in an IP header.
func length(ip []byte, n int) []byte {
	at := 2
	if ip[0]>>4 == 6 {
		at = 4
	}
	ip = bytes.Clone(ip)
	be.PutUint16(ip[at:], uint16(n))
	return ip
}

// extended puts extension headers, the first of kind first, before what an IPv6 packet carries.
func extended(ip []byte, first byte, headers string) []byte {
	ip = join(ip[:40], []byte(headers), ip[40:])
	ip[6] = first
	be.PutUint16(ip[4:], uint16(len(ip)-40))
	return ip
}

func TestPackets(t *testing.T) {
	ab, cd := pkt{seq: 1, data: "ab"}.ip(t), pkt{seq: 3, data: "cd"}.ip(t)
	v6, whole := pkt{seq: 1, data: "ab", v6: true}.ip(t), pkt{seq: 1, data: "abcdef"}
	ethernet := func(packet []byte, padding string) []byte {
		return join([]byte(ether+"\x08\x00"), packet, []byte(padding))
	}
	// an option that lies about its length
	options := join(ab[:32], []byte{6 << 4}, ab[33:40], []byte{0xfe, 0, 1, 1}, ab[40:])
	const two, hop = "1C open, 1C data ab, 1C data cd", "\x06\x00\x01\x04\x00\x00\x00\x00"
	tests := map[string]struct {
		file []byte
		want string
	}{
		"padding that looks like a command": {classicFile(le, true, linkEthernet, ethernet(ab, "MSG te"),
			ethernet(cd, "MSG te")), two},
		"padding after a bare acknowledgement": {
			classicFile(le, true, linkEthernet, ethernet(pkt{flags: "S"}.ip(t), "MSG te"),
				ethernet(pkt{flags: "A", seq: 1}.ip(t), "MSG te"), ethernet(ab, "")),
			"1C open, 1C data ab",
		},
		"padding after IPv6": {
			classicFile(le, true, linkIPv6, append(v6, "MSG te"...)),
			"1C open, 1C data ab",
		},
		"length 0: the card was to cut it": {classicFile(le, true, linkRaw, length(ab, 0), length(cd, 0)), two},
		"length 0, IPv6":                   {classicFile(le, true, linkRaw, length(v6, 0)), "1C open, 1C data ab"},
		"length beyond the packet":         {classicFile(le, true, linkRaw, length(ab, 60000), cd), two},
		"length below the headers": {
			classicFile(le, true, linkRaw, length(ab, 19), length(ab, 30), cd),
			"1C open, 1C data cd",
		},
		"options of IP": {classicFile(le, true, linkRaw,
			length(join([]byte{0x46}, ab[1:20], []byte("opts"), ab[20:]), len(ab)+4), cd), two},
		"options of TCP that lie": {classicFile(le, true, linkRaw, length(options, len(options)), cd), two},
		"TCP header beyond the packet": {
			classicFile(le, true, linkRaw, join(ab[:32], []byte{0xf0}, ab[33:]), cd),
			"1C open, 1C data cd",
		},
		"IPv6, hop-by-hop": {
			classicFile(le, true, linkRaw, extended(v6, 0, hop)),
			"1C open, 1C data ab",
		},
		"IPv6, three headers": {
			classicFile(le, true, linkRaw,
				extended(v6, 0, "\x2b\x00\x01\x04\x00\x00\x00\x00\x3c\x00\x00\x00\x00\x00\x00\x00"+hop)),
			"1C open, 1C data ab",
		},
		"IPv6, the only fragment": {classicFile(le, true, linkRaw,
			extended(v6, 44, "\x06\x00\x00\x00\x00\x00\x00\x07")), "1C open, 1C data ab"},
		"IPv6, headers without end": {classicFile(le, true, linkRaw,
			extended(v6, 0, strings.Repeat("\x00\x00\x01\x04\x00\x00\x00\x00", 20)), v6), "1C open, 1C data ab"},
		"IPv6, header beyond the packet": {classicFile(le, true, linkRaw,
			extended(v6, 0, "\x06\xc8\x01\x04\x00\x00\x00\x00"), v6), "1C open, 1C data ab"},
		"packets without a byte": {classicFile(le, true, linkEthernet, nil, nil, ethernet(ab, ""), nil,
			ethernet(cd, "")), two},
		"every shorter packet": {classicFile(le, true, linkEthernet,
			append(prefixes(ethernet(ab, "")), ethernet(ab, ""), ethernet(cd, ""))...), two},
		"PPP":                      {framed(linkPPP, "\x00\x21", ab, cd), two},
		"PPP, address and control": {framed(linkPPPHDLC, "\xff\x03\x00\x21", ab, cd), two},
		"PPP over Ethernet": {framed(linkEthernet, ether+"\x88\x64\x11\x00\x00\x01\x00\x09\x00\x21",
			ab, cd), two},
		"PPPoE": {framed(linkPPPEther, "\x11\x00\x00\x01\x00\x09\x00\x21", ab, cd), two},
		"cooked 2, VLAN tag": {
			framed(linkSLL2, "\x81\x00"+ether+"abcdef"+"\x00\x01\x08\x00", ab, cd),
			two,
		},
		"raw IP, old numbers":      {classicFile(le, true, linkRawBSD, ab, cd), two},
		"raw IP, OpenBSD's number": {classicFile(le, true, linkRawOpen, ab, cd), two},

		"not whole, in order": {
			wired(linkRaw, cut(t, whole, 42), cut(t, pkt{seq: 7, data: "ghi"}, 41),
				cut(t, pkt{seq: 7, data: "ghi"}, 41), cut(t, pkt{flags: "F", seq: 10}, 40)),
			"1C open, 1C data ab, 1C lost 4, 1C data g, 1C lost 2, 1C close",
		},
		"not whole, no byte of it": {
			wired(linkRaw, cut(t, whole, 40), cut(t, pkt{seq: 7, data: "gh"}, 42)),
			"1C open, 1C lost 6, 1C data gh",
		},
		"not whole, out of order": {
			wired(linkRaw, cut(t, pkt{flags: "S", seq: 0}, 40), cut(t, pkt{seq: 11, data: "klmn"}, 41),
				cut(t, pkt{seq: 7, data: "ghij"}, 41), cut(t, whole, 42), cut(t, pkt{seq: 15, data: "op"}, 42)),
			"1C open, 1C data ab, 1C lost 4, 1C data g, 1C lost 3, 1C data k, 1C lost 3, 1C data op",
		},
		"not whole, sent again whole": {
			wired(linkRaw, cut(t, pkt{flags: "S"}, 40), cut(t, whole, 42), whole.ip(t), pkt{seq: 7, data: "gh"}.ip(t)),
			"1C open, 1C data ab, 1C lost 4, 1C data gh",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := summary(items(t, test.file)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// prefixes returns all that may be left of a frame whose TCP header is not whole.
func prefixes(frame []byte) (all [][]byte) {
	for n := range 14 + 40 {
		all = append(all, frame[:n])
	}
	return all
}
