// Command flows writes a pcap file of many connections to standard output. Each is one segment,
// with the first command of a client, and has no SYN, as in a capture that a busy router made for a
// moment. They begin a millisecond apart.
//
//	go run -C internal/tools ./flows 300000 > many.pcap
//
// With it docs/BENCHMARKS.md measures what a connection costs.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "flows: error:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: flows COUNT > FILE")
	}
	n, err := strconv.ParseUint(args[0], 10, 24)
	if err != nil {
		return fmt.Errorf("how many connections: %w", err)
	}
	w := bufio.NewWriter(out)
	if err := write(w, uint32(n)); err != nil {
		return err
	}
	return w.Flush()
}

// write writes the file: 5,000 connections of each client, to one server.
func write(w io.Writer, n uint32) error {
	le, be := binary.LittleEndian, binary.BigEndian
	head := le.AppendUint32(nil, 0xa1b2c3d4)
	head = le.AppendUint32(head, 2|4<<16)
	head = le.AppendUint32(append(head, make([]byte, 8)...), 262144)
	if _, err := w.Write(le.AppendUint32(head, 1)); err != nil { // Ethernet
		return err
	}
	const (
		began   = 951912000 // 1 March 2000
		each    = 5000
		command = "VER 0 MSNP2\r\n"
		size    = 14 + 20 + 20 + len(command)
	)
	var b []byte
	for i := range n {
		b = le.AppendUint32(b[:0], began+i/1000)
		b = le.AppendUint32(b, i%1000*1000)
		b = le.AppendUint32(le.AppendUint32(b, uint32(size)), uint32(size))
		b = append(b, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00"...)
		b = append(b, 0x45, 0, 0, byte(size-14), 0, 0, 0x40, 0, 64, 6, 0, 0) // without a checksum
		b = be.AppendUint32(b, 0x0a800000+i/each)
		b = append(b, 10, 1, 0, 0)
		b = be.AppendUint16(be.AppendUint16(b, uint16(10_000+i%each)), 1863)
		b = be.AppendUint32(be.AppendUint32(b, i*0x9e3779b1), 1)
		b = append(b, 5<<4, 0x18, 0x80, 0, 0, 0, 0, 0) // PSH and ACK
		if _, err := w.Write(append(b, command...)); err != nil {
			return err
		}
	}
	return nil
}
