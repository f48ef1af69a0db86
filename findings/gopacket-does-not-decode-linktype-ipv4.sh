#!/usr/bin/env bash
# gopacket v1.7.7 reads a capture of link type 228 (LINKTYPE_IPV4, raw IPv4) and decodes none of it.
#
# Guess before running: the packets are decoded as IPv4, as those of link type 101 (raw IP) are.
# Seen: each packet is one layer of kind DecodeFailure, "unable to decode linktype 228"; the same octets
# with link type 101 decode down to TCP. The registry of link types has 228 and 229 for what begins
# with an IPv4 or IPv6 header, and tcpdump and Wireshark read both.
set -euo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/pcapgo"
)

func main() {
	// An IPv4 packet with an empty TCP segment, from 192.0.2.1:40000 to 192.0.2.2:1863.
	frame, err := hex.DecodeString("45000028000100004006f6cbc0000201c0000202" + "9c4007470000000100000001501020000000" + "0000")
	if err != nil {
		panic(err)
	}
	for _, link := range []uint32{101, 228} {
		var file bytes.Buffer
		for _, v := range []any{
			uint32(0xA1B2C3D4), uint16(2), uint16(4), int32(0), uint32(0), uint32(65535), link,
			uint32(1), uint32(0), uint32(len(frame)), uint32(len(frame)), frame,
		} {
			if err := binary.Write(&file, binary.LittleEndian, v); err != nil {
				panic(err)
			}
		}
		r, err := pcapgo.NewReader(&file)
		if err != nil {
			panic(err)
		}
		data, _, err := r.ReadPacketData()
		if err != nil {
			panic(err)
		}
		var layers []string
		p := gopacket.NewPacket(data, r.LinkType(), gopacket.Default)
		for _, l := range p.Layers() {
			layers = append(layers, l.LayerType().String())
		}
		fmt.Println("link type", link, strings.Join(layers, " "))
		if e := p.ErrorLayer(); e != nil {
			fmt.Println(strings.ToLower(e.Error().Error()))
		}
	}
}
GO
go mod init try >/dev/null 2>&1
go get github.com/gopacket/gopacket@v1.7.7 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
go run . | tee out
diff out - <<'WANT'
link type 101 IPv4 TCP
link type 228 DecodeFailure
unable to decode linktype 228
WANT
