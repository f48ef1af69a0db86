package body

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// binaryField is a number in a binary header.
type binaryField struct {
	name string
	size int // bytes
}

// The two forms of P2P headers; p2pFields describes the fields. The first form is little-endian.
// The second, used by clients that may be signed in at several places, is big-endian: a header,
// whose optional parts make it longer, and in front of the data a header of the data.
var (
	p2pFirst = []binaryField{
		{"SessionID", 4},
		{"Identifier", 4},
		{"Offset", 8},
		{"TotalSize", 8},
		{"MessageSize", 4},
		{"Flags", 4},
		{"AckIdentifier", 4},
		{"AckUniqueID", 4},
		{"AckSize", 8},
	}
	p2pSecond     = []binaryField{{"HeaderLength", 1}, {"Operation", 1}, {"MessageSize", 2}, {"Identifier", 4}}
	p2pDataHeader = []binaryField{{"DataHeaderLength", 1}, {"Combination", 1}, {"PackageNumber", 2}, {"SessionID", 4}}
)

const (
	p2pType     = "application/x-msnmsgrp2p"
	p2pHeader   = 48 // the length of the first form in bytes
	p2pShortest = 8  // the least length of a header of the second form, and of one of the data
	p2pFooter   = 4  // the length of the footer in bytes
)

// p2pMessage is a P2P message that is taken apart.
type p2pMessage struct {
	items  []item
	before int  // the bytes of the headers
	data   int  // the bytes of the data
	whole  bool // whether data and footer are complete
}

// p2pItems returns the fields of the header, the number of bytes after it, the fields of a text in
// them, and the footer.
func p2pItems(b *Body) []item { return readP2P(b).items }

// Frame returns how many bytes before and behind the data of a P2P message belong to its headers
// and its footer; 0 for what is not all there.
func (b *Body) Frame() (before, behind int) {
	if t := find(b.Type); t == nil || t.Type != p2pType {
		return 0, 0
	}
	m := readP2P(b)
	if m.whole {
		behind = len(b.Data) - m.before - m.data
	}
	return min(m.before, len(b.Data)), behind
}

func readP2P(b *Body) *p2pMessage {
	if b.multiplePlaces() && len(b.Data) > 0 && b.Data[0] >= p2pShortest {
		return readP2PSecond(b.Data)
	}
	m := &p2pMessage{before: p2pHeader}
	var rest []byte
	m.items, rest = readHeader(p2pFirst, b.Data, binary.LittleEndian)
	if len(b.Data) < p2pHeader {
		return m.short(rest, fmt.Sprintf("cut short: the header has %d bytes, here are %d", p2pHeader, len(b.Data)))
	}
	want, note := uint64(binary.LittleEndian.Uint32(b.Data[24:])), ""
	if want == 0 && len(rest) > p2pFooter { // libpurple sends its first message without the size
		want, note = uint64(len(rest)-p2pFooter), "the header says 0"
	}
	return m.piece(rest, want, note, valueOf(m.items, "Offset") == "0")
}

// short ends a message whose header, or data, are not all there.
func (m *p2pMessage) short(rest []byte, note string) *p2pMessage {
	m.items = append(m.items, item{"Data", size(len(rest)), note})
	return m
}

// piece reads the data, of which there should be want bytes at the beginning of rest, and the
// footer. The first piece of a message may be a text.
func (m *p2pMessage) piece(rest []byte, want uint64, note string, first bool) *p2pMessage {
	if uint64(len(rest)) < want {
		return m.short(rest, fmt.Sprintf("cut short: %d bytes are missing", want-uint64(len(rest))))
	}
	data, footer := rest[:want], rest[want:]
	m.data = len(data)
	m.items = append(m.items, item{"Data", size(len(data)), note})
	if first {
		m.items = append(m.items, slpItems(data)...)
	}
	if m.whole = len(footer) >= p2pFooter; !m.whole {
		m.items = append(m.items, item{"AppID", size(len(footer)), "cut short: the footer has 4 bytes"})
		return m
	}
	id := strconv.FormatUint(uint64(binary.BigEndian.Uint32(footer)), 10)
	m.items = append(m.items, item{name: "AppID", value: id})
	return m
}

// multiplePlaces reports whether the sender or the receiver is named together with its place, so
// that the second form of the header is used.
func (b *Body) multiplePlaces() bool {
	dest, _ := b.Get("P2P-Dest")
	src, _ := b.Get("P2P-Src")
	return strings.Contains(dest, ";{") || strings.Contains(src, ";{")
}

// readP2PSecond reads a message with headers of the second form.
func readP2PSecond(p []byte) *p2pMessage {
	m := &p2pMessage{}
	items, rest, short := p2pParts(p2pSecond, p, map[byte]string{1: "PeerInfo", 2: "AckIdentifier", 3: "NakIdentifier"})
	if m.items = items; short != "" {
		return m.short(rest, short)
	}
	m.before = int(p[0])
	want := uint64(binary.BigEndian.Uint16(p[2:]))
	m.items[3].note = fmt.Sprintf("the next piece has %d", binary.BigEndian.Uint32(p[4:])+uint32(want))
	if want == 0 || uint64(len(rest)) < want {
		return m.piece(rest, want, "", false)
	}
	inner, data, short := p2pParts(p2pDataHeader, rest[:want], map[byte]string{1: "Remaining"})
	if m.items = append(m.items, inner...); short != "" {
		return m.short(data, short)
	}
	m.before += int(rest[0])
	return m.piece(rest[rest[0]:], uint64(len(data)), "", rest[1]&1 != 0)
}

// p2pParts returns the fields of a header of the second form, with its optional parts, which have a
// type, a length and a value. names has the types that are known. It also returns what follows the
// header and, if that is not all there, a note that says so.
func p2pParts(fields []binaryField, p []byte, names map[byte]string) (items []item, rest []byte, short string) {
	items, rest = readHeader(fields, p, binary.BigEndian)
	if len(items) < len(fields) || p[0] < p2pShortest || int(p[0]) > len(p) {
		return items, rest, "cut short: inside the header"
	}
	parts, rest := p[p2pShortest:p[0]], p[p[0]:]
	for len(parts) >= 2 {
		typ, n := parts[0], int(parts[1])
		if typ == 0 { // it only fills up the header
			break
		}
		if n > len(parts)-2 {
			return items, rest, "damaged: a part of the header is longer than the header"
		}
		items = append(items, p2pPart(names[typ], typ, parts[2:2+n]))
		parts = parts[2+n:]
	}
	return items, rest, ""
}

// p2pPart returns the item of one optional part.
func p2pPart(name string, typ byte, value []byte) item {
	var n uint64
	for _, c := range value {
		n = n<<8 | uint64(c)
	}
	if name == "" || name == "PeerInfo" || len(value) > 8 {
		return item{"Part", fmt.Sprintf("%d: %x", typ, value), ""}
	}
	return item{name: name, value: strconv.FormatUint(n, 10)}
}

// readHeader returns the fields that are complete, and the bytes that follow them.
func readHeader(fields []binaryField, p []byte, order binary.ByteOrder) (items []item, rest []byte) {
	for _, f := range fields {
		if len(p) < f.size {
			break
		}
		var n uint64
		switch f.size {
		case 1:
			n = uint64(p[0])
		case 2:
			n = uint64(order.Uint16(p))
		case 4:
			n = uint64(order.Uint32(p))
		case 8:
			n = order.Uint64(p)
		}
		items = append(items, item{name: f.name, value: strconv.FormatUint(n, 10)})
		p = p[f.size:]
	}
	return items, p
}

// slpItems returns the lines of the text in which two clients agree on a session: a line that asks
// or answers, header lines, an empty line, more lines of the same form. It returns nil for other
// data.
func slpItems(data []byte) []item {
	first := data[:lineEnd(data)]
	if !bytes.Contains(first, []byte("MSNSLP/")) {
		return nil
	}
	items := []item{{name: "SLP", value: string(trimEnd(first))}}
	var line string
	rest := string(data[len(first):])
	for rest != "" && len(items) < maxHeaders {
		line, rest, _ = strings.Cut(rest, "\n")
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\x00"), ":")
		if ok {
			items = append(items, item{name: "SLP." + name, value: strings.TrimLeft(value, " \t")})
		}
	}
	return items
}

// slpVerb returns what the first line asks, such as INVITE, or answers, such as 200 OK.
func slpVerb(line string) string {
	verb, rest, _ := strings.Cut(line, " ")
	if strings.HasPrefix(verb, "MSNSLP/") {
		return rest
	}
	return verb
}

func p2pTitle(t *TypeInfo, b *Body, items []item) string {
	var length string
	flags, _ := strconv.ParseUint(valueOf(items, "Flags"), 10, 32)
	for _, it := range items {
		switch {
		case it.name == "SLP":
			return "P2P " + words(toText(slpVerb(it.value), ""))
		case it.name == "Data" && strings.HasPrefix(it.note, "cut short"):
			return "P2P cut short, " + size(len(b.Data))
		case it.name == "Data":
			length = it.value
		}
	}
	session := valueOf(items, "SessionID")
	switch {
	case length == "0 bytes" && flags != 0:
		return "P2P " + t.field("Flags").flags(strconv.FormatUint(flags, 10))
	case session == "" || session == "0":
		return "P2P " + length
	}
	return "P2P " + length + " of session " + session
}
