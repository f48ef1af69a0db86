package msntest

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"io"
	"time"
)

// Traffic generates a pcap file (Ethernet, IPv4, microseconds) of MSNP2 conversations, for
// benchmarks and for comparisons with other programs. It is the same on every machine. Two of three
// connections are logons at a notification server that end in a referral; the third is the
// switchboard session that such a referral leads to. Each begins with a handshake and ends with
// FINs; every other segment is acknowledged by a packet of its own, as hosts do.
type Traffic struct {
	// Size is the size of the file in bytes. The file ends with the packets that exceed it, so that
	// the last connections may have no end.
	Size     int64
	Open     int // connections at the same time; 0 means 200
	Messages int // in a switchboard session; 0 means 40
	Text     int // bytes of a message's text; 0 means 60
	// all connections use the same addresses and ports, one after the other: Open is 1
	Reuse bool
}

// trafficStart is the time of the first packet; each further one comes a millisecond later.
var trafficStart = time.Date(2000, 3, 1, 12, 0, 0, 0, time.UTC)

// WriteTo writes the file and returns its size. It takes about half a second for 200 MB.
func (tr Traffic) WriteTo(w io.Writer) (int64, error) {
	g := trafficWriter{Traffic: tr, w: bufio.NewWriterSize(w, 1<<20)}
	if g.Reuse {
		g.Open = 1
	}
	le := binary.LittleEndian
	head := le.AppendUint32(nil, 0xa1b2c3d4)
	head = le.AppendUint32(head, 2|4<<16)
	head = le.AppendUint32(append(head, make([]byte, 8)...), 262144)
	g.write(le.AppendUint32(head, 1))
	talks := make([]*talk, cmp.Or(g.Open, 200))
	for g.size < g.Size {
		for i, c := range talks {
			if c == nil || !c.step(&g) {
				talks[i] = g.next()
			}
		}
	}
	return g.size, g.w.Flush()
}

type trafficWriter struct {
	Traffic
	w       *bufio.Writer
	size    int64
	packets int
	talks   int
	frame   []byte
}

func (g *trafficWriter) write(b []byte) {
	_, _ = g.w.Write(b) // Flush returns the error again
	g.size += int64(len(b))
}

// next starts the next connection.
func (g *trafficWriter) next() *talk {
	n := g.talks
	g.talks++
	c := &talk{}
	c.ends[0] = end{0x0a800000 + uint32(n/50_000), uint16(10_000 + n%50_000), uint32(n) * 0x9e3779b1}
	c.ends[1] = end{0x0a010000, 1863, uint32(n) * 0x61c88647}
	if c.lines = logon(n); n%3 == 2 {
		c.ends[1].addr = 0x0a020000
		c.lines = chat(n-1, cmp.Or(g.Messages, 40), cmp.Or(g.Text, 60))
	}
	if g.Reuse {
		c.ends[0].addr, c.ends[0].port, c.ends[1].addr = 0x0a800000, 10_000, 0x0a010000
	}
	return c
}

// talk is a connection and how far it has come.
type talk struct {
	ends  [2]end // client, server
	lines []said
	at    int // the next step: three of the handshake, the lines, four of the end
}

// end is one end of a connection and its next sequence number.
type end struct {
	addr uint32
	port uint16
	seq  uint32
}

const fin, syn, psh, ack = 1, 2, 8, 16

// step writes the next packet, and reports whether there are more.
func (c *talk) step(g *trafficWriter) bool {
	n := c.at
	c.at++
	switch data := n - 3; {
	case n == 0:
		g.packet(c, 0, syn, nil)
	case n == 1:
		g.packet(c, 1, syn|ack, nil)
	case n == 2:
		g.packet(c, 0, ack, nil)
	case data < len(c.lines):
		line := &c.lines[data]
		g.packet(c, line.from, psh|ack, line.line)
		if data%2 == 1 {
			g.packet(c, 1-line.from, ack, nil)
		}
	default:
		from := []int{0, 1, 1, 0}[data-len(c.lines)]
		g.packet(c, from, []byte{fin | ack, ack, fin | ack, ack}[data-len(c.lines)], nil)
		return data < len(c.lines)+3
	}
	return true
}

// packet writes a frame from one end to the other, with correct checksums.
func (g *trafficWriter) packet(c *talk, from int, flags byte, data []byte) {
	at := trafficStart.Add(time.Duration(g.packets) * time.Millisecond)
	g.packets++
	src, dst := &c.ends[from], &c.ends[1-from]
	le, be := binary.LittleEndian, binary.BigEndian
	n := 14 + 20 + 20 + len(data)
	b := le.AppendUint32(g.frame[:0], uint32(at.Unix()))
	b = le.AppendUint32(b, uint32(at.Nanosecond()/1000))
	b = le.AppendUint32(le.AppendUint32(b, uint32(max(n, 60))), uint32(max(n, 60)))
	b = append(b, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00"...)
	ip := len(b)
	b = be.AppendUint16(append(b, 0x45, 0), uint16(n-14))
	b = be.AppendUint16(b, uint16(g.packets))
	b = append(b, 0x40, 0, 64, 6, 0, 0)
	b = be.AppendUint32(be.AppendUint32(b, src.addr), dst.addr)
	be.PutUint16(b[ip+10:], checksum(b[ip:], 0))
	tcp := len(b)
	b = be.AppendUint16(be.AppendUint16(b, src.port), dst.port)
	b = be.AppendUint32(b, src.seq)
	if flags&ack == 0 {
		b = be.AppendUint32(b, 0)
	} else {
		b = be.AppendUint32(b, dst.seq)
	}
	b = append(b, 5<<4, flags, 0x80, 0, 0, 0, 0, 0)
	b = append(b, data...)
	be.PutUint16(b[tcp+16:], checksum(b[ip+12:], uint32(6+len(b)-tcp)))
	b = append(b, make([]byte, max(0, 60-n))...)
	src.seq += uint32(len(data)) + uint32(flags&fin) + uint32(flags&syn)>>1
	g.write(b)
	g.frame = b
}

// checksum returns the Internet checksum over b, starting with sum.
func checksum(b []byte, sum uint32) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
