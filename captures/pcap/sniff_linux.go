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

// The size of the ring that the kernel puts packets into: 64 MB, so that half a second of a full
// gigabit fits while we are busy.
const (
	sniffBlock  = 2 << 20
	sniffBlocks = 32
)

// Sniffer presents the traffic of a network interface as an endless pcap file, for a Reader to
// read: one frame after the other, with the kernel's time to the nanosecond. It only listens. It is
// for one goroutine.
type Sniffer struct {
	ctx    context.Context
	iface  string
	link   int
	notify func(down bool)
	ring   *afpacket.TPacket // nil while the interface is down
	left   []byte            // of the file, not read yet

	dropped int
}

// Sniff starts listening on a network interface, or on all of them if its name is Any. It needs the
// privilege CAP_NET_RAW, which root has: without it the error is ErrPrivilege. The file ends
// (io.EOF) when ctx does; then the caller closes the Sniffer.
//
// While the interface is down, or not there, the Sniffer waits for it to come back. notify may be
// nil; it is called by Read, when that begins and when it ends.
func Sniff(ctx context.Context, iface string, notify func(down bool)) (*Sniffer, error) {
	if _, err := net.InterfaceByName(iface); err != nil && iface != Any {
		return nil, fmt.Errorf("%q: %w: there are %s, and %s", iface, ErrNoInterface, interfaces(), Any)
	}
	link, err := linkOf(iface)
	if err != nil {
		return nil, err
	}
	s := &Sniffer{ctx: ctx, iface: iface, link: link, notify: notify, left: appendClassicHead(nil, link)}
	return s, s.open()
}

// open begins to listen.
func (s *Sniffer) open() error {
	socket, name, filter := afpacket.SocketRaw, s.iface, onceOnly
	i, err := net.InterfaceByName(s.iface)
	switch {
	case s.iface == Any:
		socket, name, filter = afpacket.SocketDgram, "", bothOnce()
	case err != nil:
		return fmt.Errorf("%s: %w", s.iface, err)
	case i.Flags&net.FlagLoopback == 0:
		filter = nil
	}
	ring, err := afpacket.NewTPacket(
		afpacket.OptInterface(name), afpacket.TPacketVersion3, socket,
		afpacket.OptBlockSize(sniffBlock), afpacket.OptNumBlocks(sniffBlocks),
		afpacket.OptBlockTimeout(sniffGather/2), afpacket.OptPollTimeout(sniffWait),
	)
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%s: %w", s.iface, ErrPrivilege)
	}
	if err != nil {
		return fmt.Errorf("%s: listen: %w", s.iface, err)
	}
	if filter != nil {
		if err := ring.SetBPF(filter); err != nil {
			ring.Close()
			return fmt.Errorf("%s: filter: %w", s.iface, err)
		}
	} else {
		_ = ring.SetPromiscuous(true) // where it cannot be, there is this machine's own traffic
	}
	_ = ring.InitSocketStats() // without them, no loss is counted
	s.ring = ring
	return nil
}

// reopen listens again once the interface is up, or returns when ctx ends. Its frames must have the
// same form as before, since they go on in the same file.
func (s *Sniffer) reopen() error {
	s.stop()
	s.tell(true)
	defer s.tell(false)
	for {
		select {
		case <-s.ctx.Done():
			return nil
		case <-time.After(sniffDown):
		}
		i, err := net.InterfaceByName(s.iface)
		if err != nil || i.Flags&net.FlagUp == 0 {
			continue
		}
		if link, err := linkOf(s.iface); err != nil || link != s.link {
			return fmt.Errorf("%s: %w: it came back with frames of another kind", s.iface, ErrLinkType)
		}
		return s.open()
	}
}

func (s *Sniffer) tell(down bool) {
	if s.notify != nil {
		s.notify(down)
	}
}

// onceOnly is the filter that accepts incoming packets only. On the loopback interface each packet
// is seen twice, outgoing (type 4) and incoming.
var onceOnly = assemble(
	bpf.LoadExtension{Num: bpf.ExtType},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: 4, SkipTrue: 1},
	bpf.RetConstant{Val: 1 << 18},
	bpf.RetConstant{Val: 0},
)

// bothOnce returns the filter for all interfaces: IP packets, and on the loopback interface only
// those that come in.
func bothOnce() []bpf.RawInstruction {
	loopback := uint32(1) // nearly always
	all, _ := net.Interfaces()
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			loopback = uint32(i.Index)
		}
	}
	return assemble(
		bpf.LoadExtension{Num: bpf.ExtProto},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: typeIPv4, SkipTrue: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: typeIPv6, SkipTrue: 5},
		bpf.LoadExtension{Num: bpf.ExtInterfaceIndex},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: loopback, SkipTrue: 2},
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 4, SkipTrue: 1},
		bpf.RetConstant{Val: 1 << 18},
		bpf.RetConstant{Val: 0},
	)
}

func assemble(program ...bpf.Instruction) []bpf.RawInstruction {
	raw, err := bpf.Assemble(program)
	if err != nil {
		panic(err) // the program stands above
	}
	return raw
}

// interfaces lists the names of the interfaces, for an error message.
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
	if iface == Any { // their frames have heads of several kinds, which the kernel leaves out
		return linkRaw, nil
	}
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
		if s.ring == nil {
			if err := s.reopen(); err != nil {
				return n, err
			}
			continue
		}
		data, info, err := s.ring.ZeroCopyReadPacketData()
		switch {
		case errors.Is(err, afpacket.ErrPoll): // the interface went down
			s.stop()
			if n > 0 {
				return n, nil
			}
			continue
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

// drain copies what is left of the file so far to p.
func (s *Sniffer) drain(p []byte) int {
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n
}

// Close stops listening.
func (s *Sniffer) Close() { s.stop() }

func (s *Sniffer) stop() {
	if s.ring == nil {
		return
	}
	if _, stats, err := s.ring.SocketStats(); err == nil {
		s.dropped += int(stats.Drops())
	}
	s.ring.Close()
	s.ring = nil
}

// Dropped returns how many packets the kernel dropped for lack of room. It is known once the
// Sniffer is closed.
func (s *Sniffer) Dropped() int { return s.dropped }
