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

// The headers of P2P in their two forms; what the fields mean is in p2pFields. The first is little-endian, the second, which
// clients use that may be signed in at several places, big-endian.
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
	p2pSecond = []binaryField{{"HeaderLength", 1}, {"Operation", 1}, {"MessageSize", 2}, {"Identifier", 4}}
)

const (
	p2pHeader = 48 // bytes of the first form
	p2pFooter = 4
)

// p2pItems reads the header, says how much follows, and reads the footer and what is in text.
func p2pItems(b *Body) []item {
	if b.multiplePlaces() {
		return p2pSecondItems(b.Data)
	}
	items, rest := readHeader(p2pFirst, b.Data, binary.LittleEndian)
	if len(b.Data) < p2pHeader {
		return append(items, item{"Data", size(len(rest)), fmt.Sprintf("cut short: the header has %d bytes, here are %d", p2pHeader, len(b.Data))})
	}
	want := uint64(binary.LittleEndian.Uint32(b.Data[24:]))
	if uint64(len(rest)) < want {
		return append(items, item{"Data", size(len(rest)), fmt.Sprintf("cut short: %d bytes are missing", want-uint64(len(rest)))})
	}
	data, footer := rest[:want], rest[want:]
	items = append(items, item{name: "Data", value: size(len(data))})
	if valueOf(items, "Offset") == "0" {
		items = append(items, slpItems(data)...)
	}
	switch {
	case len(footer) >= p2pFooter:
		items = append(items, item{name: "AppID", value: strconv.FormatUint(uint64(binary.BigEndian.Uint32(footer)), 10)})
	default:
		items = append(items, item{"AppID", size(len(footer)), "cut short: the footer has 4 bytes"})
	}
	return items
}

// multiplePlaces reports whether an end of the exchange is named with the place at which it is signed in.
func (b *Body) multiplePlaces() bool {
	dest, _ := b.Get("P2P-Dest")
	src, _ := b.Get("P2P-Src")
	return strings.Contains(dest, ";{") || strings.Contains(src, ";{")
}

func p2pSecondItems(p []byte) []item {
	items, rest := readHeader(p2pSecond, p, binary.BigEndian)
	note := "with the rest of the header"
	if len(items) < len(p2pSecond) {
		note = "cut short: inside the header"
	}
	return append(items, item{"Data", size(len(rest)), note})
}

// readHeader reads the fields that are there in full, and returns what follows them.
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

// slpItems reads what two clients say in text to agree on a session: a line that asks or answers, header lines, an empty line,
// more lines of the same form; nil for other data.
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

// slpVerb returns what a line asks, such as INVITE, or answers, such as 200 OK.
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
