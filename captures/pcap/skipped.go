package pcap

import (
	"fmt"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// skipped is the reason why a packet yields no TCP segment.
type skipped struct {
	kind   string // "VXLAN", "802.11, encrypted", "ARP"; "" for a fragment that waits for others
	hidden bool   // TCP may be inside it all the same
}

// reason classifies a packet without TCP inside by its innermost layers.
func reason(all []gopacket.Layer) skipped {
	if len(all) == 0 {
		return skipped{"empty packets", false}
	}
	last := lastDecoded(all)
	if last == nil {
		return skipped{"damaged packets", true}
	}
	_, failed := all[len(all)-1].(*gopacket.DecodeFailure)
	switch l := last.(type) {
	case *layers.Dot11WEP:
		return skipped{"802.11, encrypted", true}
	case *layers.IPSecESP:
		return skipped{"ESP", true}
	case *layers.IPv4:
		return protocolReason(l.Protocol)
	case *layers.IPv6:
		return protocolReason(l.NextHeader)
	case *layers.UDP:
		if kind := tunnelKind(uint16(l.SrcPort), uint16(l.DstPort)); kind != "" {
			return skipped{kind, true}
		}
		return skipped{"UDP", false}
	case *layers.Ethernet:
		return typeReason(l.EthernetType)
	case *layers.Dot1Q:
		return typeReason(l.Type)
	case *layers.PPP:
		return pppReason(l.PPPType)
	}
	return skipped{last.LayerType().String(), failed}
}

// protocolReason classifies a packet by its IP protocol, which is another one than TCP, or TCP
// without a whole header.
func protocolReason(p layers.IPProtocol) skipped {
	switch p {
	case layers.IPProtocolTCP:
		return skipped{"TCP without a whole header", true}
	case layers.IPProtocolUDP, layers.IPProtocolICMPv4, layers.IPProtocolICMPv6, layers.IPProtocolIGMP,
		layers.IPProtocolSCTP, layers.IPProtocolOSPF, layers.IPProtocolVRRP, layers.IPProtocolNoNextHeader:
		return skipped{p.String(), false}
	case 115:
		return skipped{"L2TPv3", true}
	}
	if name := p.String(); name != "UnknownIPProtocol" {
		return skipped{name, true}
	}
	return skipped{fmt.Sprintf("IP protocol %d", uint8(p)), true}
}

func typeReason(t layers.EthernetType) skipped {
	switch t {
	case layers.EthernetTypeARP, layers.EthernetTypeLLC, layers.EthernetTypeEAPOL:
		return skipped{t.String(), false}
	case typeBackbone:
		return skipped{"802.1ah", true}
	case typeMACsec:
		return skipped{"MACsec", true}
	}
	if name := t.String(); name != "UnknownEthernetType" {
		return skipped{name, true}
	}
	return skipped{fmt.Sprintf("Ethernet type 0x%04x", uint16(t)), true}
}

const typeMACsec layers.EthernetType = 0x88e5

// pppReason classifies a PPP frame without IP by its protocol. The control protocols set up the
// link; the compressed ones hide what they carry.
func pppReason(t layers.PPPType) skipped {
	switch {
	case t == 0xfd || t == 0xfb:
		return skipped{"PPP, compressed", true}
	case t == 0x2d || t == 0x2f:
		return skipped{"TCP with compressed headers", true}
	case t >= 0x8000:
		return skipped{"PPP control", false}
	}
	return skipped{fmt.Sprintf("PPP protocol 0x%04x", uint16(t)), true}
}

// linkReason classifies a packet of an unsupported link type.
func linkReason(link int) skipped {
	if link < int(layers.LinkTypeMax) {
		if name := layers.LinkType(link).String(); name != "UnknownLinkType" {
			return skipped{name, true}
		}
	}
	return skipped{fmt.Sprintf("link type %d", link), true}
}
