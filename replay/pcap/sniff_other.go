//go:build !linux

package pcap

import (
	"context"
	"io"
)

// Sniffer is the traffic of a network interface as a pcap file without end; there is none on this system.
type Sniffer struct{ io.Reader }

// Sniff returns ErrNoSniffing.
func Sniff(context.Context, string) (*Sniffer, error) { return nil, ErrNoSniffing }

// Close does nothing.
func (*Sniffer) Close() {}

// Dropped returns 0.
func (*Sniffer) Dropped() int { return 0 }
