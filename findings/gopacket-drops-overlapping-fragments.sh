#!/usr/bin/env bash
# gopacket v1.7.7 (ip4defrag) never puts a datagram together whose fragments overlap.
#
# Guess before running: the bytes that came first count, as in its TCP reassembly and in most hosts
# (RFC 791 section 3.2 lets fragments overlap and tells a receiver how to store them).
# Seen: the second fragment is refused with "defrag: fragment overlaps another one", and the datagram
# never comes, although every octet of it was there. A capture tool that hands fragments over as they
# come loses such a datagram whole, and sees a gap in the TCP stream.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"strings"

	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/layers"
)

// fragment returns the octets from to to of a datagram of 64 octets.
func fragment(from, to int) *layers.IPv4 {
	ip := &layers.IPv4{Version: 4, IHL: 5, Id: 7, TTL: 64, Protocol: layers.IPProtocolTCP,
		SrcIP: []byte{192, 0, 2, 1}, DstIP: []byte{192, 0, 2, 2}, FragOffset: uint16(from / 8)}
	ip.Payload = []byte(strings.Repeat("x", to-from))
	if ip.Length = uint16(20 + to - from); to < 64 {
		ip.Flags = layers.IPv4MoreFragments
	}
	return ip
}

func try(name string, second int) {
	d := ip4defrag.NewIPv4Defragmenter()
	for _, f := range []*layers.IPv4{fragment(0, 40), fragment(second, 64)} {
		whole, err := d.DefragIPv4(f)
		switch {
		case err != nil:
			fmt.Println(name+":", err)
		case whole != nil:
			fmt.Println(name+":", len(whole.Payload), "octets")
		}
	}
}

func main() {
	try("side by side", 40)
	try("overlapping by 8", 32)
}
GO
go mod init try >/dev/null 2>&1
go get github.com/gopacket/gopacket@v1.7.7 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
go run . | tee out
diff out - <<'WANT'
side by side: 64 octets
overlapping by 8: defrag: fragment overlaps another one
WANT
