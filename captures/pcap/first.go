package pcap

import (
	"io"
	"time"
)

// FirstTime returns the time of the first packet of a capture, zero for a capture without packets
// or without times. It reads no more of r than it needs, and returns the errors of NewReader and of
// Reader.Next.
func FirstTime(r io.Reader, name string) (time.Time, error) {
	_, src, err := open(r, name)
	if err != nil {
		return time.Time{}, err
	}
	var rec record
	for {
		if err := src.next(&rec); err != nil {
			if err == io.EOF {
				err = nil
			}
			return time.Time{}, err
		}
		if rec.kind == recordPacket {
			return rec.time, nil
		}
	}
}
