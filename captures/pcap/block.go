package pcap

import (
	"encoding/binary"
	"math"
	"net/netip"
	"time"
)

// Block types, option codes and record types of pcapng, as far as they are read or written here.
const (
	blockSection    = 0x0A0D0D0A // reads the same in both byte orders
	blockInterface  = 1
	blockOldPacket  = 2
	blockSimple     = 3
	blockNames      = 4
	blockStatistics = 5
	blockPacket     = 6

	byteOrderMagic = 0x1A2B3C4D

	optEnd         = 0
	optComment     = 1
	optApplication = 4  // of a section header
	optResolution  = 9  // of an interface
	optTimeOffset  = 14 // of an interface

	nameEnd = 0
	nameIP4 = 1
	nameIP6 = 2
)

// Link types, numbered as in the files.
const (
	linkNull     = 0
	linkEthernet = 1
	linkPPP      = 9
	linkFDDI     = 10
	linkRawBSD   = 12
	linkRawOpen  = 14
	linkPPPHDLC  = 50
	linkPPPEther = 51
	linkRaw      = 101
	linkCHDLC    = 104
	linkWiFi     = 105
	linkLoop     = 108
	linkSLL      = 113
	linkPFLog    = 117
	linkPrism    = 119
	linkRadiotap = 127
	linkIPv4     = 228
	linkIPv6     = 229
	linkNFLOG    = 239
	linkSLL2     = 276
)

// maxBlock is the largest block that is read or written: 16 MB is Wireshark's own limit, and 250
// times the largest packet.
const maxBlock = 16 << 20

var le = binary.LittleEndian

// beginBlock appends a block's head, the length left open, and returns where the block begins.
func beginBlock(b []byte, typ uint32) ([]byte, int) {
	b = le.AppendUint32(b, typ)
	return le.AppendUint32(b, 0), len(b) - 4
}

// endBlock appends the trailing length and fills in both.
func endBlock(b []byte, start int) []byte {
	n := uint32(len(b) - start + 4)
	le.PutUint32(b[start+4:], n)
	return le.AppendUint32(b, n)
}

func pad4(b []byte, n int) []byte {
	return append(b, "\x00\x00\x00"[:-n&3]...)
}

func appendOption(b []byte, code uint16, value string) []byte {
	b = le.AppendUint16(b, code)
	b = le.AppendUint16(b, uint16(len(value)))
	return pad4(append(b, value...), len(value))
}

// appendComments appends comments as the options of a block: no options at all without a comment.
func appendComments(b []byte, comments []string) []byte {
	for _, c := range comments {
		b = appendOption(b, optComment, c)
	}
	if len(comments) > 0 {
		b = appendOption(b, optEnd, "")
	}
	return b
}

func appendSection(b []byte, application string) []byte {
	b, start := beginBlock(b, blockSection)
	b = le.AppendUint32(b, byteOrderMagic)
	b = le.AppendUint16(b, 1) // version 1.0
	b = le.AppendUint16(b, 0)
	b = le.AppendUint64(b, math.MaxUint64) // section length: not known
	if application != "" {
		b = appendOption(b, optApplication, application)
		b = appendOption(b, optEnd, "")
	}
	return endBlock(b, start)
}

func appendInterface(b []byte, link uint16) []byte {
	b, start := beginBlock(b, blockInterface)
	b = le.AppendUint16(b, link)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, 0) // no limit on a packet's length
	b = appendOption(b, optResolution, "\x09")
	b = appendOption(b, optEnd, "")
	return endBlock(b, start)
}

// appendTime appends nanoseconds since 1970 in pcapng's two halves. What the file cannot hold
// becomes 1970.
func appendTime(b []byte, at time.Time) []byte {
	var ns uint64
	if s := at.Unix(); s >= 0 && s < math.MaxInt64/int64(time.Second) {
		ns = uint64(at.UnixNano())
	}
	b = le.AppendUint32(b, uint32(ns>>32))
	return le.AppendUint32(b, uint32(ns))
}

// appendNames appends a name resolution block. An IPv4 address is written a second time as the
// mapped IPv6 address that flows between the families show.
func appendNames(b []byte, addr netip.Addr, name string) []byte {
	b, start := beginBlock(b, blockNames)
	if addr.Is4() {
		a := addr.As4()
		b = appendNameRecord(b, nameIP4, a[:], name)
	}
	a := addr.As16()
	b = appendNameRecord(b, nameIP6, a[:], name)
	b = appendOption(b, nameEnd, "")
	return endBlock(b, start)
}

func appendNameRecord(b []byte, typ uint16, addr []byte, name string) []byte {
	n := len(addr) + len(name) + 1
	b = le.AppendUint16(b, typ)
	b = le.AppendUint16(b, uint16(n))
	b = append(b, addr...)
	b = append(b, name...)
	b = append(b, 0)
	return pad4(b, n)
}
