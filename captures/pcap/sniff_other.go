//go:build !linux

package pcap

import (
	"context"
	"io"
)

// Sniffer would present the traffic of a network interface as a pcap file; this system is not
// supported.
type Sniffer struct{ io.Reader }

// Sniff returns ErrNoSniffing.
func Sniff(context.Context, string, func(down bool)) (*Sniffer, error) { return nil, ErrNoSniffing }

// Close does nothing.
func (*Sniffer) Close() {}

// Dropped returns 0.
func (*Sniffer) Dropped() int { return 0 }
