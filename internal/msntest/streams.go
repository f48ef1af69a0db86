package msntest

import (
	"encoding/binary"
	"io/fs"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures/samples"
)

// Stream holds the bytes that one side of a recorded connection sent.
type Stream struct {
	Name       string // of the capture
	FromClient bool
	Data       []byte
}

// msnPort is the server's port in the recordings.
const msnPort = 1863

// Streams returns all streams of the shipped captures, as seeds for fuzzing. It fails the test when
// there are too few: a fuzz test without seeds finds nothing and stays green. It parses only as
// much of the file format as that needs, and does not reorder segments: the code that reads
// captures has tests of its own.
func Streams(t testing.TB) []Stream {
	t.Helper()
	var all []Stream
	byKey := map[string]int{}
	err := fs.WalkDir(samples.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(name, ".pcap") {
			return err
		}
		raw, err := samples.FS.ReadFile(name)
		if err != nil {
			return err
		}
		for _, ip := range packets(raw) {
			key, toServer, data := segment(ip)
			if len(data) == 0 {
				continue
			}
			key += name
			if _, ok := byKey[key]; !ok {
				byKey[key] = len(all)
				all = append(all, Stream{Name: name, FromClient: toServer})
			}
			all[byKey[key]].Data = append(all[byKey[key]].Data, data...)
		}
		return nil
	})
	if err != nil || len(all) < 20 {
		t.Fatalf("%d streams in the shipped captures (%v): seeds are missing", len(all), err)
	}
	return all
}

// packets returns the IP packets of a little-endian pcapng of raw IP, or of a pcap of Ethernet.
func packets(raw []byte) [][]byte {
	le := binary.LittleEndian
	var all [][]byte
	if le.Uint32(raw) == 0x0a0d0d0a {
		for len(raw) >= 12 {
			kind, size := le.Uint32(raw), int(le.Uint32(raw[4:]))
			if kind == 6 {
				all = append(all, raw[28:28+le.Uint32(raw[20:])])
			}
			raw = raw[size:]
		}
		return all
	}
	for raw = raw[24:]; len(raw) >= 16; {
		size := 16 + int(le.Uint32(raw[8:]))
		all = append(all, raw[16+14:size])
		raw = raw[size:]
	}
	return all
}

// segment returns the addresses and ports of a TCP packet over IPv4 as one key, whether it goes to
// the server, and its payload.
func segment(ip []byte) (key string, toServer bool, data []byte) {
	if len(ip) < 40 || ip[0]>>4 != 4 {
		return "", false, nil
	}
	be := binary.BigEndian
	tcp := ip[int(ip[0]&15)*4 : be.Uint16(ip[2:])]
	return string(ip[12:20]) + string(tcp[:4]), be.Uint16(tcp[2:]) == msnPort, tcp[int(tcp[12]>>4)*4:]
}
