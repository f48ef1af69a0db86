package pcap

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
)

// example writes a file with everything in it that a Writer can write.
func example(t *testing.T, w *Writer) {
	t.Helper()
	alice, bob := netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("2001:db8::20")
	no := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	no(w.Name(alice, "alice"))
	no(w.Name(bob, "bob"))
	no(w.Note(start, "recording begins"))
	var flows []*Flow
	for i, ends := range [][2]netip.AddrPort{
		{netip.AddrPortFrom(alice, 40000), netip.MustParseAddrPort("198.51.100.1:443")},
		// the same once the port is 1863
		{netip.AddrPortFrom(alice, 40000), netip.MustParseAddrPort("198.51.100.1:1863")},
		{netip.AddrPortFrom(alice, 40000), netip.AddrPortFrom(bob, 1863)},
		{},
	} {
		f, err := w.Open(ends[0], ends[1], start.Add(time.Duration(i)*time.Second), "flow")
		no(err)
		flows = append(flows, f)
	}
	for i, f := range flows {
		at := start.Add(time.Duration(10+i) * time.Second)
		no(f.Data(true, []byte("VER 1 MSNP2 CVR0\r\n"), at, "first", "second é"))
		no(w.Note(at, strings.Repeat("n", MaxComment)))
		no(f.Data(false, []byte("VER 1 MSNP2\r\n"), at.Add(123456789)))
		no(f.Data(false, bytes.Repeat([]byte("0123456789"), 14000), at.Add(time.Second)))
		no(f.Data(false, []byte("x"), at.Add(time.Second)))
		no(f.Data(false, nil, at.Add(time.Second), "swallowed"))
		no(f.Close(i%2 == 0, at.Add(2*time.Second), "closed"))
	}
	no(w.Flush())
}

func exampleFile(t *testing.T) string {
	file := filepath.Join(t.TempDir(), "example.pcapng")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := NewWriter(f, WriterOptions{Application: "pcap test"})
	if err != nil {
		t.Fatal(err)
	}
	example(t, w)
	return file
}

func TestTsharkSeesNothingWrong(t *testing.T) {
	file := exampleFile(t)
	checks := []string{"-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"}
	bad := "tcp.analysis.flags || _ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0 || " +
		"_ws.expert.severity >= 0x600000"
	for _, line := range msntest.Tshark(t, file, append(checks, "-Y", bad)...) {
		t.Errorf("tshark finds fault: %s", line)
	}
	// Four flows of 3 + 3 frames, 3 Data of one frame and one of three, 2 notes; and one note more.
	if got, want := len(msntest.Tshark(t, file)), 4*(3+3+3+3+2)+1; got != want {
		t.Errorf("frames = %d, want %d", got, want)
	}
	fields := func(filter string, names ...string) string {
		args := []string{"-N", "n", "-Y", filter, "-T", "fields"}
		for _, n := range names {
			args = append(args, "-e", n)
		}
		return strings.Join(msntest.Tshark(t, file, args...), "|")
	}
	// The server's port is 1863, so all is dissected as MSNMS; times to the nanosecond; each Data a
	// frame with its comments.
	got := fields("tcp.stream == 0 && tcp.len > 0 && !(tcp.len > 60)", "tcp.len", "frame.time_epoch",
		"_ws.col.Protocol", "frame.comment")
	want := "18\t981173116.789012345\tMSNMS\tfirst,second " +
		"é|13\t981173116.912469134\tMSNMS\t|1\t981173117.789012345\tMSNMS\t"
	if got != want {
		t.Errorf("data of the first flow:\ngot  %q\nwant %q", got, want)
	}
	got = fields("tcp.flags.syn == 1 && tcp.dstport == 1863", "tcp.stream", "_ws.col.Source", "_ws.col.Destination",
		"tcp.srcport", "frame.comment")
	want = "0\talice\t198.51.100.1\t40000\tflow|1\talice\t198.51.100.1\t49153\tflow|" +
		"2\talice\tbob\t40000\tflow|3\t192.0.2.1\t192.0.2.2\t49155\tflow"
	if got != want {
		t.Errorf("names of the flows:\ngot  %q\nwant %q", got, want)
	}
}

// Packets have the numbers that Wireshark gives its frames, names, notes and simple packets between
// them.
func TestTsharkNumbersFramesAlike(t *testing.T) {
	file := exampleFile(t)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, otherBlocks(t)...)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range items(t, b) {
		if i.Kind == KindData {
			got = append(got, fmt.Sprint(i.Packet))
		}
	}
	if want := msntest.Tshark(t, file, "-Y", "tcp.len > 0", "-T", "fields", "-e", "frame.number"); strings.Join(got,
		" ") != strings.Join(want, " ") {
		t.Errorf("packets %v\ntshark's %v", got, want)
	}
}

// Sections that were added are as good as the first one, and a name given later goes for the frames
// after it.
func TestTsharkReadsAppended(t *testing.T) {
	file := exampleFile(t)
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := AppendTo(f, WriterOptions{Application: "pcap test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Name(netip.MustParseAddr("192.0.2.10"), "carol"); err != nil {
		t.Fatal(err)
	}
	example(t, w)
	if bad := msntest.Tshark(t, file, "-Y",
		"tcp.analysis.flags || _ws.malformed || _ws.expert.severity >= 0x600000"); len(bad) > 0 {
		t.Errorf("tshark finds fault:\n%s", strings.Join(bad, "\n"))
	}
	if got, want := len(msntest.Tshark(t, file, "-Y", "tcp.flags.syn == 1")), 4*4; got != want {
		t.Errorf("frames with SYN = %d, want %d", got, want)
	}
}
