package store

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
)

// tshark returns the lines that it prints about a file.
func tshark(t *testing.T, file string, args ...string) []string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), msntest.Tool(t, "tshark"), append([]string{"-N", "n", "-r", file}, args...)...)
	cmd.Env = append(os.Environ(), "TZ=UTC", "HOME="+t.TempDir())
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark %v: %v\n%s", args, err, stderr.String())
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// busy is several clients on the same ports to several servers at once, with a large command and a changed one.
func busy() []*session.Event {
	var g session.Graph
	var all []*session.Event
	at := start
	for i, client := range []string{"10.0.0.1:4000", "10.0.0.1:4000", "[2001:db8::7]:4000", "10.0.0.2:1863"} {
		c, e := g.Open(at, client, []string{"", "10.0.0.9:1864"}[i%2])
		all = append(all, e)
		c.To("10.0.0.9:1864", 0)
		for n, line := range []string{
			"CVER 0 MSNP2\r\n", "SVER 0 MSNP2\r\n", "CUSR 1 MD5 I alice@hotmail.com\r\n", "SXFR 1 NS 10.0.0.8:1863\r\n",
			"CMSG 2 N 64000\r\n" + strings.Repeat("x", 64_000), "S911 2\r\n",
		} {
			at = at.Add(time.Millisecond)
			e := say(c, line, at)
			if n == 3 {
				e.Out, e.Flags = []byte("XFR 1 NS 127.0.0.1:1863\r\n"), session.Rewritten
			}
			all = append(all, e)
		}
		all = append(all, c.Close(at, "closed by the server"))
	}
	return all
}

// Wireshark shows a recording right: a frame a command, nothing that it complains about, names, and our words.
func TestTsharkReadsRecordings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "session.pcapng")
	if err := os.WriteFile(file, recordedFile(t, busy(), RecorderOptions{}), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := "tcp.analysis.flags || _ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0 || _ws.expert.severity >= 0x600000"
	if lines := tshark(t, file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", bad); lines[0] != "" {
		t.Errorf("tshark finds fault:\n%s", strings.Join(lines, "\n"))
	}
	if got := len(tshark(t, file, "-Y", "msnms")); got != 4*6 {
		t.Errorf("%d frames with commands, want 24", got)
	}
	if got := len(tshark(t, file)); got != 4*(3+6+3) {
		t.Errorf("%d frames, want 48", got)
	}
	fields := func(filter string) string {
		lines := tshark(t, file, "-Y", filter, "-T", "fields", "-E", "aggregator=;", "-e", "_ws.col.Source", "-e", "_ws.col.Destination", "-e", "frame.comment")
		return strings.Join(lines, "\n")
	}
	got := fields(`tcp.stream == 0 && tcp.payload contains "XFR"`)
	want := "dispatch\talice@hotmail.com\trewritten: 127.0.0.1:1863 was 10.0.0.8:1863;msnscope:1 command n=5 conn=1 client=10.0.0.1:4000 server=10.0.0.9:1864 " +
		"role=DS dialect=MSNP2 user=alice@hotmail.com reply=4 rtt=1000000 flags=rewritten in=WEZSIDEgTlMgMTAuMC4wLjg6MTg2Mw0K"
	if got != want {
		t.Errorf("the referral:\ngot  %q\nwant %q", got, want)
	}
	if got := fields(`tcp.stream == 3 && tcp.payload contains "911"`); !strings.Contains(got, "error 911 ERR_AUTHENTICATION_FAILED;msnscope:1 command n=") {
		t.Errorf("the error: %q", got)
	}
	if got := fmt.Sprint(tshark(t, file, "-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0", "-T", "fields", "-e", "tcp.dstport")); got != "[1863 1863 1863 1863]" {
		t.Errorf("the servers' ports are %s", got)
	}
}
