package recording_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/msntest"
)

// busy is several clients on the same ports to several servers at once, with a large command and a
// changed one.
func busy() []*session.Event {
	var g session.Graph
	var all []*session.Event
	at := sessiontest.Start
	for i, client := range []string{"10.0.0.1:4000", "10.0.0.1:4000", "[2001:db8::7]:4000", "10.0.0.2:1863"} {
		c, e := g.Open(at, client, []string{"", "10.0.0.9:1864"}[i%2])
		all = append(all, e)
		c.To("10.0.0.9:1864", 0)
		for n, line := range []string{
			"CVER 0 MSNP2\r\n", "SVER 0 MSNP2\r\n", "CUSR 1 MD5 I alice@hotmail.com\r\n", "SXFR 1 NS 10.0.0.8:1863\r\n",
			"CMSG 2 N 64000\r\n" + strings.Repeat("x", 64_000), "S911 2\r\n",
		} {
			at = at.Add(time.Millisecond)
			e := sessiontest.Say(c, line, at)
			if n == 3 {
				e.Out, e.Flags = []byte("XFR 1 NS 127.0.0.1:1863\r\n"), session.Rewritten
			}
			all = append(all, e)
		}
		if i%2 == 1 { // one that the server leaves half open
			all = append(all, c.HalfClose(at, decode.FromServer))
			at = at.Add(12 * time.Second)
			all = append(all, sessiontest.Say(c, "COUT\r\n", at))
			at = at.Add(time.Second)
		}
		all = append(all, c.Close(at, "closed by the server"))
	}
	return all
}

// Wireshark shows a recording as intended: one frame for each command, no complaint, the names, and
// our explanations.
func TestTsharkReadsRecordings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "session.pcapng")
	if err := os.WriteFile(file, recordedFile(t, busy(), recording.Options{}), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := "tcp.analysis.flags || _ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0 || " +
		"_ws.expert.severity >= 0x600000"
	if lines := msntest.Tshark(t, file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y",
		bad); lines != nil {
		t.Errorf("tshark finds fault:\n%s", strings.Join(lines, "\n"))
	}
	if got := len(msntest.Tshark(t, file, "-Y", "msnms")); got != 4*6+2 {
		t.Errorf("%d frames with commands, want 26", got)
	}
	if got := len(msntest.Tshark(t, file)); got != 4*(3+6+3)+2*2+3 {
		t.Errorf("%d frames, want 55", got)
	}
	ends := strings.Join(msntest.Tshark(t, file, "-N", "n", "-Y", "tcp.stream == 1 && tcp.flags.fin == 1",
		"-T", "fields", "-e", "_ws.col.Source", "-e", "tcp.time_delta"), "\n")
	if want := "dispatch\t0.000000000\nalice@hotmail.com\t1.000000000"; ends != want {
		t.Errorf("the ends are %q, want %q", ends, want)
	}
	fields := func(filter string) string {
		lines := msntest.Tshark(t, file, "-N", "n", "-Y", filter, "-T", "fields", "-E", "aggregator=;", "-e",
			"_ws.col.Source", "-e", "_ws.col.Destination", "-e", "frame.comment")
		return strings.Join(lines, "\n")
	}
	got := fields(`tcp.stream == 0 && tcp.payload contains "XFR"`)
	want := "dispatch\talice@hotmail.com\trewritten: 127.0.0.1:1863 was 10.0.0.8:1863;" +
		"msnscope:2 command of=7gd0u6nna6pl-1bjx48x n=5 conn=1 client=10.0.0.1:4000 server=10.0.0.9:1864 " +
		"role=DS dialect=MSNP2 user=alice@hotmail.com at=3,44,13 reply=4 rtt=1000000 flags=rewritten dir=S len=25 " +
		"in=WEZSIDEgTlMgMTAuMC4wLjg6MTg2Mw0K"
	if got != want {
		t.Errorf("the referral:\ngot  %q\nwant %q", got, want)
	}
	if got := fields(`tcp.stream == 3 && tcp.payload contains "911"`); !strings.Contains(got,
		"error 911 ERR_AUTHENTICATION_FAILED;msnscope:2 command of=") {
		t.Errorf("the error: %q", got)
	}
	// What is no command has a frame of its own, with our words.
	if got := fields("syslog"); !strings.Contains(got, "recorded by msnscope") ||
		!strings.Contains(got, "connection 1 from 10.0.0.1:4000") {
		t.Errorf("notes: %q", got)
	}
	if got := fmt.Sprint(msntest.Tshark(t, file, "-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0", "-T", "fields",
		"-e", "tcp.dstport")); got != "[1863 1863 1863 1863]" {
		t.Errorf("the servers' ports are %s", got)
	}
}
