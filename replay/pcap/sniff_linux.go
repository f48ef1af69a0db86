package pcap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gopacket/gopacket/afpacket"
	"golang.org/x/net/bpf"
)

// The ring that the kernel puts packets into: 64 MB, so that half a second of a full gigabit finds room while we are busy.
const (
	sniffBlock  = 2 << 20
	sniffBlocks = 32
)

// Sniffer is the traffic of a network interface as a pcap file without end, for a Reader to read: one frame behind the other,
// with the kernel's time to the nanosecond. It only listens. It is for one goroutine.
type Sniffer struct {
	ctx  context.Context
	ring *afpacket.TPacket
	left []byte // of the file, not read yet

	dropped int
}

// Sniff begins to listen on a network interface. It needs the privilege CAP_NET_RAW, which root has: otherwise the error is
// ErrPrivilege. The file ends (io.EOF) when ctx does; the caller closes the Sniffer then.
func Sniff(ctx context.Context, iface string) (*Sniffer, error) {
	i, err := net.InterfaceByName(iface)
	if err != nil {
		return nil, fmt.Errorf("%q: %w: there are %s", iface, ErrNoInterface, interfaces())
	}
	link, err := linkOf(iface)
	if err != nil {
		return nil, err
	}
	ring, err := afpacket.NewTPacket(
		afpacket.OptInterface(iface), afpacket.TPacketVersion3, afpacket.SocketRaw,
		afpacket.OptBlockSize(sniffBlock), afpacket.OptNumBlocks(sniffBlocks),
		afpacket.OptBlockTimeout(sniffGather/2), afpacket.OptPollTimeout(sniffWait),
	)
	if errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("%s: %w", iface, ErrPrivilege)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: listen: %w", iface, err)
	}
	if i.Flags&net.FlagLoopback != 0 {
		if err := ring.SetBPF(onceOnly); err != nil {
			ring.Close()
			return nil, fmt.Errorf("%s: filter: %w", iface, err)
		}
	} else {
		_ = ring.SetPromiscuous(true) // where it cannot be, there is this machine's own traffic
	}
	_ = ring.InitSocketStats() // without them, no loss is counted
	return &Sniffer{ctx: ctx, ring: ring, left: appendClassicHead(nil, link)}, nil
}

// onceOnly takes the packets that come in. On the loopback interface each is seen twice, going out (type 4) and coming in.
var onceOnly = assemble(
	bpf.LoadExtension{Num: bpf.ExtType},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: 4, SkipTrue: 1},
	bpf.RetConstant{Val: 1 << 18},
	bpf.RetConstant{Val: 0},
)

func assemble(program ...bpf.Instruction) []bpf.RawInstruction {
	raw, err := bpf.Assemble(program)
	if err != nil {
		panic(err) // the program stands above
	}
	return raw
}

// interfaces names those that there are, for an error.
func interfaces() string {
	all, _ := net.Interfaces()
	var names []string
	for _, i := range all {
		names = append(names, i.Name)
	}
	return strings.Join(names, ", ")
}

// linkOf returns the link type of an interface's frames, by the kernel's ARPHRD number.
func linkOf(iface string) (int, error) {
	b, err := os.ReadFile(filepath.Join("/sys/class/net", filepath.Base(iface), "type"))
	if err != nil {
		return linkEthernet, nil // no /sys: most are
	}
	switch kind := strings.TrimSpace(string(b)); kind {
	case "1", "772": // Ethernet, and loopback, whose frames look the same
		return linkEthernet, nil
	case "512":
		return linkPPP, nil
	case "65534", "519", "768", "776", "778": // tunnels: no head of their own
		return linkRaw, nil
	default:
		return 0, fmt.Errorf("%s: %w: the kernel's number is %s", iface, ErrLinkType, kind)
	}
}

// Read implements io.Reader. It waits for a packet, and then a moment for more.
func (s *Sniffer) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n := s.drain(p)
	until := time.Now().Add(sniffGather)
	for n < len(p) {
		if s.ctx.Err() != nil && n == 0 {
			return 0, io.EOF
		}
		if n > 0 && (s.ctx.Err() != nil || time.Now().After(until)) {
			break
		}
		data, info, err := s.ring.ZeroCopyReadPacketData()
		switch {
		case errors.Is(err, afpacket.ErrTimeout) && n == 0:
			continue
		case errors.Is(err, afpacket.ErrTimeout):
			return n, nil
		case err != nil:
			return n, fmt.Errorf("listen: %w", err)
		}
		if n == 0 {
			until = time.Now().Add(sniffGather)
		}
		s.left = appendClassic(s.left[:0], data, info.Length, info.Timestamp)
		n += s.drain(p[n:])
	}
	return n, nil
}

// drain gives out what is left of the file.
func (s *Sniffer) drain(p []byte) int {
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n
}

// Close ends listening.
func (s *Sniffer) Close() {
	if _, stats, err := s.ring.SocketStats(); err == nil {
		s.dropped = int(stats.Drops())
	}
	s.ring.Close()
}

// Dropped returns how many packets the kernel had no room for, once the Sniffer is closed.
func (s *Sniffer) Dropped() int { return s.dropped }
