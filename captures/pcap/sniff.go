package pcap

import (
	"errors"
	"time"
)

// Errors of Sniff, found with errors.Is.
var (
	ErrNoSniffing  = errors.New("live capture works on Linux only")
	ErrPrivilege   = errors.New("live capture needs the privilege CAP_NET_RAW")
	ErrNoInterface = errors.New("no such network interface")
)

// How long a Sniffer waits for packets, and how long it then gathers more: nobody notices the
// delay, and it saves a system call a packet under heavy traffic.
const (
	sniffWait   = 20 * time.Millisecond
	sniffGather = 20 * time.Millisecond
)

// sniffDown is how often a Sniffer looks whether its interface is up again.
const sniffDown = 200 * time.Millisecond

// Any is the name that stands for all network interfaces.
const Any = "any"

// appendClassicHead appends the head of a pcap file, little-endian, with nanoseconds.
func appendClassicHead(b []byte, link int) []byte {
	b = le.AppendUint32(b, 0xa1b23c4d)
	b = le.AppendUint32(b, 2|4<<16) // version 2.4
	b = le.AppendUint64(b, 0)
	b = le.AppendUint32(b, maxBlock)
	return le.AppendUint32(b, uint32(link))
}

// appendClassic appends a packet that had wire bytes.
func appendClassic(b, packet []byte, wire int, at time.Time) []byte {
	b = le.AppendUint32(b, uint32(at.Unix()))
	b = le.AppendUint32(b, uint32(at.Nanosecond()))
	b = le.AppendUint32(b, uint32(len(packet)))
	b = le.AppendUint32(b, uint32(max(wire, len(packet))))
	return append(b, packet...)
}
