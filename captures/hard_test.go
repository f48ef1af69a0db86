package captures

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/msntest"
)

// turn is what one end of a connection said until the other one spoke.
type turn struct {
	flow *pcap.FlowInfo
	from int
	data []byte
	at   time.Time
}

// turns returns the turns of the connections of a capture.
func turns(t *testing.T, name string) (all []turn) {
	t.Helper()
	file, err := samples.FS.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := pcap.NewReader(bytes.NewReader(file), name)
	if err != nil {
		t.Fatal(err)
	}
	for {
		item, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if item.Kind != pcap.KindData {
			continue
		}
		from := side(item.FromClient)
		if last := len(all) - 1; last >= 0 && all[last].flow == item.Flow && all[last].from == from {
			all[last].data = append(all[last].data, item.Data...)
			continue
		}
		all = append(all, turn{item.Flow, from, bytes.Clone(item.Data), item.Time})
	}
}

// hard is a form in which a capture may have a conversation.
type hard struct {
	segment int  // bytes, at most
	snap    int  // bytes of a frame that are captured, 0 for all
	mixed   bool // out of order, sent twice, and no SYN
	tagged  bool // behind a VLAN tag, in IPv6
	gateway bool // in the bodies of HTTP
}

// overHTTP puts each turn into a request to a gateway, or into the answer to one that asks for it.
func overHTTP(turns []turn) (all []turn) {
	type session struct {
		flow    *pcap.FlowInfo
		answers int
	}
	sessions := make(map[*pcap.FlowInfo]*session)
	for _, tn := range turns {
		s, query := sessions[tn.flow], "Action=poll&"
		if s == nil {
			flow := *tn.flow
			flow.Server = netip.AddrPortFrom(flow.Server.Addr(), 80)
			s, query = &session{&flow, 0}, "Action=open&Server=NS&IP=messenger.example"
			sessions[tn.flow] = s
		} else {
			query += fmt.Sprintf("SessionID=%d.%d", s.flow.ID, s.answers)
		}
		bodies := [2]string{}
		bodies[tn.from] = string(tn.data)
		s.answers++
		answer := reply(fmt.Sprintf("SessionID=%d.%d; GW-IP=10.0.0.1", s.flow.ID, s.answers), bodies[server])
		all = append(all, turn{s.flow, client, []byte(post(query, bodies[client])), tn.at},
			turn{s.flow, server, []byte(answer), tn.at})
	}
	return all
}

// wire writes turns as a pcap file of Ethernet.
type wire struct {
	hard
	file []byte
	seq  map[*pcap.FlowInfo]*[2]uint32
}

func (w *wire) turn(tn *turn) {
	seq := w.seq[tn.flow]
	if seq == nil {
		first := uint32(tn.flow.ID) * 0x9e3779b1
		seq = &[2]uint32{first, ^first}
		w.seq[tn.flow] = seq
		if !w.mixed {
			w.frame(tn, client, seq[client]-1, 0, 0x02, nil)
			w.frame(tn, server, seq[server]-1, seq[client], 0x12, nil)
		}
	}
	type segment struct {
		seq  uint32
		data []byte
	}
	var all []segment
	for part := range slices.Chunk(tn.data, w.segment) {
		all = append(all, segment{seq[tn.from], part})
		seq[tn.from] += uint32(len(part))
	}
	if w.mixed {
		for i := 0; i+1 < len(all); i += 2 {
			all[i], all[i+1] = all[i+1], all[i]
		}
		all = append(all, all[0], all[len(all)-1])
	}
	for _, s := range all {
		w.frame(tn, tn.from, s.seq, seq[1-tn.from], 0x18, s.data)
	}
}

// frame appends a packet from one end to the other. Check sums are not looked at.
func (w *wire) frame(tn *turn, from int, seq, ack uint32, flags byte, data []byte) {
	le, be := binary.LittleEndian, binary.BigEndian
	ends := [2]struct {
		addr [16]byte
		port uint16
	}{{tn.flow.Client.Addr().As16(), tn.flow.Client.Port()}, {tn.flow.Server.Addr().As16(), tn.flow.Server.Port()}}
	src, dst := ends[from], ends[1-from]
	f := []byte("to....from..")
	size := 20 + len(data)
	if w.tagged {
		src.addr[0], dst.addr[0] = 0xfd, 0xfd // no longer a mapped address
		f = append(f, 0x81, 0, 0, 7, 0x86, 0xdd, 0x60, 0, 0, 0)
		f = append(be.AppendUint16(f, uint16(size)), 6, 64)
		f = append(append(f, src.addr[:]...), dst.addr[:]...)
	} else {
		f = append(f, 8, 0, 0x45, 0)
		f = append(be.AppendUint16(f, uint16(20+size)), 0, 0, 0x40, 0, 64, 6, 0, 0)
		f = append(append(f, src.addr[12:]...), dst.addr[12:]...)
	}
	f = be.AppendUint16(be.AppendUint16(f, src.port), dst.port)
	f = be.AppendUint32(be.AppendUint32(f, seq), ack)
	f = append(append(f, 5<<4, flags, 0x80, 0, 0, 0, 0, 0), data...)
	if len(f) < 60 {
		f = append(f, strings.Repeat("MSG te", 10)[:60-len(f)]...)
	}
	whole := len(f)
	if w.snap > 0 {
		f = f[:min(w.snap, whole)]
	}
	for _, v := range []int{int(tn.at.Unix()), tn.at.Nanosecond() / 1000, len(f), whole} {
		w.file = le.AppendUint32(w.file, uint32(v))
	}
	w.file = append(w.file, f...)
}

// opened loads a capture that is whole.
func opened(t *testing.T, file []byte) *eventlog.Log {
	t.Helper()
	l, err := loaded(t, file)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// said lists what each connection's ends said, and the sizes of what is missing of it.
func said(l *eventlog.Log) map[string][]string {
	all := make(map[string][]string)
	for i := range l.Len() {
		e := l.At(i)
		where := fmt.Sprint(e.Conn, " ", string(e.Dir))
		switch e.Kind {
		case session.Command:
			all[where] = append(all[where], string(e.In.Raw))
		case session.Gap:
			all[where] = append(all[where], e.Text)
		}
	}
	return all
}

// However the shipped sessions lie in a capture, they give the same commands; and what is recorded
// of them is without a fault.
func TestHardVariants(t *testing.T) {
	names, err := fs.Glob(samples.FS, "*.pcapng")
	clients, err2 := fs.Glob(samples.FS, "clients/*.pcap")
	if names = append(names, clients...); err != nil || err2 != nil || len(names) < 10 {
		t.Fatalf("%d shipped captures (%v, %v): some are missing", len(names), err, err2)
	}
	variants := map[string]hard{
		"plain":                       {segment: 1400},
		"7 bytes":                     {segment: 7},
		"coalesced":                   {segment: 60_000},
		"out of order, twice, no SYN": {segment: 40, mixed: true},
		"VLAN and IPv6":               {segment: 1400, tagged: true},
		"snap length 96":              {segment: 1400, snap: 96},
		"gateway":                     {segment: 1400, gateway: true},
	}
	for variant, h := range variants {
		t.Run(variant, func(t *testing.T) {
			all := eventlog.New(eventlog.Options{Dir: t.TempDir()})
			defer all.Close()
			into := NewLoader(all)
			for _, name := range names {
				script := turns(t, name)
				l := opened(t, h.capture(script))
				h.compare(t, name, script, l)
				if err := into.LoadReader(t.Context(), bytes.NewReader(h.capture(script)), name, nil); err != nil {
					t.Fatal(err)
				}
			}
			wantSound(t, all)
		})
	}
}

func (h hard) capture(script []turn) []byte {
	head := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	head = append(append(head, make([]byte, 16)...), 1, 0, 0, 0)
	w := wire{hard: h, file: head, seq: make(map[*pcap.FlowInfo]*[2]uint32)}
	if h.gateway {
		script = overHTTP(script)
	}
	for i := range script {
		w.turn(&script[i])
	}
	return w.file
}

// compare holds a variant to what was said: every byte, in commands that are those of the same
// bytes in one piece; where some were not captured, to their number.
func (h hard) compare(t *testing.T, name string, script []turn, l *eventlog.Log) {
	t.Helper()
	got := said(l)
	if h.snap > 0 {
		have, lost := 0, 0
		for _, lines := range got {
			for _, line := range lines {
				if n := 0; strings.HasSuffix(line, "are not in the capture") {
					fmt.Sscan(line, &n)
					lost += n
				} else {
					have += len(line)
				}
			}
		}
		total := 0
		for i := range script {
			total += len(script[i].data)
		}
		if have+lost != total || lost == 0 {
			t.Errorf("%s: %d bytes and %d lost, of %d", name, have, lost, total)
		}
		return
	}
	plain := opened(t, hard{segment: 60_000}.capture(script))
	if diff := cmp.Diff(said(plain), got); diff != "" {
		t.Errorf("%s (-one piece +variant):\n%s", name, diff)
	}
	if n := len(said(plain)); n < 2 {
		t.Errorf("%s: only %d directions have commands", name, n)
	}
}

// wantSound records a log and fails the test if tshark finds a fault in the file.
func wantSound(t *testing.T, l *eventlog.Log) {
	t.Helper()
	var events []*session.Event
	for i := range l.Len() {
		events = append(events, l.At(i))
	}
	file := filepath.Join(t.TempDir(), "recorded.pcapng")
	if err := os.WriteFile(file, recordedFile(t, events), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := "tcp.analysis.flags || _ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0 || " +
		"_ws.expert.severity >= 0x600000"
	if lines := msntest.Tshark(t, file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y",
		bad); lines != nil {
		t.Errorf("tshark finds fault:\n%s", strings.Join(lines[:min(len(lines), 10)], "\n"))
	}
}
